// <presence-status for="alice@chat.example">Alice</presence-status>: whether somebody is there, live, in a page of any site.
// <presence-chat to="support@chat.example">Write to us</presence-chat>: a button with that on it, which opens a chat with them.
//
// One module without anything else to load. All elements of a page share one line to a relay and one subscription for each address.
// Nothing is kept in the browser, nothing is drawn from strings, and no style is written that a strict policy would drop.
// docs/EMBEDDING.md says what may be set; the frames on the line are those of docs/PROTOCOL.md.

const HOME = new URL(import.meta.url).origin;

// How `:state()` calls them: what is to be known at a glance is one of a few.
const STATES = { available: "open", offline: "closed", not_available: "closed", not_shared: "closed" };

// Shape first, colour second: disc, barred octagon, crescent, ring, dotted ring, diamond.
const RING = "M8 2a6 6 0 1 0 0 12A6 6 0 1 0 8 2z";
const SHAPES = {
  available: "M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1z",
  busy: "M5 1h6l4 4v6l-4 4H5l-4-4V5zM4 6.8v2.4h8V6.8z",
  away: "M9.5 1.3A7 7 0 1 0 14.8 9.8 5.5 5.5 0 0 1 9.5 1.3z",
  offline: RING,
  not_available: RING,
  unknown: RING,
  not_shared: "M8 1.8L14.2 8 8 14.2 1.8 8z",
};

// Text in the page's own line, letters and colours; whatever a page says of its elements, it does not reach inside. Where a
// browser does not know `light-dark`, a shape has the colour of the letters.
const STYLE = `
:host([hidden]),.off,:is(span,div):empty{display:none!important}
:host([theme=light]) *{color-scheme:light}
:host([theme=dark]) *{color-scheme:dark}
svg{width:var(--presence-size,.7em);height:var(--presence-size,.7em);margin-inline-end:var(--presence-gap,.35em);fill:none;stroke:currentColor;stroke-width:2;color:var(--presence-none,light-dark(#57606a,#9aa4af))}
[data-word=unknown]{stroke-dasharray:2.4 2.3}
[data-word=available]{fill:currentColor;stroke:none;color:var(--presence-available,light-dark(#1a7f37,#3fb950))}
[data-word=busy]{fill:currentColor;stroke:none;color:var(--presence-busy,light-dark(#b3261e,#ff8a80))}
[data-word=away]{fill:currentColor;stroke:none;color:var(--presence-away,light-dark(#8a5a00,#e3b341))}
.stale{opacity:.75}
button{font:inherit;color:var(--presence-ink,inherit);background:var(--presence-ground,none);border:1px solid;border-radius:2em;padding:.4em 1em;cursor:pointer}
[part=panel]{all:initial;display:none;box-sizing:border-box;position:fixed;z-index:9999;inset:auto 1rem 1rem auto;width:min(25rem,100vw - 2rem);height:min(38rem,100dvh - 2rem);flex-direction:column;background:Canvas;color:CanvasText;color-scheme:inherit;font:1rem/1.5 system-ui,sans-serif;border:1px solid;border-radius:.75rem;overflow:hidden}
.open{display:flex!important}
[part=close]{position:absolute;inset:.6rem .6rem auto auto;width:2.5rem;height:2.5rem;padding:0;border-color:transparent}
[part=note]{padding:1.2rem 3.5rem 1.2rem 1.2rem}
[part=frame]{flex:1;border:0;color-scheme:inherit}
@media(max-width:30rem){[part=panel]{inset:0;width:auto;height:auto;border:0;border-radius:0}}
@media(forced-colors:active){svg{color:CanvasText!important;forced-color-adjust:auto}}`;

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);

// How long an old word still stands when the line went, marked as stale, before it is nobody's.
const STALE = 45e3;
// An empty line is closed after this long, so that an element may move about in its page.
const EMPTY = 5e3;
// A page that nobody looks at is told nothing after this long.
const UNSEEN = 30e3;
// A line that stood so long was a good one.
const STOOD = 10e3;
const AT_ONCE = 100;

const lines = new Map();

// One line to one relay, with everyone who is looked at by it.
class Line {
  faces = new Map(); // address -> { elements, person, asked }
  parts = []; // addresses to be asked for, so many at once
  tries = 0;
  number = 0;

  static to(relay) {
    let line = lines.get(relay);
    if (!line) {
      line = new Line();
      line.url = relay.replace(/^http/, "ws") + "/v1/ws";
      lines.set(relay, line);
    }
    return line;
  }

  add(address, element) {
    let face = this.faces.get(address);
    if (!face) {
      face = { elements: new Set() };
      this.faces.set(address, face);
      this.ask();
    }
    face.elements.add(element);
    clearTimeout(this.ending);
    this.open();
    return face.person;
  }

  remove(address, element) {
    const face = this.faces.get(address);
    if (!face?.elements.delete(element) || face.elements.size) return;
    this.faces.delete(address);
    if (face.person && this.up) this.say({ frame: "unsubscribe", number: ++this.number, presentities: [address] });
    if (!this.faces.size) this.ending = setTimeout(() => this.faces.size || this.close(), EMPTY);
  }

  open() {
    if (this.socket || this.waiting || this.away || !this.faces.size) return;
    let socket;
    try {
      socket = new WebSocket(this.url, ["lamplight.v1.json"]);
    } catch (error) {
      return this.fault("bad_relay");
    }
    this.socket = socket;
    socket.onopen = () => socket === this.socket && this.say({ frame: "hello", version: 1, credentials: "visitor", device: "page" });
    socket.onmessage = ({ data }) => {
      if (socket !== this.socket) return;
      this.heard = Date.now();
      try {
        this.take(JSON.parse(data));
      } catch (error) {
        console.warn("presence:", error);
      }
    };
    socket.onclose = () => socket === this.socket && this.lost();
    // A network that swallows everything says nothing: not even that it does.
    this.patience = setTimeout(() => this.lost(), 15e3);
  }

  say(frame) {
    if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(frame));
  }

  take({ frame, notifications, announced, refusal, number }) {
    if (frame === "visiting") {
      clearTimeout(this.patience);
      this.up = Date.now();
      this.quiet = announced.quiet_ms;
      clearTimeout(this.fading);
      for (const face of this.faces.values()) face.asked = false;
      this.parts = [];
      this.pending = null;
      this.ask();
      this.paused = false;
      this.beat();
      this.seen();
    } else if (frame === "notify") {
      for (const { presentity, person } of notifications) {
        const face = this.faces.get(presentity);
        if (!face) continue;
        face.person = person;
        for (const element of face.elements) element.told(person);
      }
    } else if (frame === "goodbye") {
      this.wait = refusal.retry?.after_ms;
      this.fault(refusal.code);
      this.lost();
    } else if (this.pending && (number ?? this.pending.number) === this.pending.number) {
      const { part } = this.pending;
      if (frame === "refused") this.refused(part, refusal);
      else if (frame !== "done") return;
      this.pending = null;
      this.next();
    }
  }

  // What is no address makes no sense of all that was asked for with it: halved until it stands alone.
  refused(part, { code, retry }) {
    const wait = retry?.after_ms;
    if (code === "bad_frame" && part.length > 1) {
      const half = part.length >> 1;
      this.parts.unshift(part.slice(0, half), part.slice(half));
      return;
    }
    this.fault(code === "bad_frame" ? "bad_address" : code, part);
    if (wait) {
      setTimeout(() => {
        this.parts.push(part);
        this.next();
      }, wait * (1 + Math.random()));
    }
  }

  // Asks for all that were not asked for: together, at the end of the turn in which they came.
  ask() {
    if (this.asking) return;
    this.asking = true;
    queueMicrotask(() => {
      this.asking = false;
      if (!this.up) return;
      const fresh = [...this.faces].filter(([, face]) => !face.asked);
      for (const [, face] of fresh) face.asked = true;
      for (let at = 0; at < fresh.length; at += AT_ONCE) {
        this.parts.push(fresh.slice(at, at + AT_ONCE).map(([address]) => address));
      }
      this.next();
    });
  }

  // One question after the other: of what cannot be read the answer has no number.
  next() {
    while (this.up && !this.pending && this.parts.length) {
      const part = this.parts.shift().filter((address) => this.faces.has(address));
      if (!part.length) continue;
      this.pending = { number: ++this.number, part };
      const contacts = part.map((presentity) => ({ presentity }));
      this.say({ frame: "subscribe", number: this.number, standing: "session", contacts });
    }
  }

  fault(code, of = this.faces.keys()) {
    for (const address of of) {
      for (const element of this.faces.get(address)?.elements ?? []) element.fault(code);
    }
  }

  // Every time that there was silence the other side is asked whether it is there.
  beat(within) {
    clearTimeout(this.beating);
    if (!this.up || document.hidden) return;
    const since = Date.now();
    if (within) this.say({ frame: "ping", number: ++this.number });
    this.beating = setTimeout(() => {
      if (this.heard >= since) this.beat();
      else if (within && Date.now() - since < within * 3) this.lost();
      // A machine that slept is not to be judged by its clock.
      else this.beat(5e3);
    }, within ?? this.quiet + 10e3);
  }

  lost() {
    if (!this.up) this.fault("unreachable");
    // Whoever is sent away right after the welcome does not come back faster for it.
    else if (Date.now() - this.up > STOOD) this.tries = 0;
    this.shut();
    const most = Math.min(60e3, 1e3 * 2 ** this.tries++);
    // Whoever was sent away comes back when told, and not all at once.
    const wait = this.wait ? this.wait * (1 + Math.random() / 2) : 300 + Math.random() * most;
    this.wait = 0;
    this.waiting = setTimeout(() => {
      this.waiting = 0;
      this.open();
    }, wait);
  }

  shut() {
    clearTimeout(this.patience);
    clearTimeout(this.beating);
    const socket = this.socket;
    if (this.up) {
      this.up = 0;
      this.mark(true);
      this.fading = setTimeout(() => this.mark(false), STALE);
    }
    this.socket = null;
    socket?.close();
  }

  // What was told last is old, and after a while it is nothing.
  mark(stale) {
    for (const face of this.faces.values()) {
      if (!face.person) continue;
      if (!stale) face.person = { word: "unknown" };
      for (const element of face.elements) element.told(face.person, stale);
    }
  }

  close() {
    clearTimeout(this.waiting);
    this.waiting = 0;
    this.shut();
  }

  now() {
    clearTimeout(this.waiting);
    this.waiting = 0;
    if (this.socket) this.beat(5e3);
    else this.open();
  }

  seen() {
    clearTimeout(this.unseen);
    const pace = (paused) => {
      if (!this.up || this.paused === paused) return;
      this.paused = paused;
      this.say({ frame: "pace", pace: paused ? "paused" : "live" });
    };
    if (document.hidden) this.unseen = setTimeout(pace, UNSEEN, true);
    else pace(false);
  }
}

const all = (does) => () => lines.forEach(does);
addEventListener("online", all((line) => line.now()));
document.addEventListener("visibilitychange", all((line) => {
  line.seen();
  if (!document.hidden) line.now();
}));
// A page that waits in the back/forward cache hears no close: the line is ended here and begun anew on return.
addEventListener("pagehide", all((line) => {
  line.away = true;
  line.close();
}));
addEventListener("pageshow", all((line) => {
  if (!line.away) return;
  line.away = false;
  line.now();
}));

const SVG = "http://www.w3.org/2000/svg";
const make = (tag, attributes = {}, space = "http://www.w3.org/1999/xhtml") => {
  const made = document.createElementNS(space, tag);
  for (const name in attributes) made.setAttribute(name, attributes[name]);
  return made;
};

// What both elements have: a style of their own out of reach of the page's, and whether they may begin.
class Element extends HTMLElement {
  address = "";

  connectedCallback() {
    // What a page set before this module was there.
    for (const name of this.constructor.properties) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete this[name];
      this[name] = value;
    }
    this.follow();
  }

  // Within one turn it may have been put elsewhere.
  disconnectedCallback() {
    queueMicrotask(() => this.follow());
  }

  // Moved as it is: nothing begins anew.
  connectedMoveCallback() {}

  attributeChangedCallback() {
    this.follow();
  }

  /** Whom the attribute of this name says, if they may be asked for. */
  whom(name) {
    const consent = this.getAttribute("consent") ?? this.dataset.consent;
    const may = this.isConnected && consent !== "pending";
    return (may && this.getAttribute(name)?.trim().toLowerCase()) || "";
  }

  /** Where the relay is: that of this module, unless the page names another. */
  where() {
    try {
      return new URL(this.relay).origin;
    } catch (error) {
      return HOME;
    }
  }

  fault(code, of = this.address) {
    this.tell("presence-error", { for: of, code });
  }

  /** The words of a kind: the page's, else ours. */
  words(kind, ours) {
    return this.getAttribute("text-" + kind) ?? this.getRootNode().host?.getAttribute?.("text-" + kind) ?? ours;
  }

  tell(name, detail) {
    // A listener that throws is the page's own; the browser reports it.
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  root(...parts) {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    root.append(...parts);
    return root;
  }
}

class PresenceStatus extends Element {
  #line;
  #person;
  #parts;
  #internals;

  attributeChangedCallback() {
    this.follow();
    if (this.#person) this.#draw();
  }

  // Looks where the attributes say, if they do and the page may.
  follow() {
    const address = this.whom("for");
    const line = address && Line.to(this.where());
    if (address === this.address && line === this.#line) return;
    this.#line?.remove?.(this.address, this);
    this.address = address;
    this.#line = line;
    const person = line && line.add(address, this);
    if (person) return this.told(person, !line.up);
    // Neither what was so of another nor what was so before is said until it is told again.
    this.#person = null;
    if (this.#parts) this.#show(false);
  }

  told(person, stale = false) {
    const before = this.#person;
    this.#person = { ...person, stale };
    this.#draw();
    const detail = { for: this.address, word: person.word, previous: before?.word, since: person.since, note: person.note, stale };
    if (!before) this.tell("presence-ready", detail);
    else if (before.word !== person.word) this.tell("presence-change", detail);
  }

  #build() {
    const dot = make("svg", { part: "dot", viewBox: "0 0 16 16", "aria-hidden": true }, SVG);
    const shape = make("path", { "fill-rule": "evenodd" }, SVG);
    const [text, name, label] = ["text", "name", "label"].map((part) => make("span", { part }));
    const fallback = make("slot");
    dot.append(shape);
    text.append(name, label);
    this.root(dot, text, fallback);
    try {
      this.#internals = this.attachInternals();
    } catch (error) {
      // An older browser: parts and attributes do.
    }
    this.#parts = { dot, shape, text, name, label, fallback };
  }

  #show(told) {
    const { dot, text, fallback } = this.#parts;
    dot.classList.toggle("off", !told);
    text.className = told ? "" : "off";
    fallback.className = told ? "off" : "";
    this.#internals?.states?.clear();
  }

  #draw() {
    if (!this.#parts) this.#build();
    const { dot, shape, name, label } = this.#parts;
    const { word, stale } = this.#person;
    const known = SHAPES[word] ? word : "unknown";
    const kind = known.replace("_", "-");
    dot.dataset.word = known;
    shape.setAttribute("d", SHAPES[known]);
    dot.classList.toggle("stale", stale);
    label.textContent = this.words(kind, known.replace("_", " "));
    name.textContent = this.name && this.name + (label.textContent && ": ");
    label.title = stale ? this.words("stale", "not up to date") : "";
    this.#show(true);
    // Where nothing is to be said of it, a shape of its own would say it.
    if (known === "not_shared" && !label.textContent) dot.classList.add("off");
    try {
      for (const state of [kind, STATES[known], stale && "stale"]) if (state) this.#internals.states.add(state);
    } catch (error) {
      // Browsers without states, or that took only names with two dashes.
    }
  }

  /** The word as programs know it; nothing before it was told. */
  get word() {
    return this.#person?.word;
  }

  get stale() {
    return !!this.#person?.stale;
  }
}

// How long a frame may take before its reader is told that it does not come.
const FRAME = 15e3;

class PresenceChat extends Element {
  #relay;
  #parts;
  #frame;
  #port;
  #late;
  #unread = 0;

  connectedCallback() {
    super.connectedCallback();
    // Put elsewhere while it was open: no longer over everything.
    if (this.opened) this.#parts.panel.showPopover?.();
  }

  follow() {
    if (!this.isConnected) {
      // Its frame ends with it, and begins anew where it is put.
      removeEventListener("message", this);
      return this.#shut();
    }
    addEventListener("message", this);
    const to = this.whom("to");
    const relay = this.where();
    if (to !== this.address || relay !== this.#relay) this.#drop();
    this.address = to;
    this.#relay = relay;
    if (to && !this.#parts) this.#build();
    if (!this.#parts) return;
    const { launcher, status, panel, fallback } = this.#parts;
    const called = this.name || to;
    launcher.className = to ? "" : "off";
    fallback.className = to ? "off" : "";
    panel.ariaLabel = called;
    if (!status.word) status.textContent = called;
    Object.assign(status, { name: called, relay, theme: this.theme, for: to });
  }

  #build() {
    const launcher = make("button", { part: "launcher", type: "button", "aria-controls": "panel", "aria-expanded": false });
    const status = make("presence-status", { exportparts: "dot,text,name,label", "text-not-shared": this.words("not-shared", "") });
    const unread = make("b", { part: "unread" });
    const panel = make("div", { part: "panel", id: "panel", role: "dialog", popover: "manual" });
    const close = make("button", { part: "close", type: "button", "aria-label": this.words("close", "Close") });
    const note = make("div", { part: "note", role: "status" });
    const fallback = make("slot");
    launcher.append(status, unread);
    close.textContent = "✕";
    panel.append(close, note);
    const root = this.root(launcher, panel, fallback);
    // What is meant to be opened is fetched: on hover, on focus, at the latest on the click.
    launcher.onpointerenter = launcher.onfocus = () => this.#begin();
    launcher.onclick = () => (this.opened ? this.close() : this.open());
    close.onclick = () => this.close();
    for (const kind of ["ready", "change"]) status.addEventListener("presence-" + kind, () => this.#state());
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.opened) return;
      event.stopPropagation();
      this.close();
    });
    this.#parts = { launcher, status, unread, panel, note, fallback };
  }

  #begin() {
    if (this.#frame) return;
    const { panel, note } = this.#parts;
    const asked = new URLSearchParams({ to: this.address, origin: location.origin });
    const frame = make("iframe", {
      part: "frame",
      title: panel.ariaLabel,
      allow: "clipboard-write; web-share",
      sandbox: "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox",
      src: `${this.#relay}/embed/chat?${asked}`,
    });
    note.textContent = "";
    panel.append(frame);
    this.#frame = frame;
    this.#late = setTimeout(() => {
      note.textContent = this.words("failed", "The chat does not answer. Close it and try again.");
      this.#late = 0;
      this.fault("no_frame");
    }, FRAME);
  }

  // The frame says that it is there: from here on both talk over a channel of their own.
  handleEvent({ source, origin, data }) {
    if (!source || source !== this.#frame?.contentWindow || origin !== this.#relay) return;
    if (data?.type !== "lamplight:ready") return;
    clearTimeout(this.#late);
    this.#parts.note.textContent = "";
    const { port1, port2 } = new MessageChannel();
    this.#port?.close();
    this.#port = port1;
    port1.onmessage = ({ data }) => {
      if (data?.type === "unread") this.#count(data.count);
      if (data?.type === "close") this.close();
      if (data?.type === "token?") this.#vouch(port1);
    };
    source.postMessage({ type: "lamplight:hello", to: this.address, name: this.name, vouches: this.#vouches }, origin, [port2]);
    this.#state();
  }

  get #vouches() {
    return !!(this.tokenProvider || this.tokenEndpoint);
  }

  #state() {
    this.#port?.postMessage({ type: "state", open: this.opened, word: this.#parts.status.word });
  }

  // Asks the page, or its backend, who the visitor is. Nobody in particular is an answer too.
  async #ask() {
    if (this.tokenProvider) return this.tokenProvider();
    const at = new URL(this.tokenEndpoint, document.baseURI);
    if (at.origin !== location.origin) throw at;
    const answer = await fetch(at, { method: "POST", credentials: "same-origin" });
    if (!answer.ok) throw answer;
    if (answer.status !== 204) return answer.json();
  }

  async #vouch(port) {
    let token, code;
    try {
      // Whoever does not answer keeps the visitor out no longer than a frame that does not come.
      const late = new Promise((_, late) => setTimeout(late, FRAME));
      token = this.#vouches && (await Promise.race([this.#ask(), late]));
    } catch (error) {
      code = "no_token";
      this.fault(code);
    }
    port.postMessage({ type: "token", token: token?.token ?? (token || null), code });
  }

  #count(count) {
    const unread = Math.max(0, Math.trunc(count) || 0);
    if (unread === this.#unread) return;
    this.#unread = unread;
    this.#parts.unread.textContent = unread ? `, ${unread} ${this.words("unread", "unread")}` : "";
    this.tell("unread-change", { to: this.address, unread });
  }

  #shut() {
    if (!this.opened) return;
    const { launcher, panel } = this.#parts;
    panel.classList.remove("open");
    if (panel.isConnected) panel.hidePopover?.();
    launcher.setAttribute("aria-expanded", "false");
    this.#state();
  }

  #drop() {
    this.#shut();
    clearTimeout(this.#late);
    this.#port?.close();
    this.#frame?.remove();
    this.#frame = this.#port = null;
    this.#count(0);
  }

  /** Shows the chat and gives it the keyboard. */
  open() {
    if (!this.address) return;
    // One that did not come is tried again.
    if (!this.#late && !this.#port) this.#drop();
    this.#begin();
    const { launcher, panel } = this.#parts;
    panel.classList.add("open");
    panel.showPopover?.();
    launcher.setAttribute("aria-expanded", "true");
    this.#frame.focus();
    this.#state();
  }

  /** Hides the chat, which goes on in its frame, and gives the keyboard back. */
  close() {
    if (!this.opened) return;
    this.#shut();
    this.#parts.launcher.focus();
  }

  get opened() {
    return !!this.#parts?.panel.classList.contains("open");
  }

  get unread() {
    return this.#unread;
  }
}

// Every attribute is a property too.
const define = (tag, Kind, ...names) => {
  names.push("name", "relay", "theme", "consent");
  Kind.observedAttributes = [...names, "data-consent"];
  Kind.properties = names.map((name) => {
    const property = name.replace(/-(.)/, (_, letter) => letter.toUpperCase());
    Object.defineProperty(Kind.prototype, property, {
      get() {
        return this.getAttribute(name) ?? "";
      },
      set(value) {
        value == null ? this.removeAttribute(name) : this.setAttribute(name, value);
      },
    });
    return property;
  });
  if (!customElements.get(tag)) customElements.define(tag, Kind);
};

define("presence-status", PresenceStatus, "for");
define("presence-chat", PresenceChat, "to", "token-endpoint");
