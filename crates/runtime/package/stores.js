// How somebody is, as something to follow and to read: what the wrappers share. Watched while somebody follows.
export function presenceStore(lamp, address) {
  let value;
  return {
    now: () => value,
    follow(changed) {
      return lamp.watch(address, (presence) => {
        value = presence;
        changed();
      });
    },
  };
}
