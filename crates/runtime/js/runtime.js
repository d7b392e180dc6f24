// Presence and messages for scripts that draw their own interface: in a page, a worker or Node. What is decided is decided by the
// module of WebAssembly (`crates/runtime`), the same machine as in the relay's page; here are its line, its clock and its words.
//
//   const lamp = await connect({ relay: "https://chat.example.org", token: "lamp_…" });
//   const stop = lamp.watch("alice@example.org", ({ word }) => draw(word));
//   await lamp.send("alice@example.org", "Hello");
//   for await (const { from, text } of lamp.inbox) …
//   lamp.close();
import init, { Machine } from "./machine.js";

// What the machine wants done, by the numbers of `machine.rs`.
const CONNECT = 1;
const SEND = 2;
const DISCONNECT = 3;
const KEEP = 4;
const FORGET = 5;
const LINK = 6;
const ME = 7;
const ROSTER = 8;
const ROW = 9;
const CONVERSATION = 10;
const REFUSED = 11;
const SIGNED_OUT = 12;
const REQUEST = 13;
const HELD = 14;

// A line, or an answer, that has not come by then does not come.
const PATIENCE = 12_000;
// A script is there for as long as it runs, unless it says after how long nobody is: a century.
const NEVER = 3.2e12;
// Messages that wait for a loop over the inbox; more wait in the inbox itself.
const MAIL_MOST = 100;
const AGAIN_MOST = 60_000;
const STATES = { idle: "connecting", connecting: "connecting", up: "connected", down: "disconnected" };

/** What went wrong: `code` is for programs, `message` for people. */
export class LamplightError extends Error {
  constructor(code, message = `The relay refused this: ${code}.`, more = {}) {
    super(message);
    this.name = "LamplightError";
    this.code = code;
    this.retry = false;
    Object.assign(this, more);
  }
}

const unreachable = (relay, cause) =>
  new LamplightError("unreachable", `The relay at ${relay} does not answer. Is the address right, and does the page's policy allow it?`, { retry: true, cause });

const ended = () => new LamplightError("closed", "This connection was closed.");

// A refusal as it stands in JSON.
const refusal = ({ code, sentence, message, retry }) =>
  new LamplightError(code, sentence ?? message, {
    retry: retry !== "no",
    ...(retry?.after_ms === undefined ? {} : { retryAfter: retry.after_ms }),
  });

let loaded;
let source = () => fetch(new URL("runtime.wasm", import.meta.url), { integrity: "{{integrity}}" });

/** Says where the module of WebAssembly comes from: a function that gives bytes, a `Response` or a `WebAssembly.Module`, or a promise of one. */
export function load(from) {
  source = from;
  loaded = undefined;
}

function ready() {
  loaded ??= Promise.resolve().then(() => source()).then((found) => init({ module_or_path: found })).catch((cause) => {
    loaded = undefined;
    const forbidden = cause?.name === "CompileError";
    throw forbidden
      ? new LamplightError("no_wasm", "WebAssembly may not run here: the page's policy needs script-src … 'wasm-unsafe-eval'.", { cause })
      : new LamplightError("no_module", "runtime.wasm, which lies beside runtime.js, could not be loaded.", { retry: true, cause });
  });
  return loaded;
}

function read(options) {
  const wrong = (what) => new LamplightError("bad_options", what);
  let relay;
  try {
    relay = new URL(options.relay);
  } catch {
    throw wrong("`relay` is the relay's address, such as https://chat.example.org.");
  }
  if (!/^https?:$/.test(relay.protocol)) throw wrong("`relay` begins with https://, or http:// on one's own machine.");
  const { token, tokenProvider, site } = options;
  if (!token && !tokenProvider && !site) throw wrong("`token`, `tokenProvider` or `site` says who comes in.");
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  if (!Socket) {
    throw new LamplightError(
      "no_websocket",
      "There is no WebSocket here: use Node 22 or later, or hand one in, `connect({ WebSocket })`, such as that of the package ws.",
    );
  }
  const { device = "script", idleAfter = NEVER } = options;
  if (!/^[\w.-]{1,40}$/.test(device)) throw wrong("`device` has letters, digits, dots, dashes and underscores, 40 at most.");
  return { ...options, device, idleAfter, relay: relay.origin, Socket };
}

const line = ({ relay, Socket }, protocol) => {
  const socket = new Socket(`${relay.replace(/^http/, "ws")}/v1/ws`, protocol);
  socket.binaryType = "arraybuffer";
  // It is always followed by a close.
  socket.onerror = () => {};
  return socket;
};

function hangUp(socket, ...why) {
  if (!socket) return;
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close(...why);
}

// Whose a token is: one line, one question, in the protocol that needs no machine.
function whose(options, token) {
  return new Promise((resolve, reject) => {
    const socket = line(options, "lamplight.v1.json");
    const done = (settle, value) => {
      clearTimeout(late);
      hangUp(socket);
      settle(value);
    };
    const late = setTimeout(() => done(reject, unreachable(options.relay)), PATIENCE);
    socket.onopen = () => socket.send(JSON.stringify({ frame: "hello", version: 1, credentials: { token }, device: options.device }));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.frame === "welcome") done(resolve, frame.you);
      else if (frame.refusal) done(reject, refusal(frame.refusal));
    };
    socket.onclose = () => done(reject, unreachable(options.relay));
  });
}

// A visitor of a site: its backend's token, or nobody's word, for a login.
async function visit({ relay, site }, token) {
  const body = { origin: globalThis.location?.origin, ...site, ...(token ? { token } : {}) };
  const headers = { "x-lamplight": "1", "content-type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify(body), credentials: "omit" };
  const answered = await fetch(`${relay}/v1/visitors`, { ...request, signal: AbortSignal.timeout(PATIENCE) }).catch((cause) => {
    throw unreachable(relay, cause);
  });
  const answer = await answered.json().catch(() => ({}));
  if (answered.ok) return answer;
  if (answer.code) throw refusal(answer);
  throw unreachable(relay);
}

// Who comes in, and by what.
async function enter(options) {
  let { token } = options;
  if (options.tokenProvider) {
    try {
      const given = await options.tokenProvider();
      token = given?.token ?? given;
    } catch (cause) {
      throw new LamplightError("no_token", "`tokenProvider` gave no token.", { retry: true, cause });
    }
  }
  if (options.site) return visit(options, token);
  if (!token) throw new LamplightError("no_token", "`tokenProvider` gave no token.", { retry: true });
  return { token, principal: await whose(options, token) };
}

/** Comes in. Answers once the line is up, and is refused with a `LamplightError`. */
export async function connect(options) {
  const settled = read(options);
  await ready();
  return Lamplight.open(settled, await enter(settled));
}

class Emitter extends EventTarget {
  /** Listens, until the answer is called. */
  on(kind, listener) {
    const tell = ({ detail }) => listener(detail);
    this.addEventListener(kind, tell);
    return () => this.removeEventListener(kind, tell);
  }

  emit(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

/** One principal's agent. It connects again by itself, until it is closed. */
export class Lamplight extends Emitter {
  #options;
  #login;
  #machine;
  #socket;
  #attempt = 0;
  #patience;
  #timer;
  #due = -1;
  #state = "connecting";
  #retryAt;
  #error;
  #tasks = [];
  #telling = false;
  #closing = false;
  #away = new AbortController();
  #starting;
  #asked = 0;
  #watched = new Map();
  #mine = new Map();
  #sends = new Map();
  #told = new Map();
  #reading;
  #viewed;
  #mail = [];
  #loop;
  #hears = false;
  #keeps = true;

  static async open(options, login) {
    const lamp = new Lamplight();
    await lamp.#begin(options, login);
    return lamp;
  }

  async #begin(options, login) {
    this.#options = options;
    this.#login = login;
    const chance = crypto.getRandomValues(new Uint8Array(14));
    const tuple = `${options.device.slice(0, 27)}-${[...chance.slice(8)].map((byte) => byte.toString(36)).join("")}`;
    const { device, idleAfter } = options;
    this.#machine = Machine.make(login.principal, device, tuple, chance.slice(0, 8), idleAfter, performance.now(), Date.now());
    for (const [, bytes] of await this.#kept()) this.#machine.kept(bytes);
    this.#follow();
    const up = new Promise((resolve, reject) => {
      this.#starting = { resolve, reject };
    });
    this.#do((machine) => machine.start());
    return up;
  }

  // What happens to the page or worker around.
  #follow() {
    const { signal } = this.#away;
    const on = (kind, then) => globalThis.addEventListener?.(kind, then, { signal });
    on("online", () => this.#do((machine) => machine.online()));
    if (!globalThis.document) return;
    on("pagehide", () => {
      // No close event comes after a return from the browser's store for the way back.
      this.#drop(4001, "page hidden");
      this.#do((machine) => machine.lost(true));
    });
    on("pageshow", ({ persisted }) => persisted && this.#do((machine) => machine.online()));
  }

  // The machine: hand in, carry out, then tell.

  #do(act) {
    const machine = this.#machine;
    if (!machine) return undefined;
    let answer;
    try {
      machine.at(performance.now(), Date.now());
      answer = act(machine);
      for (let deed = machine.deed(); deed; deed = machine.deed()) this.#carry(deed, machine);
      this.#arm(machine.due());
    } catch (cause) {
      this.#end(new LamplightError("broken", "The runtime has stopped: this is a fault of its own.", { cause }));
    }
    this.#tell();
    return answer;
  }

  #carry(deed, machine) {
    if (deed === CONNECT) this.#connect();
    else if (deed === SEND) {
      const frame = machine.bytes();
      if (this.#socket?.readyState === 1) this.#socket.send(frame);
    } else if (deed === DISCONNECT) this.#drop();
    else if (deed === KEEP) this.#keep("set", machine.text(), machine.bytes());
    else if (deed === FORGET) this.#keep("delete", machine.text());
    else {
      const text = machine.text();
      this.#tasks.push(() => this.#news(deed, text));
    }
  }

  // In order, and never from within: who is told may want something at once.
  #tell() {
    if (this.#telling) return;
    this.#telling = true;
    for (let task = this.#tasks.shift(); task; task = this.#tasks.shift()) task();
    this.#telling = false;
  }

  #news(deed, text) {
    if (!this.#machine) return;
    if (deed === LINK) this.#linked();
    else if (deed === ME) this.emit("mechange", this.me);
    else if (deed === ROSTER) {
      for (const of of this.#watched.keys()) this.#saw(of);
      this.#look();
    } else if (deed === ROW) this.#saw(text);
    else if (deed === CONVERSATION) this.#talked(text);
    else if (deed === REFUSED) this.#refused(...text.split(" "));
    else if (deed === SIGNED_OUT) this.#signedOut(text);
    else if (deed === REQUEST) {
      const [from, ...name] = text.split(" ");
      this.emit("request", { from, name: name.join(" ") });
    } else if (deed === HELD) this.emit("held", this.held);
  }

  #arm(due) {
    if (due === this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    if (due < 0) return;
    // A timer of more than 24 days would fire at once.
    const wait = Math.min(Math.max(due - performance.now(), 1), 2 ** 30);
    this.#timer = setTimeout(() => {
      this.#due = -1;
      this.#do((machine) => machine.wake());
    }, wait);
  }

  // The line.

  #connect() {
    this.#drop();
    const attempt = this.#attempt;
    let open = false;
    const lost = () => {
      if (attempt !== this.#attempt) return;
      this.#drop();
      this.#do((machine) => machine.lost(open));
    };
    this.#patience = setTimeout(lost, PATIENCE);
    let socket;
    try {
      socket = line(this.#options, "lamplight.v1.cbor");
    } catch {
      queueMicrotask(lost);
      return;
    }
    this.#socket = socket;
    socket.onopen = () => {
      clearTimeout(this.#patience);
      open = true;
      this.#do((machine) => machine.opened(this.#login.token));
    };
    socket.onmessage = ({ data }) => this.#do((machine) => machine.frame(new Uint8Array(data)));
    socket.onclose = lost;
  }

  #drop(...why) {
    this.#attempt += 1;
    clearTimeout(this.#patience);
    hangUp(this.#socket, ...why);
    this.#socket = undefined;
  }

  #linked() {
    const { state, retryAt } = JSON.parse(this.#machine.link());
    this.#retryAt = retryAt && new Date(Date.now() + retryAt - performance.now());
    this.#turn(STATES[state]);
  }

  #turn(state) {
    if (state === this.#state) return;
    this.#state = state;
    if (state === "connected") this.#asked = 0;
    const starting = this.#starting;
    if (starting && state === "connected") {
      this.#starting = undefined;
      starting.resolve();
    } else if (starting && state === "disconnected") this.#end(unreachable(this.#options.relay));
    this.emit("statechange", state);
  }

  #refused(code, retry, about) {
    const error = new LamplightError(code, undefined, { retry: retry === "1", ...(about ? { about } : {}) });
    if (this.#starting && !about) this.#end(error);
    else this.emit("error", error);
  }

  // The login is over: whoever can vouch once more is asked.
  async #signedOut(code) {
    if (this.#closing) return undefined;
    const error = new LamplightError(code);
    const { tokenProvider } = this.#options;
    if (!tokenProvider || this.#starting) return this.#end(error);
    this.#turn("connecting");
    while (this.#machine) {
      const wait = this.#asked && Math.min(1_000 * 2 ** this.#asked, AGAIN_MOST);
      this.#asked += 1;
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (!this.#machine) return undefined;
      try {
        const login = await enter(this.#options);
        if (login.principal !== this.me?.for) return this.#end(error);
        this.#login = login;
        return this.#do((machine) => machine.start());
      } catch (failed) {
        if (!failed.retry) return this.#end(failed);
        this.emit("error", failed);
      }
    }
    return undefined;
  }

  #end(error) {
    const machine = this.#machine;
    if (!machine) return;
    this.#machine = undefined;
    this.#error = error;
    this.#away.abort();
    this.#drop();
    clearTimeout(this.#timer);
    try {
      machine.free();
    } catch {
      // It is broken.
    }
    const why = error ?? ended();
    for (const { reject } of this.#sends.values()) reject(why);
    this.#sends.clear();
    this.#watched.clear();
    this.#loop?.(undefined);
    const starting = this.#starting;
    this.#starting = undefined;
    this.#state = "closed";
    starting?.reject(why);
    this.emit("statechange", "closed");
  }

  // A store of yours, for messages that wait.

  async #kept() {
    try {
      return (await this.#options.keep?.entries(`${this.#login.principal} `)) ?? [];
    } catch (cause) {
      this.#keepsNothing(cause);
      return [];
    }
  }

  #keep(how, name, bytes) {
    const { keep } = this.#options;
    if (!keep) return;
    const key = `${this.#login.principal} ${name}`;
    (async () => keep[how](key, bytes))().catch((cause) => this.#keepsNothing(cause));
  }

  #keepsNothing(cause) {
    if (!this.#keeps) return;
    this.#keeps = false;
    this.emit("error", new LamplightError("keeps_nothing", "`keep` failed: messages that wait do not outlive this script.", { cause }));
  }

  // Presence.

  #saw(of) {
    const watched = this.#watched.get(of);
    const now = watched && this.#machine?.presence(of);
    if (!watched || now === watched.text) return;
    const presence = JSON.parse(now);
    // Before anything is known there is nothing to tell.
    if (!watched.text && presence.word === "unknown") return;
    const detail = { ...presence, previous: watched.presence?.word };
    watched.text = now;
    watched.presence = presence;
    for (const listener of watched.listeners) listener(detail);
    this.emit("presence", detail);
  }

  // Messages.

  #conversation(address) {
    return JSON.parse(this.#machine.conversation(address));
  }

  #talked(address) {
    const talk = this.#conversation(address);
    this.#sent(talk);
    if (this.#viewed?.address === address) this.#viewed.changed(talk);
    this.emit("conversation", address);
    this.#look();
  }

  // How far my messages have come.
  #sent({ with: to, messages }) {
    const before = this.#mine.get(to) ?? new Map();
    const after = new Map();
    for (const message of messages) {
      const { id, text, at, state, code, retry } = message;
      const known = before.get(id);
      // What was sent in another life or on another device is not told.
      if (!message.mine || (!known && /^(accepted|delivered)$/.test(state))) continue;
      if (state !== "delivered") after.set(id, state);
      if (known === state) continue;
      const promise = this.#sends.get(id);
      if (/^(accepted|delivered|failed)$/.test(state)) this.#sends.delete(id);
      if (state === "failed") promise?.reject(new LamplightError(code, undefined, { retry, about: to }));
      else if (!this.#sends.has(id)) promise?.resolve({ id, to, at });
      this.emit("sent", { id, to, text, at, state, ...(code ? { code } : {}) });
    }
    this.#mine.set(to, after);
  }

  // What is unread: told once, in order, as soon as somebody listens; fetched where it is not here.
  #look() {
    if (!this.#machine || !(this.#hears || this.#loop)) return;
    for (const from of JSON.parse(this.#machine.unread()) ?? []) this.#hear(from);
  }

  #hear(from) {
    const talk = this.#conversation(from);
    const theirs = talk.messages.filter(({ mine, seq }) => !mine && seq);
    const told = this.#told.get(from) ?? 0;
    const old = theirs.filter(({ seq }) => seq <= told).length;
    const reads = this.#reading === from;
    if (old || theirs.length >= talk.unread || (reads && !talk.more && !talk.loading)) {
      if (reads) {
        this.#reading = undefined;
        this.#do((machine) => machine.open(this.#viewed?.address ?? ""));
      }
      const news = theirs.slice(Math.max(old, theirs.length - talk.unread));
      for (const { id, seq, text, at } of news.slice(0, MAIL_MOST - this.#mail.length)) {
        this.#told.set(from, seq);
        const message = { from, name: talk.name, id, seq, text, at };
        this.emit("message", message);
        if (this.#loop) this.#mail.push(message);
      }
      this.#loop?.();
    } else if (!this.#reading) {
      this.#reading = from;
      this.#do((machine) => machine.open(from));
    } else if (reads && !talk.loading) this.#do((machine) => machine.older(from));
  }

  addEventListener(kind, ...rest) {
    super.addEventListener(kind, ...rest);
    if (kind === "message") {
      this.#hears = true;
      queueMicrotask(() => this.#look());
    }
  }

  /** What others wrote: what is unread, then what comes. A message counts as read when the loop asks for the next one. */
  get inbox() {
    return { [Symbol.asyncIterator]: () => this.#iterate() };
  }

  async *#iterate() {
    let last;
    if (this.#loop) throw new LamplightError("inbox_taken", "Somebody reads this inbox already: one loop at a time.");
    try {
      for (;;) {
        const came = new Promise((resolve) => {
          this.#loop = resolve;
        });
        this.#look();
        while (this.#mail.length) {
          const message = this.#mail.shift();
          last = message.from;
          yield message;
          last = undefined;
          this.markRead(message);
        }
        if (!this.#machine) return;
        await came;
      }
    } finally {
      this.#loop = undefined;
      // What was not dealt with is told to the next loop.
      for (const { from } of [{ from: last }, ...this.#mail.splice(0)]) this.#told.delete(from);
    }
  }

  // What a script says and asks.

  /** `connecting`, `connected`, `disconnected` (it tries again by itself) or `closed`. */
  get state() {
    return this.#state;
  }

  /** When the next attempt is, while `disconnected`. */
  get retryAt() {
    return this.#state === "disconnected" ? this.#retryAt : undefined;
  }

  /** Why it is `closed`, unless you closed it. */
  get error() {
    return this.#error;
  }

  /** Oneself, as others who see everything read one. */
  get me() {
    return this.#machine && JSON.parse(this.#machine.me());
  }

  /** Tells how somebody is, now and at each change, until the answer is called. */
  watch(address, listener = () => {}) {
    this.#sure((machine) => machine.watch(address));
    const { for: of } = JSON.parse(this.#machine.presence(address));
    let watched = this.#watched.get(of);
    if (!watched) this.#watched.set(of, (watched = { listeners: new Set() }));
    const tell = (presence) => listener(presence);
    watched.listeners.add(tell);
    // Whoever comes later is told what is known, after this call has returned.
    queueMicrotask(() => {
      if (watched.presence && watched.listeners.has(tell) && !tell.told) tell({ ...watched.presence });
      this.#saw(of);
    });
    return () => {
      watched.listeners.delete(tell);
      if (watched.listeners.size || this.#watched.get(of) !== watched) return;
      this.#watched.delete(of);
      this.#do((machine) => machine.unwatch(of));
    };
  }

  /** What is known of somebody who is watched. */
  presence(address) {
    const text = this.#machine?.presence(address);
    return text ? JSON.parse(text) : undefined;
  }

  /** Says how one is: `{status, note?, until?}`; nothing takes it back, and one is as one's devices are. */
  publish(said) {
    const { status = "", note = "", until = 0 } = said ?? {};
    this.#sure((machine) => machine.publish(status, note, Number(until)));
  }

  /** Writes to somebody. Answers when the relay has kept it; what becomes of it then is told by `sent`. */
  send(to, text) {
    const sent = new Promise((resolve, reject) => {
      const id = this.#do((machine) => machine.send(to, text));
      if (id === undefined) reject(ended());
      else if (id.length !== 32) reject(new LamplightError(id));
      else this.#sends.set(id, { resolve, reject });
    });
    // Whoever does not wait for it hears of it by `sent`.
    sent.catch(() => {});
    return sent;
  }

  /** Sends a failed message once more. */
  resend(id) {
    this.#do((machine) => machine.resend(id));
  }

  /** Takes back a message that is not accepted yet. */
  discard(id) {
    this.#do((machine) => machine.discard(id));
  }

  /** Tells somebody that one is typing to them; may be called at each key. */
  typing(to) {
    this.#do((machine) => machine.typing(to));
  }

  /** A message, and all before it in its conversation, is read, on all devices; given an address: everything they wrote. */
  markRead(read) {
    this.#do((machine) => (read.seq ? machine.seen_up_to(read.from, read.seq) : machine.seen(read)));
  }

  /** What somebody sees of one: `allow`, `deny`, `block`, or nothing for as the rules say. */
  decide(watcher, decision) {
    this.#sure((machine) => machine.decide(watcher, decision ?? ""));
  }

  /** Takes what a stranger wrote who is held, and what they write from now on. An answer to them does the same. */
  admit(from) {
    this.#sure((machine) => machine.admit(from));
  }

  /** Strangers whose messages wait to be let in, the newest first. */
  get held() {
    return this.#machine ? JSON.parse(this.#machine.held()) : [];
  }

  /** Takes one message out of one's own inbox. */
  delete({ seq }) {
    this.#do((machine) => machine.delete(seq));
  }

  /** A conversation to be drawn; one at a time, as there is one in a window. */
  open(address) {
    this.#sure((machine) => machine.open(address));
    this.#viewed?.left();
    const talk = this.#conversation(address);
    const view = new Conversation(talk, {
      act: (act) => this.#do(act),
      send: (text) => this.send(talk.with, text),
      leave: () => {
        if (this.#viewed !== view) return;
        this.#viewed = undefined;
        this.#do((machine) => machine.open(""));
      },
    });
    this.#viewed = view;
    return view;
  }

  /** The person touched something; of use with `idleAfter`. */
  active() {
    this.#do((machine) => machine.active());
  }

  /** Does not wait for the next attempt. */
  reconnect() {
    this.#do((machine) => machine.hurry());
  }

  /** Leaves, at once and seen to, and frees what this took. */
  close() {
    this.#closing = true;
    this.#do((machine) => machine.leave());
    this.#end();
  }

  #sure(act) {
    const code = this.#do(act);
    if (code === undefined) throw ended();
    if (code) throw new LamplightError(code, undefined);
  }
}

/** One conversation as far as it is here. */
class Conversation extends Emitter {
  #talk;
  #ways;
  #over = false;

  constructor(talk, ways) {
    super();
    this.#talk = talk;
    this.#ways = ways;
  }

  get address() {
    return this.#talk.with;
  }

  /** Of a visitor what those who answer read, else the part before the `@`. */
  get name() {
    return this.#talk.name;
  }

  /** Oldest first; what is not accepted yet stands last. */
  get messages() {
    return this.#talk.messages;
  }

  get unread() {
    return this.#talk.unread;
  }

  /** Whether there are older messages. */
  get more() {
    return this.#talk.more;
  }

  /** Whether a page is on its way. */
  get loading() {
    return this.#talk.loading;
  }

  /** Whether they type right now. */
  get typing() {
    return this.#talk.typing;
  }

  /** Asks for the page before the oldest message that is here; `change` tells that it came. */
  older() {
    this.#act((machine) => machine.older(this.address));
  }

  markRead() {
    this.#act((machine) => machine.seen(this.address));
  }

  send(text) {
    return this.#ways.send(text);
  }

  /** One is typing. */
  types() {
    this.#act((machine) => machine.typing(this.address));
  }

  /** It is not looked at any more. */
  close() {
    this.#over = true;
    this.#ways.leave();
  }

  left() {
    this.#over = true;
  }

  changed(talk) {
    this.#talk = talk;
    this.emit("change", this);
  }

  #act(act) {
    if (!this.#over) this.#ways.act(act);
  }
}

/** Keeps messages that wait in the browser (IndexedDB): `connect({ keep: browserKeep() })`. */
export function browserKeep(name = "lamplight-runtime") {
  const settles = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  let opened;
  const store = async (mode) => {
    opened ??= (async () => {
      const request = indexedDB.open(name, 1);
      request.onupgradeneeded = () => request.result.createObjectStore("kept");
      return settles(request);
    })();
    return (await opened).transaction("kept", mode).objectStore("kept");
  };
  return {
    async entries(prefix) {
      const kept = await store("readonly");
      const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
      const [keys, values] = [kept.getAllKeys(range), kept.getAll(range)];
      const [names, bytes] = [await settles(keys), await settles(values)];
      return names.map((key, at) => [key, bytes[at]]);
    },
    set: async (key, bytes) => settles((await store("readwrite")).put(bytes, key)),
    delete: async (key) => settles((await store("readwrite")).delete(key)),
  };
}
