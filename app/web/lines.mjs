// Maps V8's counts of a script to the lines of its sources.
import { decode } from "@jridgewell/sourcemap-codec";

/** How often each character of a script was executed. The innermost range around it counts. */
function countsOf(functions, length) {
  const ranges = functions.flatMap((f) => f.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset); // outer ranges first
  const counts = new Uint32Array(length);
  for (const { startOffset, endOffset, count } of ranges) counts.fill(count, startOffset, endOffset);
  return counts;
}

/** The position in the script, the source and its line for each mapping of the source map. */
export function placesOf(script, map) {
  const starts = [0];
  for (let at = script.indexOf("\n"); at >= 0; at = script.indexOf("\n", at + 1)) starts.push(at + 1);
  return decode(map.mappings).flatMap((segments, line) =>
    segments
      .filter((s) => s.length > 1)
      .map(([column, source, sourceLine]) => ({ at: starts[line] + column, source: map.sources[source], line: sourceLine + 1 })),
  );
}

/** Adds one run of a script to `lines`, by source and line. The highest count on a line is its count. */
export function addRun(lines, { functions, length, places }) {
  const counts = countsOf(functions, length);
  const run = new Map();
  for (const { at, source, line } of places) {
    if (!run.has(source)) run.set(source, new Map());
    const of = run.get(source);
    of.set(line, Math.max(of.get(line) ?? 0, counts[at]));
  }
  for (const [source, of] of run) {
    if (!lines.has(source)) lines.set(source, new Map());
    const sum = lines.get(source);
    for (const [line, count] of of) sum.set(line, (sum.get(line) ?? 0) + count);
  }
}

/** The LCOV record of each source, with its number of executed lines. */
export function lcov(lines) {
  return [...lines]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([source, of]) => {
      const counted = [...of].sort(([a], [b]) => a - b);
      const hit = counted.filter(([, count]) => count > 0).length;
      const record = [
        "TN:",
        `SF:${source}`,
        ...counted.map(([line, count]) => `DA:${line},${count}`),
        `LF:${counted.length}`,
        `LH:${hit}`,
        "end_of_record",
        "",
      ];
      return { source, found: counted.length, hit, record: record.join("\n") };
    });
}
