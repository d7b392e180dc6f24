// Two scripts of two people: presence is watched, a status is published, messages go both ways and are paged, and all is let go.
import { assert, given, runtime, until } from "./given.mjs";

const { connect } = runtime;
const relay = given.relay;
const alice = await connect({ relay, token: given.alice });
const bob = await connect({ relay, tokenProvider: async () => ({ token: given.bob }), device: "bobs-script" });
assert.equal(alice.state, "connected");
assert.equal(alice.me.for, "alice@localhost");
assert.equal(alice.me.class, "account");

// Presence.
const seen = [];
const told = [];
const stop = alice.watch("Bob@localhost", (presence) => seen.push(presence));
alice.on("presence", (presence) => told.push(presence));
const is = (word) => until(word, () => seen.at(-1)?.word === word, [alice, "presence"]);
await is("available");
assert.equal(seen[0].for, "bob@localhost");
assert.equal(seen[0].stale, false);
assert.deepEqual(seen[0].ways.map(({ means, open }) => [means, open]), [["im", true]]);
bob.publish({ status: "busy", note: "in a meeting", until: new Date(Date.now() + 3_600_000) });
await is("busy");
assert.equal(seen.at(-1).note, "in a meeting");
assert.equal(seen.at(-1).previous, "available");
assert.equal(alice.presence("bob@localhost").word, "busy");
await until("one's own word", () => bob.me.word === "busy" && bob.me.until > Date.now(), [bob, "mechange"]);
bob.publish(null);
await is("available");
assert.equal(bob.me.status, undefined);
assert.deepEqual(told, seen);
// Who listens later is told what is known.
const late = await new Promise((resolve) => alice.watch("bob@localhost", resolve));
assert.equal(late.word, "available");

// Nobody of this address, and a text that is none.
const nobody = await new Promise((resolve) => alice.watch("nobody@localhost", resolve));
assert.equal(nobody.word, "not_shared");
assert.equal(nobody.code, "unknown_address");
assert.throws(() => alice.watch("no address"), { name: "LamplightError", code: "bad_address", retry: false });
assert.throws(() => alice.publish({ status: "dancing" }), { code: "bad_presence" });
await assert.rejects(alice.send("bob@localhost", " "), { code: "too_large" });
await assert.rejects(alice.send("bob", "Tea?"), { code: "bad_address" });
await assert.rejects(alice.send("nobody@localhost", "Tea?"), { code: "unknown_address", about: "nobody@localhost" });

// Messages: accepted, then delivered.
const fates = [];
alice.on("sent", ({ id, state }) => fates.push([id, state]));
const accepted = { text: "Tea at “four”?\n\\ 🫖" };
Object.assign(accepted, await alice.send("bob@localhost", accepted.text));
assert.equal(accepted.to, "bob@localhost");
assert.ok(Math.abs(accepted.at - Date.now()) < 60_000);
for await (const message of bob.inbox) {
  assert.equal(message.from, "alice@localhost");
  assert.equal(message.text, accepted.text);
  assert.equal(message.id, accepted.id);
  break;
}
const delivered = () => fates.some(([id, state]) => id === accepted.id && state === "delivered");
await until("delivered", delivered, [alice, "sent"]);

// What was not dealt with is told again, to a loop or to who listens; what was, is not.
for (let count = 1; count <= 130; count += 1) await alice.send("bob@localhost", `${count}`);
const counted = [];
for await (const { text } of bob.inbox) {
  counted.push(text);
  if (text === "130") break;
}
assert.deepEqual(counted, [accepted.text, ...Array.from({ length: 130 }, (_, at) => `${at + 1}`)]);
for await (const { text } of bob.inbox) {
  assert.equal(text, "130", "the last one was not dealt with");
  break;
}
bob.markRead("alice@localhost");

// A conversation to be drawn.
const talk = bob.open("alice@localhost");
await until("a page", () => !talk.loading && talk.messages.length >= 60, [talk, "change"]);
await until("all is read", () => talk.unread === 0, [talk, "change"]);
const view = alice.open("bob@localhost");
const hears = until("an answer", () => view.messages.some(({ mine, text }) => !mine && text === "Four is fine"), [view, "change"]);
await talk.send("Four is fine");
await hears;
assert.equal(talk.messages.at(-1).text, "Four is fine");
assert.equal(talk.messages.at(-1).mine, true);
talk.types();
await until("they type", () => view.typing, [view, "change"]);

// To leave is seen at once, and frees what it took.
stop();
const left = new Promise((resolve) => alice.watch("bob@localhost", ({ word }) => word !== "available" && resolve(word)));
bob.close();
assert.equal(bob.state, "closed");
assert.equal(bob.error, undefined);
assert.equal(bob.me, undefined);
assert.throws(() => bob.watch("alice@localhost"), { code: "closed" });
await assert.rejects(bob.send("alice@localhost", "Too late"), { code: "closed" });
bob.close();
await left;
const waits = alice.send("bob@localhost", "Waits in the inbox");
await waits;
alice.close();
console.log("done");
