// The modules of the page have no import cycles.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { SOURCE } from "./compile.mjs";

const files = globSync(join(SOURCE, "**/*.{ts,tsx}"));
const found = (path) =>
  [path, `${path}.ts`, `${path}.tsx`, join(path, "index.ts"), join(path, "index.tsx")].find((candidate) =>
    files.includes(candidate),
  );

const importsOf = (file) =>
  [...readFileSync(file, "utf8").matchAll(/\b(?:from|import) "(\.[^"]+)"/g)].map(
    ([, specifier]) => found(join(dirname(file), specifier)) ?? join(dirname(file), specifier),
  );

/** The first cycle in the graph, or undefined. */
function circle(graph) {
  const done = new Set();
  const visit = (file, path) => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const closed = visit(next, [...path, file]);
      if (closed) return closed;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const closed = visit(file, []);
    if (closed) return closed;
  }
  return undefined;
}

test("there are no import cycles", () => {
  const graph = new Map(files.map((file) => [file, importsOf(file)]));
  assert.deepEqual(
    [...graph.values()].flat().filter((path) => !existsSync(path)),
    [],
    "every import was found",
  );
  assert.ok([...graph.values()].flat().length > 300);
  assert.deepEqual(
    circle(graph)?.map((file) => relative(SOURCE, file)),
    undefined,
  );
  assert.deepEqual(
    circle(
      new Map([
        ["a", ["b"]],
        ["b", ["c"]],
        ["c", ["a"]],
      ]),
    ),
    ["a", "b", "c", "a"],
  );
});
