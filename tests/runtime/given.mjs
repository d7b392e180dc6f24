// What every script of this folder begins with: the package, what the test gives, and a way to wait.
import assert from "node:assert/strict";

export { assert };
export const runtime = await import(`${process.env.LAMPLIGHT_PACKAGE}/node.js`);
export const given = JSON.parse(process.env.GIVEN);

/** Waits until `look` finds something, asked anew at each event of these. */
export async function until(what, look, ...sources) {
  const found = look();
  if (found) return found;
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`never: ${what}`)), 30_000);
    const ends = [];
    const again = () => {
      const found = look();
      if (!found) return;
      clearTimeout(late);
      for (const end of ends) end();
      resolve(found);
    };
    for (const [source, kind] of sources) ends.push(source.on(kind, again));
  });
}
