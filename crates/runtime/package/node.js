// The runtime in Node, where `fetch` reads no files: the module beside this one is read from the disk.
import { readFile } from "node:fs/promises";
import { load } from "./runtime.js";

load(() => readFile(new URL("./runtime.wasm", import.meta.url)));

export * from "./runtime.js";
