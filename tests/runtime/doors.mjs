// Strangers: one asks to see, and writes; a script lets them in, or does not.
import { assert, given, runtime, until } from "./given.mjs";

const { connect } = runtime;
const { relay } = given;
const alice = await connect({ relay, token: given.alice });
const requests = [];
alice.on("request", (request) => requests.push(request));
const heard = [];
alice.on("message", (message) => heard.push(message));
const carol = await connect({ relay, token: given.carol });
const seen = [];
carol.watch("alice@localhost", (presence) => seen.push(presence));
await until("a request", () => requests.length > 0, [alice, "request"]);
assert.deepEqual(requests[0], { from: "carol@localhost", name: "carol@localhost" });
await until("asked", () => seen.at(-1)?.code === "pending", [carol, "presence"]);
alice.decide("carol@localhost", "allow");
await until("let see", () => seen.at(-1).word === "available", [carol, "presence"]);
alice.decide("carol@localhost", "deny");
await until("not let see", () => seen.at(-1).code === "not_allowed", [carol, "presence"]);

// What a stranger writes is held, not told, until it is let in.
alice.decide("carol@localhost", null);
await carol.send("alice@localhost", "May I?");
await until("held", () => alice.held.length === 1, [alice, "held"]);
const [{ from, count, text }] = alice.held;
assert.deepEqual([from, count, text], ["carol@localhost", 1, "May I?"]);
assert.deepEqual(heard, []);
alice.admit(from);
await until("let in", () => heard.length === 1, [alice, "message"]);
assert.equal(heard[0].text, "May I?");
assert.deepEqual(alice.held, []);
await carol.send("alice@localhost", "Thanks");
await until("from now on", () => heard.at(-1).text === "Thanks", [alice, "message"]);

// An answer lets in as well.
const dave = await connect({ relay, token: given.dave });
await dave.send("alice@localhost", "Me too?");
await until("held", () => alice.held.length === 1, [alice, "held"]);
await alice.send("dave@localhost", "You too");
await until("let in", () => heard.at(-1).text === "Me too?", [alice, "message"]);

// A scope without it is told so.
const small = await connect({ relay, token: given.small });
const refused = new Promise((resolve) => small.on("error", resolve));
small.decide("carol@localhost", "allow");
assert.deepEqual([(await refused).code, (await refused).about], ["not_allowed", "carol@localhost"]);
assert.throws(() => small.decide("carol@localhost", "adore"), { code: "bad_rules" });
for (const one of [alice, carol, dave, small]) one.close();
console.log("done");
