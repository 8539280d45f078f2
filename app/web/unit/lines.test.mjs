// Maps V8 counts to source lines.
import assert from "node:assert/strict";
import { test } from "node:test";
import { transformSync } from "esbuild";
import { addRun, lcov, placesOf } from "../lines.mjs";

const SOURCE = `export function pick(n: number) {
  if (n > 0) {
    return "more";
  }
  return "less";
}
interface Unseen { n: number }
export const never = () => {
  throw new Error("never");
};
`;

/** The minified script and V8 ranges in which each `text` was executed `count` times and everything else once. */
function script(...ranges) {
  const { code, map } = transformSync(SOURCE, { loader: "ts", minify: true, sourcemap: "external", sourcefile: "pick.ts" });
  const range = (text, count) => {
    const at = code.indexOf(text);
    assert.ok(at >= 0, `${text} is not in ${code}`);
    return { startOffset: at, endOffset: at + text.length, count };
  };
  const functions = [
    { ranges: [{ startOffset: 0, endOffset: code.length, count: 1 }] },
    { ranges: ranges.map((r) => range(...r)) },
  ];
  return { functions, length: code.length, places: placesOf(code, JSON.parse(map)) };
}

const counts = (lines) => Object.fromEntries([...lines.get("pick.ts")].sort(([a], [b]) => a - b));

test("a line has its highest count, and types have none", () => {
  const lines = new Map();
  addRun(lines, script(['throw new Error("never")', 0], ['"more"', 0], ['"less"', 4]));
  const { 7: type, 9: never, 5: less } = counts(lines);
  assert.deepEqual([type, never, less], [undefined, 0, 4]);
});

test("the innermost range counts, and runs add up", () => {
  const lines = new Map();
  for (const order of [(r) => r, (r) => r.reverse()])
    addRun(
      lines,
      script(
        ...order([
          ['throw new Error("never")', 3],
          ['Error("never")', 5],
        ]),
      ),
    );
  assert.equal(counts(lines)[9], 10);
});

test("records list sources and lines in order", () => {
  const lines = new Map([
    [
      "b.ts",
      new Map([
        [3, 0],
        [1, 2],
      ]),
    ],
    ["a.ts", new Map([[1, 0]])],
  ]);
  assert.deepEqual(
    lcov(lines).map((r) => r.record),
    ["TN:\nSF:a.ts\nDA:1,0\nLF:1\nLH:0\nend_of_record\n", "TN:\nSF:b.ts\nDA:1,2\nDA:3,0\nLF:2\nLH:1\nend_of_record\n"],
  );
});
