// Makes reports/lcov.info of what the tests executed of src/: the unit tests in Node.js, the browser tests in the page.
import { globSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { CoverageReport } from "monocart-coverage-reports";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../..");
const raw = join(root, "reports", "coverage-web");

function fail(message) {
  console.error(`coverage.mjs: error: ${message}`);
  process.exit(1);
}

const files = (tier) => globSync(join(raw, tier, "*.json"));
for (const tier of ["unit", "browser"]) {
  if (files(tier).length === 0) fail(`${relative(root, join(raw, tier))} is empty: make web-test`);
}

const report = new CoverageReport({
  logging: "error",
  outputDir: join(root, "reports", "coverage-web", "report"),
  reports: [["lcovonly", { file: "../../lcov.info" }], "console-summary"],
  entryFilter: (entry) => entry.url.includes("/build/unit/") || entry.url.startsWith("http"),
  sourceFilter: (path) => path.startsWith("app/web/src/"),
  // "../src/app.tsx" of a bundle and "../../src/app.tsx" of a module are "app/web/src/app.tsx" for SonarQube.
  sourcePath: (path) => path.replace(/^.*?(?=src\/)/, "app/web/"),
});

await report.addFromDir(join(raw, "unit"));

/** A script of the page with its map; null when the page was built again since the tests ran. */
function scriptOf(name) {
  try {
    return { source: readFileSync(join(here, "dist", name), "utf8"), sourceMap: JSON.parse(readFileSync(join(here, "build", "maps", `${name}.map`), "utf8")) };
  } catch {
    return null;
  }
}
const scripts = new Map();
for (const file of files("browser")) {
  const entries = JSON.parse(readFileSync(file, "utf8")).map(({ url, functions }) => {
    const name = url.slice(url.lastIndexOf("/") + 1);
    if (!scripts.has(name)) scripts.set(name, scriptOf(name));
    const script = scripts.get(name);
    return script && { url: `http://page/${name}`, functions, ...script };
  }).filter(Boolean);
  if (entries.length > 0) await report.add(entries);
}
await report.generate();
