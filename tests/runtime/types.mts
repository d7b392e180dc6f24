// What an integrator writes in TypeScript, checked by the compiler alone: what is right compiles, what is wrong does not.
import { LamplightError, browserKeep, connect, load } from "lamplight-runtime";
import type { Conversation, Keep, Lamplight, Message, Presence, PresenceChange, State, Word } from "lamplight-runtime";

const words: Record<Word, string> = {
  available: "there",
  busy: "busy",
  away: "away",
  offline: "gone",
  not_available: "not there",
  unknown: "unknown",
  not_shared: "not shared",
};

export async function page(): Promise<void> {
  const lamp: Lamplight = await connect({
    relay: new URL("https://chat.example.org"),
    site: { to: "support@example.org", name: "Maria" },
    tokenProvider: async () => (await fetch("/chat-token", { method: "POST" })).json() as Promise<{ token: string }>,
    keep: browserKeep(),
    WebSocket,
  });
  const state: State = lamp.state;
  const stop: () => void = lamp.watch("support@example.org", ({ word, since, previous }: PresenceChange) => {
    document.title = words[word] + (since ? new Date(since).toISOString() : "") + (previous ?? "");
  });
  const ends: (() => void)[] = [
    lamp.on("statechange", (now) => console.log(now === "connected")),
    lamp.on("message", ({ from, text, seq }) => console.log(from, text, seq.toFixed())),
    lamp.on("sent", ({ state: fate, code }) => console.log(fate === "delivered", code)),
    lamp.on("error", ({ code, retry, retryAfter }) => console.log(code, retry, retryAfter)),
  ];
  lamp.addEventListener("presence", ({ detail }) => console.log(detail.word));
  lamp.publish({ status: "busy", note: "in a meeting", until: new Date() });
  lamp.publish(null);
  const { id, at } = await lamp.send("support@example.org", "Hello");
  console.log(id.length, at.toFixed(), state, lamp.me?.class);
  for await (const message of lamp.inbox) {
    lamp.markRead(message satisfies Message);
    break;
  }
  const talk: Conversation = lamp.open("support@example.org");
  talk.on("change", ({ messages, typing }) => console.log(messages.map(({ mine, text }) => [mine, text]), typing));
  const known: Presence | undefined = lamp.presence("support@example.org");
  console.log(known?.ways?.map(({ uri }) => uri?.length));

  // @ts-expect-error: there is no such word to say of oneself.
  lamp.publish({ status: "dancing" });
  // @ts-expect-error: nobody says who comes in where.
  await connect({ token: "lamp_x" });
  // @ts-expect-error: there is no such event.
  lamp.on("presense", () => {});
  // @ts-expect-error: a state is read, not set.
  lamp.state = "closed";
  // @ts-expect-error: a message has no such part.
  lamp.on("message", ({ subject }) => console.log(subject));

  for (const end of [stop, ...ends]) end();
  lamp.close();
}

export const store: Keep = { entries: () => [], set: () => {}, delete: () => {} };
export const why = (error: unknown): string => (error instanceof LamplightError ? error.code : "unknown");
load(() => fetch("/runtime.wasm"));
