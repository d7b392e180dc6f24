// The custom elements as components of React 18 and 19, and how somebody is as a hook. The elements' own module, presence.js, is
// loaded by the page.
import { createElement, useEffect, useRef, useSyncExternalStore } from "react";
import { elements } from "./elements.js";
import { presenceStore } from "./stores.js";

const component = (tag) => {
  const { properties, events } = elements[tag];
  return function Presence({ children, ...given }) {
    const element = useRef(null);
    const now = useRef(given);
    now.current = given;
    useEffect(() => {
      for (const name of properties) if (name in now.current) element.current[name] = now.current[name];
    });
    useEffect(() => {
      const { current } = element;
      const ends = Object.entries(events).map(([handler, kind]) => {
        const tell = (event) => event.target === current && now.current[handler]?.(event);
        current.addEventListener(kind, tell);
        return () => current.removeEventListener(kind, tell);
      });
      return () => ends.forEach((end) => end());
    }, []);
    const plain = Object.entries(given).filter(([name]) => !(name in events) && !properties.includes(name));
    return createElement(tag, { ...Object.fromEntries(plain), ref: element }, children);
  };
};

export const PresenceStatus = component("presence-status");
export const PresenceChat = component("presence-chat");

/** How somebody is, as a Lamplight of `connect` knows; nothing before it is known. */
export function usePresence(lamp, address) {
  const kept = useRef({});
  if (kept.current.lamp !== lamp || kept.current.address !== address) {
    kept.current = { lamp, address, store: lamp && presenceStore(lamp, address) };
  }
  const { store } = kept.current;
  return useSyncExternalStore(store?.follow ?? idle, store?.now ?? nothing, nothing);
}

const idle = () => () => {};
const nothing = () => undefined;
