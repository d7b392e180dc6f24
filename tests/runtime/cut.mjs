// A line that is cut: the script is told, what it says waits, and what came meanwhile is there afterwards.
import { assert, given, runtime, until } from "./given.mjs";

// A store as a script may bring one.
const kept = new Map();
const keep = {
  entries: async (prefix) => [...kept].filter(([key]) => key.startsWith(prefix)),
  set: async (key, bytes) => void kept.set(key, bytes),
  delete: async (key) => void kept.delete(key),
};
const options = { relay: given.relay, token: given.alice, keep };
const lamp = await runtime.connect(options);
const seen = [];
lamp.watch("bob@localhost", (presence) => seen.push(presence));
await until("bob is there", () => seen.at(-1)?.word === "available", [lamp, "presence"]);
const states = [];
lamp.on("statechange", (state) => {
  states.push(state);
  if (state !== "connecting") console.log(state);
});
console.log("connected");
await until("a cut line", () => lamp.state === "disconnected", [lamp, "statechange"]);
assert.ok(lamp.retryAt instanceof Date);
await until("what was known is stale", () => seen.at(-1).stale, [lamp, "presence"]);
assert.equal(seen.at(-1).word, "available");
const sent = lamp.send("bob@localhost", "Said without a line");
assert.equal(kept.size, 1, "it waits in the store");
assert.ok([...kept.keys()][0].startsWith("alice@localhost out-"));
for await (const { text } of lamp.inbox) {
  assert.equal(text, "While you were away");
  break;
}
await sent;
assert.equal(kept.size, 0);
await until("bob again", () => !seen.at(-1).stale, [lamp, "presence"]);
assert.equal(states[0], "disconnected");
assert.equal(states.at(-1), "connected");
lamp.close();
