// <presence-status for="alice@chat.example">Alice</presence-status>: whether somebody is there, live, in a page of any site.
//
// One module without anything else to load. All elements of a page share one line to a relay and one subscription for each address.
// Nothing is kept in the browser, nothing is drawn from strings, and no style is written that a strict policy would drop.
// docs/EMBEDDING.md says what may be set; the frames on the line are those of docs/PROTOCOL.md.

const HOME = new URL(import.meta.url).origin;

const WORDS = {
  available: "available",
  busy: "busy",
  away: "away",
  offline: "offline",
  not_available: "not available",
  unknown: "unknown",
  not_shared: "not shared",
};
// How `:state()` calls them: what is to be known at a glance is one of a few.
const STATES = { available: "open", offline: "closed", not_available: "closed", not_shared: "closed" };

// Shape first, colour second: disc, barred octagon, crescent, ring, dotted ring, diamond.
const RING = "M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1zm0 2a5 5 0 1 1 0 10A5 5 0 1 1 8 3z";
const SHAPES = {
  available: "M8 1a7 7 0 1 0 0 14A7 7 0 1 0 8 1z",
  busy: "M5 1h6l4 4v6l-4 4H5l-4-4V5zM4 6.800v2.400h8V6.800z",
  away: "M9.500 1.300A7 7 0 1 0 14.800 9.800 5.500 5.500 0 0 1 9.500 1.300z",
  offline: RING,
  not_available: RING,
  unknown: "M7 1h2v2H7zM7 13h2v2H7zM1 7h2v2H1zM13 7h2v2h-2zM2.500 4l1.500-1.500L5.400 4 4 5.400zM10.600 4L12 2.500 13.500 4 12 5.400zM2.500 12L4 10.600 5.400 12 4 13.500zM10.600 12l1.400-1.400 1.500 1.400-1.500 1.500z",
  not_shared: "M8 .500L15.500 8 8 15.500 .500 8zm0 2.800L3.300 8 8 12.700 12.700 8z",
};

// Text in the page's own line, letters and colours; whatever a page says of its elements, it does not reach inside.
const STYLE = `
@supports(color:light-dark(#000,#fff)){:host{--_a:light-dark(#1a7f37,#3fb950);--_b:light-dark(#b3261e,#ff8a80);--_w:light-dark(#8a5a00,#e3b341);--_n:light-dark(#57606a,#9aa4af)}}
:host([hidden]){display:none!important}
:host([theme=light]) *{color-scheme:light}
:host([theme=dark]) *{color-scheme:dark}
svg{width:var(--presence-size,.7em);height:var(--presence-size,.7em);margin-inline-end:var(--presence-gap,.35em);fill:currentColor;color:var(--presence-none,var(--_n,#57606a))}
svg[data-word=available]{color:var(--presence-available,var(--_a,#1a7f37))}
svg[data-word=busy]{color:var(--presence-busy,var(--_b,#b3261e))}
svg[data-word=away]{color:var(--presence-away,var(--_w,#8a5a00))}
.stale{opacity:.75}
.off{display:none}
@media(forced-colors:active){svg{color:CanvasText!important;forced-color-adjust:auto}}`;

let sheet;

// How long an old word still stands when the line went, marked as stale, before it is nobody's.
const STALE = 45_000;
// An empty line is closed after this long, so that an element may move about in its page.
const EMPTY = 5_000;
// A page that nobody looks at is told nothing after this long.
const UNSEEN = 30_000;
// A line that stood so long was a good one.
const STOOD = 10_000;
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
    this.patience = setTimeout(() => this.lost(), 15_000);
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
      else this.beat(5_000);
    }, within ?? this.quiet + 10_000);
  }

  lost() {
    if (!this.up) this.fault("unreachable");
    // Whoever is sent away right after the welcome does not come back faster for it.
    else if (Date.now() - this.up > STOOD) this.tries = 0;
    this.shut();
    const most = Math.min(60_000, 1_000 * 2 ** this.tries++);
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
    if (this.socket) this.beat(5_000);
    else this.open();
  }

  pace(paused) {
    if (!this.up || this.paused === paused) return;
    this.paused = paused;
    this.say({ frame: "pace", pace: paused ? "paused" : "live" });
  }

  seen() {
    clearTimeout(this.unseen);
    if (document.hidden) {
      this.unseen = setTimeout(() => this.pace(true), UNSEEN);
    } else {
      this.pace(false);
    }
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
const make = (name, part, space) => {
  const made = space ? document.createElementNS(space, name) : document.createElement(name);
  if (part) made.setAttribute("part", part);
  return made;
};

class PresenceStatus extends HTMLElement {
  static observedAttributes = ["for", "name", "relay", "consent", "data-consent"];
  #line;
  #address;
  #person;
  #parts;
  #internals;

  connectedCallback() {
    this.#follow();
  }

  // Within one turn it may have been put elsewhere.
  disconnectedCallback() {
    queueMicrotask(() => this.#follow());
  }

  // Moved as it is: nothing begins anew.
  connectedMoveCallback() {}

  attributeChangedCallback() {
    this.#follow();
    if (this.#person) this.#draw();
  }

  // Looks where the attributes say, if they do and the page may.
  #follow() {
    const consent = this.getAttribute("consent") ?? this.dataset.consent;
    const may = this.isConnected && consent !== "pending";
    const address = (may && this.getAttribute("for")?.trim().toLowerCase()) || null;
    const line = address && Line.to(this.relay);
    if (address === this.#address && line === this.#line) return;
    this.#line?.remove(this.#address, this);
    this.#address = address;
    this.#line = line;
    const person = line?.add(address, this);
    if (person) return this.told(person, !line.up);
    // Neither what was so of another nor what was so before is said until it is told again.
    this.#person = null;
    if (this.#parts) this.#show(false);
  }

  told(person, stale = false) {
    const before = this.#person;
    this.#person = { ...person, stale };
    this.#draw();
    const detail = { for: this.#address, word: person.word, previous: before?.word, since: person.since, note: person.note, stale };
    if (!before) this.#tell("presence-ready", detail);
    else if (before.word !== person.word) this.#tell("presence-change", detail);
  }

  fault(code) {
    this.#tell("presence-error", { for: this.#address, code });
  }

  #tell(name, detail) {
    // A listener that throws is the page's own; the browser reports it.
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #build() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    if (!sheet) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
    }
    root.adoptedStyleSheets = [sheet];
    const dot = make("svg", "dot", SVG);
    dot.setAttribute("viewBox", "0 0 16 16");
    dot.setAttribute("aria-hidden", "true");
    const shape = make("path", "", SVG);
    shape.setAttribute("fill-rule", "evenodd");
    dot.append(shape);
    const text = make("span", "text");
    const name = make("span", "name");
    const label = make("span", "label");
    text.append(name, label);
    const fallback = make("slot");
    root.append(dot, text, fallback);
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
  }

  #draw() {
    if (!this.#parts) this.#build();
    const { dot, shape, name, label } = this.#parts;
    const { word, stale } = this.#person;
    const known = WORDS[word] ? word : "unknown";
    dot.dataset.word = known;
    shape.setAttribute("d", SHAPES[known]);
    dot.classList.toggle("stale", stale);
    const called = this.name;
    name.textContent = called && called + ": ";
    label.textContent = this.getAttribute("text-" + known.replace("_", "-")) ?? WORDS[known];
    label.title = stale ? this.getAttribute("text-stale") ?? "not up to date" : "";
    this.#show(true);
    const states = this.#internals?.states;
    try {
      states?.clear();
      states?.add(known.replace("_", "-"));
      if (STATES[known]) states?.add(STATES[known]);
      if (stale) states?.add("stale");
    } catch (error) {
      // Browsers that took only names with two dashes.
    }
  }

  /** Where the relay is: that of this module, unless the attribute names another. */
  get relay() {
    try {
      return new URL(this.getAttribute("relay") || HOME).origin;
    } catch (error) {
      return HOME;
    }
  }

  set relay(value) {
    this.setAttribute("relay", value);
  }

  get for() {
    return this.getAttribute("for");
  }

  set for(value) {
    this.setAttribute("for", value);
  }

  get name() {
    return this.getAttribute("name") ?? "";
  }

  set name(value) {
    this.setAttribute("name", value);
  }

  /** The word as programs know it; nothing before it was told. */
  get word() {
    return this.#person?.word;
  }

  get stale() {
    return !!this.#person?.stale;
  }
}

if (!customElements.get("presence-status")) customElements.define("presence-status", PresenceStatus);
