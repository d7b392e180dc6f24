// What `connect` refuses, and what a scope does not allow: each with a code, none with a text thrown from inside.
import { assert, given, runtime } from "./given.mjs";

const { connect, LamplightError } = runtime;
const { relay } = given;
const refuses = async (options, code, retry = false) => {
  const refused = await connect(options).then(() => undefined, (error) => error);
  assert.ok(refused instanceof LamplightError && refused instanceof Error, `${code}: ${refused}`);
  assert.deepEqual([refused.code, refused.retry], [code, retry]);
  assert.ok(refused.message.length > 10);
};
await refuses({}, "bad_options");
await refuses({ relay, }, "bad_options");
await refuses({ relay: "ftp://localhost", token: "x" }, "bad_options");
await refuses({ relay, token: given.watches, device: "no device" }, "bad_options");
await refuses({ relay: "http://127.0.0.1:9", token: "x" }, "unreachable", true);
await refuses({ relay, token: "lamp_nonsense" }, given.refused);
await refuses({ relay, tokenProvider: async () => null }, "no_token", true);
await refuses({ relay, tokenProvider: async () => { throw new Error("the backend is away"); } }, "no_token", true);
const Native = globalThis.WebSocket;
globalThis.WebSocket = undefined;
await refuses({ relay, token: given.watches }, "no_websocket");
// One that is handed in does.
const lamp = await connect({ relay, token: given.watches, WebSocket: Native });
await assert.rejects(lamp.send("alice@localhost", "May I?"), { code: "not_allowed", retry: false });
lamp.close();
console.log("done");
