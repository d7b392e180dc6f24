// Plays everything that the parity module has and prints a line each: what it was, and the trace as 16 hexadecimal digits.
// The module imports nothing that it needs: what its bindings would ask of a page is answered with nothing.

import { readFile } from "node:fs/promises";

const [, , path, steps, ...seeds] = process.argv;
const module = await WebAssembly.compile(await readFile(path));
const imports = {};
for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
  if (kind !== "function") throw new Error(`the module wants ${kind} ${from}.${name}`);
  (imports[from] ??= {})[name] = () => 0;
}
const { exports } = await WebAssembly.instantiate(module, imports);

// The bindings' own step, which is left out here, would take the digits off that stand behind each name.
const exported = (name) => {
  const found = Object.keys(exports).find((key) => key.replace(/_[0-9a-f]{16}$/, "") === name);
  if (!found) throw new Error(`the module has no ${name}`);
  return exports[found];
};
const [sceneCount, sceneTrace, modelTrace] = ["scene_count", "scene_trace", "model_trace"].map(exported);

const line = (what, trace) =>
  console.log(`${what} ${BigInt.asUintN(64, trace).toString(16).padStart(16, "0")}`);

for (const seed of seeds.map(Number)) {
  for (let index = 0; index < sceneCount(); index += 1) {
    line(`scene ${index} ${seed}`, sceneTrace(index, seed));
  }
  line(`model ${steps} ${seed}`, modelTrace(seed, Number(steps)));
}
