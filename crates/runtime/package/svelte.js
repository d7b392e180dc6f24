// How somebody is, as a store of Svelte; the custom elements are used there as they are.
import { presenceStore } from "./stores.js";

/** `$presence` is how somebody is, as a Lamplight of `connect` knows; nothing before it is known. */
export function presence(lamp, address) {
  const { follow, now } = presenceStore(lamp, address);
  return {
    subscribe(run) {
      run(now());
      return follow(() => run(now()));
    },
  };
}
