// The wrappers as an integrator writes them, checked by the compiler of TypeScript.
import { createElement } from "react";
import type { ReactNode } from "react";
import { h, ref } from "vue";
import { get } from "svelte/store";
import * as react from "lamplight-runtime/react";
import * as vue from "lamplight-runtime/vue";
import { presence } from "lamplight-runtime/svelte";
import { elements } from "lamplight-runtime/elements";
import type { Lamplight } from "lamplight-runtime";

export function Card({ lamp }: { lamp: Lamplight }): ReactNode {
  const alice = react.usePresence(lamp, "alice@example.org");
  return createElement(
    react.PresenceStatus,
    { for: "alice@example.org", "text-away": "weg", onPresenceChange: ({ detail }) => console.log(detail.word, detail.previous) },
    alice?.word,
  );
}

export const chat = createElement(react.PresenceChat, {
  to: "support@example.org",
  tokenProvider: async () => ({ token: "…" }),
  onUnreadChange: ({ detail: { unread } }) => console.log(unread.toFixed()),
});

// @ts-expect-error: a theme is light or dark.
createElement(react.PresenceStatus, { for: "alice@example.org", theme: "blue" });

export const card = (lamp: Lamplight) => {
  const alice = vue.usePresence(ref(lamp), () => "alice@example.org");
  return h(vue.PresenceStatus, { for: "alice@example.org", onPresenceReady: ({ detail }) => console.log(detail.stale) }, () => alice.value?.note);
};

export const word = (lamp: Lamplight) => get(presence(lamp, "alice@example.org"))?.word;
export const events: Record<string, string> = elements["presence-chat"].events;
export const element = (page: Document) => page.querySelector("presence-chat")?.open();
