// Lets a test in Node.js import modules of src/, which find as much of a browser as they touch when they are loaded.

import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { COMPILED, SOURCE } from "./compile.mjs";
import "./browser.mjs";

const source = `${pathToFileURL(SOURCE)}/`;
const compiled = `${pathToFileURL(COMPILED)}/`;

/** "../src/state/undo.ts", as a test says it, and "./undo", as src/ does, are both the compiled module. */
function moduleOf(specifier, parent) {
  const { href } = new URL(specifier, parent);
  if (href.startsWith(source)) return compiled + href.slice(source.length).replace(/\.tsx?$/, ".js");
  if (!href.startsWith(compiled)) return undefined;
  return [`${href}.js`, `${href}/index.js`].find((candidate) => existsSync(fileURLToPath(candidate)));
}

registerHooks({
  resolve(specifier, context, next) {
    const url = specifier.startsWith(".") && context.parentURL ? moduleOf(specifier, context.parentURL) : undefined;
    return url ? { url, format: "module", shortCircuit: true } : next(specifier, context);
  },
});
