// Compiles each module of src/ separately into build/unit/, for tests in Node.js.
import { globSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { divide, readCatalogs } from "../texts.mjs";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
export const SOURCE = join(web, "src");
export const COMPILED = join(web, "build", "unit");

export async function compile() {
  const catalogs = readCatalogs();
  const filesOf = (name) =>
    JSON.stringify(Object.fromEntries(Object.keys(catalogs).map((language) => [language, name(language)])));
  rmSync(COMPILED, { recursive: true, force: true });
  await build({
    absWorkingDir: web,
    entryPoints: globSync(join(SOURCE, "**/*.{ts,tsx}")).filter((path) => !path.endsWith(".d.ts")),
    outbase: SOURCE,
    outdir: COMPILED,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    sourcemap: "linked",
    define: {
      CORE_URL: '"/core.wasm"',
      CORE_BYTES: "8",
      WORKER_URL: '"/worker.js"',
      METER_URL: '"/meter.js"',
      LATER_URL: '"/later.js"',
      LICENCES_URL: '"/licences.txt"',
      TEXTS_URLS: filesOf((language) => `./${language}`),
      LATER_TEXTS_URLS: filesOf((language) => `./screens-${language}`),
    },
    logLevel: "warning",
  });
  for (const [language, catalog] of Object.entries(catalogs)) {
    const { first, later } = divide(catalog);
    writeFileSync(join(COMPILED, "texts", `${language}.js`), `export default ${JSON.stringify(first)};`);
    writeFileSync(join(COMPILED, "texts", `screens-${language}.js`), `export default ${JSON.stringify(later)};`);
  }
}
