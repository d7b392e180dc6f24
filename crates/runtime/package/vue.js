// The custom elements as components of Vue 3, and how somebody is as a ref. The elements' own module, presence.js, is loaded by the
// page.
import { h, onScopeDispose, shallowRef, toValue, watchEffect } from "vue";
import { elements } from "./elements.js";

const component = (tag) => {
  const { properties } = elements[tag];
  const Presence = (_, { attrs, slots }) => {
    // What begins with a dot is set as a property.
    const name = (given) => (properties.includes(given) ? `.${given}` : given);
    const given = Object.entries(attrs).map(([of, value]) => [name(of), value]);
    return h(tag, Object.fromEntries(given), slots.default?.());
  };
  Presence.inheritAttrs = false;
  return Presence;
};

export const PresenceStatus = component("presence-status");
export const PresenceChat = component("presence-chat");

/** How somebody is, as a Lamplight of `connect` knows; nothing before it is known. Both may be refs or getters. */
export function usePresence(lamp, address) {
  const presence = shallowRef();
  const stop = watchEffect((onCleanup) => {
    presence.value = undefined;
    const [from, of] = [toValue(lamp), toValue(address)];
    if (from && of) onCleanup(from.watch(of, (now) => (presence.value = now)));
  });
  onScopeDispose(stop, true);
  return presence;
}
