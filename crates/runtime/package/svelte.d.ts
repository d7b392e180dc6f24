import type { Readable } from "svelte/store";
import type { PresenceChatProps, PresenceStatusProps } from "./elements.js";
import type { Lamplight, PresenceChange } from "./runtime.js";

/** `$presence` is how somebody is, as a Lamplight of `connect` knows; nothing before it is known. */
export function presence(lamp: Lamplight, address: string): Readable<PresenceChange | undefined>;

type Lower<Props> = { [Name in keyof Props as Name extends `on${string}` ? never : Name]: Props[Name] };

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "presence-status": Lower<PresenceStatusProps> & Record<string, unknown>;
    "presence-chat": Lower<PresenceChatProps> & Record<string, unknown>;
  }
}
