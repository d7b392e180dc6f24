/**
 * Presence and instant messages of a Lamplight relay, for scripts that draw their own interface: in a page, a worker or Node.
 */

/** How somebody is, in one word. `unknown`: nobody can say at the moment; `not_shared`: they do not let you see. */
export type Word = "available" | "busy" | "away" | "offline" | "not_available" | "unknown" | "not_shared";

/** What one may say of oneself. */
export type Status = "available" | "busy" | "away" | "invisible";

/** `disconnected` tries again by itself; nothing comes after `closed`. */
export type State = "connecting" | "connected" | "disconnected" | "closed";

/** One way to reach somebody. */
export interface Way {
  /** `im`, `tel`, `mailto`, `sip`, `https` or another name. */
  readonly means: string;
  /** What stands behind the colon. */
  readonly contact: string;
  /** Whether it is taken care of now. */
  readonly open: boolean;
  readonly note?: string;
  /** What a link may open: never of another scheme than `tel`, `mailto`, `sip` and `https`. */
  readonly uri?: string;
}

/** How somebody is, as far as they let you see. */
export interface Presence {
  /** Their address, as the relay writes it. */
  readonly for: string;
  readonly word: Word;
  /** Since when, milliseconds since 1970. */
  readonly since?: number;
  readonly note?: string;
  /** The line is down: this was so when it went. */
  readonly stale: boolean;
  /** Why nothing is shared: `pending` (they are asked), or a code of the relay, such as `unknown_address`. */
  readonly code?: string;
  /** Whether their inbox accepts messages now. */
  readonly open?: boolean;
  /** How to reach them, the best way first. */
  readonly ways?: readonly Way[];
}

export interface PresenceChange extends Presence {
  /** The word before, if there was one. */
  readonly previous?: Word;
}

/** Oneself. */
export interface Me {
  readonly for: string;
  readonly word: Word;
  readonly note?: string;
  /** What was said by hand, if anything, and until when. */
  readonly status?: Status;
  readonly until?: number;
  readonly class?: "account" | "guest" | "group" | "program";
  /** In a group's name: the member who speaks. */
  readonly by?: string;
  /** How many tabs, phones and programs are there. */
  readonly devices: number;
}

/** What somebody wrote. */
export interface Message {
  readonly from: string;
  /** Of a visitor of a site how they are called there, else the part before the `@`. */
  readonly name: string;
  readonly id: string;
  /** Its place in one's own inbox. */
  readonly seq: number;
  readonly text: string;
  /** When the relay took it, milliseconds since 1970. */
  readonly at: number;
}

/** A stranger whose messages wait to be let in. */
export interface Held {
  readonly from: string;
  readonly name: string;
  readonly count: number;
  /** The newest of them. */
  readonly text: string;
  readonly at: number;
}

export type Fate = "queued" | "sending" | "accepted" | "delivered" | "failed";

/** How far a message of one's own has come. */
export interface Sent {
  readonly id: string;
  readonly to: string;
  readonly text: string;
  readonly at: number;
  readonly state: Fate;
  /** Why it failed. */
  readonly code?: string;
}

/** A message of a conversation. */
export interface Line {
  readonly id: string;
  /** None before the relay has it. */
  readonly seq?: number;
  readonly mine: boolean;
  readonly text: string;
  readonly at: number;
  readonly state: Fate | "received";
  readonly code?: string;
  /** Whether it may go well once more, if it failed. */
  readonly retry?: boolean;
  /** Sent in a group's name: the member who wrote it. */
  readonly by?: string;
}

/** Where messages that wait for the line outlive the script. Every function may fail: then they do not, and `error` says so once. */
export interface Keep {
  entries(prefix: string): Promise<Iterable<[string, Uint8Array]>> | Iterable<[string, Uint8Array]>;
  set(key: string, bytes: Uint8Array): unknown;
  delete(key: string): unknown;
}

/** A visitor of a site, who comes in by its page. */
export interface Visit {
  /** With whom the visitor wants to talk: an address that the site was registered with. */
  readonly to: string;
  /** What a visitor calls themselves for whom no backend vouches. */
  readonly name?: string;
  /** The page's origin; a page need not say it. */
  readonly origin?: string;
}

export type Token = string | { readonly token?: string | null } | null | undefined;

export interface Options {
  /** The relay's address, such as `https://chat.example.org`. */
  readonly relay: string | URL;
  /** A token of the relay (`lamp_…`) with a scope; with `site`: of the site's backend. */
  readonly token?: string;
  /** Gives one whenever one is wanted: at first, and when the relay takes the last one no more. */
  readonly tokenProvider?: () => Promise<Token> | Token;
  /** Comes in as a visitor of a site. */
  readonly site?: Visit;
  /** The name of this script where it runs; `script` without it. */
  readonly device?: string;
  /** After how many milliseconds without `active()` one is away; without it a script is there for as long as it runs. */
  readonly idleAfter?: number;
  readonly keep?: Keep;
  /** Where there is none (Node before 22): a constructor such as that of the package `ws`. */
  readonly WebSocket?: new (url: string, protocol: string) => unknown;
}

/** What went wrong. */
export class LamplightError extends Error {
  constructor(code: string, message?: string, more?: object);
  readonly name: "LamplightError";
  /** Stable, for programs: one of the runtime's own or of the relay's. */
  readonly code: string;
  /** Whether the same may go well later. */
  readonly retry: boolean;
  /** Not before so many milliseconds, where that is known. */
  readonly retryAfter?: number;
  /** The address it is about. */
  readonly about?: string;
}

interface Listens<Events> {
  /** Listens, until the answer is called. */
  on<K extends keyof Events>(kind: K, listener: (detail: Events[K]) => void): () => void;
  addEventListener<K extends keyof Events & string>(
    kind: K,
    listener: ((event: CustomEvent<Events[K]>) => void) | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof Events & string>(
    kind: K,
    listener: ((event: CustomEvent<Events[K]>) => void) | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

export interface LamplightEvents {
  statechange: State;
  /** Somebody who is watched is so now. */
  presence: PresenceChange;
  /** Somebody wrote: told once, what is unread first. */
  message: Message;
  sent: Sent;
  /** Something is different in the conversation with this address. */
  conversation: string;
  mechange: Me;
  /** Somebody asks to see you; of a visitor of a site also how they are called. Told again on each new line, until it is decided. */
  request: { readonly from: string; readonly name: string };
  /** Strangers wrote, or their messages were let in: all that wait. */
  held: readonly Held[];
  /** Something was refused, or a token or store failed; it goes on. */
  error: LamplightError;
}

/** One principal's agent. It connects again by itself, until it is closed. */
export interface Lamplight extends Listens<LamplightEvents> {
  readonly state: State;
  /** When the next attempt is, while `disconnected`. */
  readonly retryAt: Date | undefined;
  /** Why it is `closed`, unless you closed it. */
  readonly error: LamplightError | undefined;
  /** Oneself, as others who see everything read one; nothing once it is closed. */
  readonly me: Me | undefined;
  /** What others wrote: what is unread, then what comes. A message counts as read when the loop asks for the next one. */
  readonly inbox: AsyncIterable<Message>;
  /** Strangers whose messages wait to be let in, the newest first. */
  readonly held: readonly Held[];
  /** Asks to see somebody, and tells how they are, now and at each change, until the answer is called. */
  watch(address: string, listener?: (presence: PresenceChange) => void): () => void;
  /** What is known of somebody who is watched. */
  presence(address: string): Presence | undefined;
  /** Says how one is; nothing takes it back, and one is as one's devices are. */
  publish(status?: { readonly status: Status; readonly note?: string; readonly until?: Date | number } | null): void;
  /** Writes to somebody. Answers when the relay has kept it; what becomes of it then is told by `sent`. */
  send(to: string, text: string): Promise<{ readonly id: string; readonly to: string; readonly at: number }>;
  /** Sends a failed message once more. */
  resend(id: string): void;
  /** Takes back a message that is not accepted yet. */
  discard(id: string): void;
  /** Tells somebody that one is typing to them; may be called at each key. */
  typing(to: string): void;
  /** A message, and all before it in its conversation, is read, on all devices; given an address: everything they wrote. */
  markRead(read: Message | string): void;
  /** What somebody sees of one: nothing for as the rules say. Needs a line, and a token with `manage`. */
  decide(watcher: string, decision: "allow" | "deny" | "block" | null): void;
  /** Takes what a stranger wrote who is held, and what they write from now on; an answer to them does the same. Needs the same. */
  admit(from: string): void;
  /** Takes one message out of one's own inbox. */
  delete(message: { readonly seq?: number }): void;
  /** A conversation to be drawn; one at a time, as there is one in a window. */
  open(address: string): Conversation;
  /** The person touched something; of use with `idleAfter`. */
  active(): void;
  /** Does not wait for the next attempt. */
  reconnect(): void;
  /** Leaves, at once and seen to, and frees what this took. */
  close(): void;
}

/** One conversation as far as it is here. */
export interface Conversation extends Listens<{ change: Conversation }> {
  readonly address: string;
  readonly name: string;
  /** Oldest first; what is not accepted yet stands last. */
  readonly messages: readonly Line[];
  readonly unread: number;
  /** Whether there are older messages. */
  readonly more: boolean;
  /** Whether a page is on its way. */
  readonly loading: boolean;
  /** Whether they type right now. */
  readonly typing: boolean;
  /** Asks for the page before the oldest message that is here; `change` tells that it came. */
  older(): void;
  markRead(): void;
  send(text: string): ReturnType<Lamplight["send"]>;
  /** One is typing. */
  types(): void;
  /** It is not looked at any more. */
  close(): void;
}

/** Comes in. Answers once the line is up, and is refused with a `LamplightError`. */
export function connect(options: Options): Promise<Lamplight>;

/** Keeps messages that wait in the browser (IndexedDB). */
export function browserKeep(name?: string): Keep;

/** Says where the module of WebAssembly comes from, instead of beside the script: a function that gives it. */
export function load(from: () => unknown): void;
