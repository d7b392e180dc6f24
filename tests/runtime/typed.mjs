// What the types say is there is there, and what is there is said.
import { readFile } from "node:fs/promises";
import { assert, runtime } from "./given.mjs";

const text = await readFile(`${process.env.LAMPLIGHT_PACKAGE}/runtime.d.ts`, "utf8");
const body = (name) => {
  const [, found] = text.match(new RegExp(`export (?:interface|class) ${name} [^{]*\\{\n([\\s\\S]*?)\n\\}`)) ?? [];
  assert.ok(found, name);
  return new Set([...found.matchAll(/^ {2}(?:readonly )?(\w+)[?]?[(:]/gm)].map(([, member]) => member));
};
const has = (prototype) => new Set(Object.getOwnPropertyNames(prototype));

const functions = [...text.matchAll(/^export (?:function|class) (\w+)/gm)].map(([, name]) => name);
for (const name of functions) assert.equal(typeof runtime[name], "function", name);
const hidden = ["constructor", "addEventListener"];
const lamp = has(runtime.Lamplight.prototype);
for (const name of body("Lamplight")) assert.ok(lamp.has(name), `Lamplight has no ${name}`);
for (const name of lamp) assert.ok(hidden.includes(name) || body("Lamplight").has(name), `the types do not say ${name}`);
for (const [name] of Object.entries(runtime)) assert.ok(functions.includes(name) || name === "Lamplight", `the types do not say ${name}`);
console.log("done");
