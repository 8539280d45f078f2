// Runs the tests of the page: unit tests in Node.js, or browser tests.
import { createWriteStream, globSync, mkdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { junit, spec } from "node:test/reporters";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const USAGE = `Usage: node run-tests.mjs [--jobs N] unit|browser [FILE...]

Runs the unit tests or the browser tests, or only the given files, N files at a
time (default 2). Skipped tests are errors. Writes the results to
reports/junit-web-unit.xml or reports/junit-web-browser.xml, and the counts of
executed code to reports/coverage-web/, for coverage.mjs.`;

const here = dirname(fileURLToPath(import.meta.url));
const reports = resolve(here, "../../reports");

/** The browser tests that take more than half a minute. They start first, the longest at the beginning. */
const LONG = ["accessibility", "trouble", "languages", "everyday", "firefox", "installed", "keyboard", "locking"];

const TIERS = {
  unit: { folder: "unit", first: [], variable: "NODE_V8_COVERAGE", minutes: 15 },
  browser: { folder: "e2e", first: LONG, variable: "COVERAGE_DIR", minutes: 30 },
};

const complain = (message) => console.error(`run-tests.mjs: error: ${message}`);

function fail(message, code) {
  complain(message);
  process.exit(code);
}

function options() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: { jobs: { type: "string", default: "2" }, help: { type: "boolean", short: "h" } },
    });
  } catch (e) {
    return fail(e.message, 2);
  }
  const {
    values: { jobs, help },
    positionals: [tier, ...files],
  } = parsed;
  if (help) {
    console.log(USAGE);
    process.exit(0);
  }
  if (!Object.hasOwn(TIERS, tier ?? "")) {
    console.error(USAGE);
    process.exit(2);
  }
  if (!/^[1-9]\d?$/.test(jobs)) fail(`--jobs is ${jobs}, but must be a number from 1 to 99`, 2);
  return { jobs: Number(jobs), tier, files: files.map((f) => resolve(f)) };
}

function filesOf({ folder, first }) {
  const all = globSync(join(here, folder, "**/*.test.mjs")).sort();
  const named = first.map((name) => join(here, folder, `${name}.test.mjs`));
  const gone = named.filter((file) => !all.includes(file));
  if (gone.length > 0)
    fail(`${gone.map((f) => basename(f)).join(", ")}: not in ${folder}/, but in the list of the longest tests`, 1);
  return [...named, ...all.filter((file) => !named.includes(file))];
}

const { jobs, tier, files } = options();
const { variable, minutes } = TIERS[tier];
const coverage = join(reports, "coverage-web", tier);
rmSync(coverage, { recursive: true, force: true });
mkdirSync(coverage, { recursive: true });
process.env[variable] = coverage; // the processes of the test files read it

const execArgv = [];
if (tier === "unit") {
  const { compile } = await import("./unit/compile.mjs");
  await compile();
  execArgv.push("--import", pathToFileURL(join(here, "unit/setup.mjs")).href);
}
const tests = run({
  files: files.length > 0 ? files : filesOf(TIERS[tier]),
  concurrency: jobs,
  timeout: minutes * 60_000, // per file, many times the usual duration
  execArgv,
});
let left = 0;
let passed = 0;
tests.on("test:fail", () => (process.exitCode = 1));
tests.on("test:summary", ({ file, counts }) => {
  if (file) return; // the summary of a single file
  left = counts.skipped + counts.todo + counts.cancelled;
  passed = counts.passed;
});
await Promise.all([
  pipeline(tests.compose(junit), createWriteStream(join(reports, `junit-web-${tier}.xml`))),
  pipeline(tests.compose(new spec()), process.stdout, { end: false }),
]);
if (left > 0) complain(`${left} of the tests did not run`);
if (passed === 0) complain("no test passed");
if (left > 0 || passed === 0) process.exitCode = 1;
