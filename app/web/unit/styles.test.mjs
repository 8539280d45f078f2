// Styles and components use the same class names.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const src = fileURLToPath(new URL("../src", import.meta.url));
const read = (pattern) =>
  globSync(`${src}/${pattern}`)
    .map((file) => readFileSync(file, "utf8"))
    .join("\n");

test("every class and custom property is used", () => {
  const styles = read("**/*.css").replace(/\/\*[\s\S]*?\*\//g, "");
  const code = read("**/*.{ts,tsx,html}");
  // By its whole name, or with a computed ending: `button-${kind}`.
  const isNamed = (name) => new RegExp(`(?<![\\w-])(${name}(?![\\w-])|${name.replace(/-[^-]*$/, "-")}\\$\\{)`).test(code);

  const selectors = styles.replace(/\{[^{}]*\}/g, "{}");
  const classes = new Set([...selectors.matchAll(/\.([a-z][\w-]*)/gi)].map(([, name]) => name));
  assert.ok(classes.size > 100);
  assert.deepEqual(
    [...classes].filter((name) => !isNamed(name)),
    [],
  );

  const properties = new Set([...styles.matchAll(/(--[\w-]+)\s*:/g)].map(([, name]) => name));
  assert.deepEqual(
    [...properties].filter((name) => !styles.includes(`var(${name}`) && !code.includes(name)),
    [],
  );
});
