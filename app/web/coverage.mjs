// Writes reports/lcov.info for SonarQube: the lines of src/ that unit tests and browser tests executed.
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { addRun, lcov, placesOf } from "./lines.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const src = join(here, "src");
const raw = join(root, "reports", "coverage-web");

function fail(message) {
  console.error(`coverage.mjs: error: ${message}`);
  process.exit(1);
}

/** The sources in src/ of a script. Paths in its map are relative to `base`. */
function read(script, map, base) {
  const text = readFileSync(script, "utf8");
  const json = JSON.parse(readFileSync(map, "utf8"));
  json.sources = json.sources.map((source) => resolve(base, source));
  const places = placesOf(text, json).filter(({ source }) => source.startsWith(src));
  return { length: text.length, places: places.map((place) => ({ ...place, source: relative(root, place.source) })) };
}

/** The script of a test or of the page; null if it is not from this build. */
function scriptOf(url) {
  const { protocol, pathname } = new URL(url);
  const name = basename(pathname);
  const [path, map] =
    protocol === "file:"
      ? [fileURLToPath(url), `${fileURLToPath(url)}.map`]
      : [join(here, "dist", name), join(here, "build", "maps", `${name}.map`)];
  return existsSync(path) && existsSync(map) ? read(path, map, dirname(path)) : null;
}

const lines = new Map();
for (const tier of ["unit", "browser"]) {
  const scripts = new Map(); // by name, since each page has another origin
  for (const file of globSync(join(raw, tier, "*.json"))) {
    const counted = JSON.parse(readFileSync(file, "utf8"));
    const ours = tier === "browser" ? counted : counted.result.filter(({ url }) => url.includes("/build/unit/"));
    for (const { url, functions } of ours) {
      const name = url.replace(/^http:\/\/[^/]+/, "");
      if (!scripts.has(name)) scripts.set(name, scriptOf(url));
      const script = scripts.get(name);
      if (script) addRun(lines, { functions, ...script });
    }
  }
  if (![...scripts.values()].some(Boolean)) {
    fail(`${relative(root, join(raw, tier))} has no counts of the current build: run make web-test`);
  }
}

const records = lcov(lines);
writeFileSync(join(root, "reports", "lcov.info"), records.map((r) => r.record).join(""));
const sum = (name) => records.reduce((n, r) => n + r[name], 0);
console.log(
  `app/web/src: ${((100 * sum("hit")) / sum("found")).toFixed(1)} % of ${sum("found")} lines in ${records.length} files were executed`,
);
