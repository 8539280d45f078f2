// Lets tests in Node.js import modules of src/, and provides the parts of a browser that these need.

import { existsSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { COMPILED, SOURCE } from "./compile.mjs";
import "./browser.mjs";

const source = `${pathToFileURL(SOURCE)}/`;
const compiled = `${pathToFileURL(COMPILED)}/`;

/** Resolves "../src/state/undo.ts" in a test and "./undo" in src/ to the compiled module. */
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
