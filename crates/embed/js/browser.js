// What is a chain of promises in the browser, in the browser's own language: the store, a lock, a question at the door. A few lines
// here, kilobytes as a program. What any of it means is decided by whoever calls (`keep.rs`, `tab.rs`, `door.rs`).

const STORE = "keep";

function settles(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

// The database. It rejects where the browser keeps nothing, and when it has not opened within so many milliseconds.
export async function keepOpen(name, patience) {
  const request = globalThis.indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  const late = new Promise((_, reject) => setTimeout(reject, patience));
  const database = await Promise.race([settles(request), late]);
  // A later build of the page in another tab wants to change the layout: do not stand in its way.
  database.onversionchange = () => database.close();
  return database;
}

// Every value whose key lies between these two.
export async function keepRead(database, from, to) {
  const store = database.transaction(STORE).objectStore(STORE);
  return settles(store.getAll(IDBKeyRange.bound(from, to)));
}

// Puts a value, or without one forgets the key. The request is made before this returns.
export async function keepWrite(database, key, value) {
  const transaction = database.transaction(STORE, "readwrite");
  const store = transaction.objectStore(STORE);
  const request = value ? store.put(value, key) : store.delete(key);
  // At once: what is written while the page is left has nobody to commit it later.
  transaction.commit();
  return settles(request);
}

// Forgets every value whose key lies between these two.
export async function keepClear(database, from, to) {
  const store = database.transaction(STORE, "readwrite").objectStore(STORE);
  return settles(store.delete(IDBKeyRange.bound(from, to)));
}

// Takes a lock: a function that gives it up, null if another tab has it, undefined where the browser has no locks. Whoever
// has it is given so many milliseconds to let go.
export async function holdLock(name, patience) {
  const locks = navigator.locks;
  if (!locks) return undefined;
  const once = () => new Promise((answer) => {
    // Held until the promise settles, which `release` does.
    const granted = (lock) => (lock ? new Promise((release) => answer(release)) : answer(null));
    locks.request(name, { ifAvailable: true }, granted).catch(() => answer(undefined));
  });
  const first = await once();
  if (first !== null || !patience) return first;
  await new Promise((resolve) => setTimeout(resolve, patience));
  return once();
}

// One request to the relay that served this page: its status, and the answer if it is JSON. `bearer`: the secret of a login other
// than the cookie's.
export async function askDoor(method, path, body, bearer) {
  const headers = { "x-lamplight": "1", accept: "application/json" };
  if (bearer) headers.authorization = "Bearer " + bearer;
  const request = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (body !== undefined) {
    headers["content-type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  const response = await fetch(path, request);
  const answer = await response.json().catch(() => undefined);
  return [response.status, answer];
}

// What happens to this tab, told by these numbers, until the answer is called.
const ACTIVE = 0;
const HIDDEN = 1;
const SHOWN = 2;
const ONLINE = 3;
const LEAVING = 4;
const RETURNED = 5;

// Somebody at the keyboard is told once in so many milliseconds, here and to the other tabs of this browser over the channel.
// Without it each tab counts its own activity.
export function watchTab(tell, channel, every) {
  let last = -every;
  let others;
  const open = () => {
    try {
      others = new BroadcastChannel(channel);
      others.onmessage = () => tell(ACTIVE);
    } catch {
      others = undefined;
    }
  };
  const end = new AbortController();
  const on = (target, kind, then, capture = false) =>
    target.addEventListener(kind, then, { capture, passive: true, signal: end.signal });
  const active = () => {
    const now = performance.now();
    if (now - last < every) return;
    last = now;
    others?.postMessage(true);
    tell(ACTIVE);
  };
  open();
  for (const kind of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"]) {
    // Before anyone else, so that nobody can keep it from us.
    on(window, kind, active, true);
  }
  on(document, "visibilitychange", () => tell(document.visibilityState === "hidden" ? HIDDEN : SHOWN));
  on(window, "online", () => tell(ONLINE));
  on(window, "pagehide", () => {
    tell(LEAVING);
    others?.close();
  });
  on(window, "pageshow", (event) => {
    if (!event.persisted) return;
    open();
    tell(RETURNED);
  });
  return () => {
    end.abort();
    others?.close();
  };
}

// One WebSocket beside the page's own address: `tell` hears `undefined` when it opens, each binary frame, and at last `null`.
export function openLine(path, protocol, tell) {
  const socket = new WebSocket(new URL(path, location.href.replace(/^http/, "ws")), protocol);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => tell(undefined);
  // A text frame is not of this protocol; the relay never sends one here.
  socket.onmessage = ({ data }) => data instanceof ArrayBuffer && tell(new Uint8Array(data));
  // An error is always followed by a close.
  socket.onclose = () => tell(null);
  return socket;
}
