// The wrappers in the frameworks that they are for: what they draw, and how a hook, a ref and a store follow somebody.
import assert from "node:assert/strict";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { createSSRApp, effectScope, h, nextTick, ref } from "vue";
import { renderToString } from "vue/server-renderer";
import * as react from "lamplight-runtime/react";
import * as vue from "lamplight-runtime/vue";
import { presence } from "lamplight-runtime/svelte";
import manifest from "lamplight-runtime/custom-elements.json" with { type: "json" };

// A Lamplight that tells what it is told to.
const lamp = {
  watched: new Map(),
  watch(of, listener) {
    this.watched.set(of, listener);
    return () => this.watched.delete(of);
  },
  says: (of, word) => lamp.watched.get(of)?.({ for: of, word, stale: false }),
};
const heard = () => {};
const props = { for: "alice@example.org", name: "Alice", "text-away": "weg" };
const expected = /^<presence-status for="alice@example.org" name="Alice" text-away="weg">our Alice<\/presence-status>$/;
const events = { onPresenceReady: heard, onPresenceChange: heard, onPresenceError: heard };
assert.match(renderToStaticMarkup(createElement(react.PresenceStatus, { ...props, ...events }, "our Alice")), expected);
const page = createSSRApp({ render: () => h(vue.PresenceStatus, { ...props, ...events }, () => "our Alice") });
assert.match((await renderToString(page)).replaceAll(/<!--.*?-->/g, ""), expected);
const chat = renderToStaticMarkup(createElement(react.PresenceChat, { to: "support@example.org", tokenProvider: async () => "secret" }));
assert.equal(chat, '<presence-chat to="support@example.org"></presence-chat>');

const Card = () => createElement("b", null, react.usePresence(lamp, "alice@example.org")?.word ?? "nothing yet");
assert.equal(renderToStaticMarkup(createElement(Card)), "<b>nothing yet</b>");

const scope = effectScope();
const of = ref("alice@example.org");
const alice = scope.run(() => vue.usePresence(lamp, of));
assert.equal(alice.value, undefined);
lamp.says("alice@example.org", "available");
assert.equal(alice.value.word, "available");
of.value = "bob@example.org";
await nextTick();
assert.deepEqual([...lamp.watched.keys()], ["bob@example.org"]);
assert.equal(alice.value, undefined);
scope.stop();
assert.equal(lamp.watched.size, 0);

const words = [];
const stop = presence(lamp, "alice@example.org").subscribe((now) => words.push(now?.word));
lamp.says("alice@example.org", "busy");
lamp.says("alice@example.org", "away");
stop();
assert.deepEqual(words, [undefined, "busy", "away"]);
assert.equal(lamp.watched.size, 0);
assert.equal(manifest.modules[0].declarations.length, 2);
console.log("done");
