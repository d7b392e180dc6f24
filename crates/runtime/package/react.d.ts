import type { ComponentType, ReactNode } from "react";
import type { PresenceChatProps, PresenceStatusProps } from "./elements.js";
import type { Lamplight, PresenceChange } from "./runtime.js";

interface Around {
  readonly children?: ReactNode;
  readonly id?: string;
  readonly className?: string;
}

export const PresenceStatus: ComponentType<PresenceStatusProps & Around>;
export const PresenceChat: ComponentType<PresenceChatProps & Around>;

/** How somebody is, as a Lamplight of `connect` knows; nothing before it is known. */
export function usePresence(lamp: Lamplight | undefined, address: string): PresenceChange | undefined;
