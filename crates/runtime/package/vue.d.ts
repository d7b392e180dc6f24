import type { FunctionalComponent, MaybeRefOrGetter, ShallowRef } from "vue";
import type { PresenceChatProps, PresenceStatusProps } from "./elements.js";
import type { Lamplight, PresenceChange } from "./runtime.js";

export const PresenceStatus: FunctionalComponent<PresenceStatusProps>;
export const PresenceChat: FunctionalComponent<PresenceChatProps>;

/** How somebody is, as a Lamplight of `connect` knows; nothing before it is known. Both may be refs or getters. */
export function usePresence(
  lamp: MaybeRefOrGetter<Lamplight | undefined>,
  address: MaybeRefOrGetter<string>,
): Readonly<ShallowRef<PresenceChange | undefined>>;
