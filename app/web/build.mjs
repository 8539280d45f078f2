// Builds the page into dist/: hashed assets, index.html, the service worker, and a brotli file next to each asset. WebAssembly is
// large and the licences are rarely read, so these exist only as brotli files.
// app/web/build/core.wasm, strength.wasm and transfer.wasm must exist; `make web` builds them first.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, parse } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants } from "node:zlib";
import { build, transformSync } from "esbuild";
import { unsuitable } from "./bundled.mjs";
import { divide, problems, readCatalogs } from "./texts.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const cache = join(here, "build", "brotli");
const maps = join(here, "build", "maps"); // source maps for coverage.mjs, not for the browser
const brotli = promisify(brotliCompress);

function built(name) {
  const path = join(here, "build", name);
  if (existsSync(path)) return readFileSync(path);
  console.error(`build: error: app/web/build/${name} is missing`);
  console.error("build: hint: run `make web`, which builds it");
  process.exit(1);
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

function emptyDist() {
  mkdirSync(dist, { recursive: true });
  for (const name of readdirSync(dist)) if (name !== ".keep") rmSync(join(dist, name), { recursive: true });
}

const source = (name) => readFileSync(join(here, "src", name));

/** A file of src/ with its %PLACEHOLDERS% filled. */
const fillIn = (name, values) =>
  source(name)
    .toString()
    .replace(/%([A-Z0-9]+)%/g, (_, key) => {
      if (!(key in values)) throw new Error(`${name} contains %${key}%, which has no value`);
      return values[key];
    });

/** Writes a file with a content hash in its name, so the server can declare it immutable. */
function writeHashed(name, bytes) {
  const dot = name.lastIndexOf(".");
  const hashed = `${name.slice(0, dot)}-${digest(bytes).slice(0, 10)}${name.slice(dot)}`;
  writeFileSync(join(dist, hashed), bytes);
  return hashed;
}

// In the image build, Go itself is in another stage than these files of Go.
const goRoot = () => process.env.GOROOT || execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();

// The runtime must come from the same Go version that compiled core.wasm.
const goRuntime = {
  name: "go-runtime",
  setup(b) {
    b.onResolve({ filter: /^go:wasm_exec$/ }, () => ({
      path: join(goRoot(), "lib", "wasm", "wasm_exec.js"),
    }));
  },
};

const lock = JSON.parse(readFileSync(join(here, "package-lock.json"), "utf8"));

/** Modules that read the texts of later screens, although the page loads them before those. */
const tooEarly = ({ outputs }) =>
  Object.entries(outputs)
    .filter(([name]) => !/\blater\.js/.test(name))
    .flatMap(([, { inputs }]) => Object.keys(inputs))
    .filter((name) => name.startsWith("src/") && name !== "src/texts/index.ts")
    .filter((name) => /\blaterTexts\b/.test(readFileSync(join(here, name), "utf8")))
    .map((name) => `${name}: laterTexts is only for what later.ts loads`);

async function compile(entries, define, format) {
  const { outputFiles, metafile } = await build({
    absWorkingDir: here,
    entryPoints: entries.map((entry) => ({ in: `src/${entry}`, out: parse(entry).name })),
    chunkNames: "shared-[hash]",
    outdir: dist,
    bundle: true,
    splitting: entries.length > 1,
    write: false,
    minify: true,
    format,
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    sourcemap: "external",
    define,
    external: ["/qr-*.js"], // its name is in define
    plugins: [goRuntime],
    logLevel: "warning",
    metafile: true,
  });
  const problems = [...unsuitable(Object.keys(metafile.inputs), lock), ...tooEarly(metafile)];
  if (problems.length > 0) {
    for (const problem of problems) console.error(`build: error: ${problem}`);
    process.exit(1);
  }
  return outputFiles;
}

/** Compiles an entry point into hashed files. Returns their names by extension. */
async function bundle(entry, define = {}, format = "esm") {
  const names = {};
  for (const { base, contents, map } of withMaps(await compile([entry], define, format))) {
    const name = writeHashed(base, contents);
    names[base.slice(base.lastIndexOf(".") + 1)] = name;
    writeFileSync(join(maps, `${name}.map`), map);
  }
  return names;
}

const withMaps = (files) =>
  files
    .filter(({ path }) => !path.endsWith(".map"))
    .map(({ path, contents }) => ({
      base: basename(path),
      contents: Buffer.from(contents),
      map: files.find((other) => other.path === `${path}.map`).contents,
    }));

const LATER = "/later-##########.js"; // as long as the name that replaces it, so that the source map stays right

/**
 * Compiles the page: main.js, later.js with the screens after the list, a file that both import, and the styles. main.js contains the
 * name of later.js, which is known only when later.js is compiled.
 */
async function bundlePage(define) {
  const files = withMaps(
    await compile(["main.tsx", "screens/shell/later.ts"], { ...define, LATER_URL: JSON.stringify(LATER) }, "esm"),
  );
  const [main, later, shared, style] = [/^main\.js$/, /^later\.js$/, /^shared-\w+\.js$/, /\.css$/].map((pattern) => {
    const [found, ...more] = files.filter(({ base }) => pattern.test(base));
    if (!found || more.length > 0) throw new Error(`the page needs exactly one ${pattern}`);
    return found;
  });
  writeFileSync(join(dist, shared.base), shared.contents); // the others import it by this name, which has a hash already
  const laterName = writeHashed(later.base, later.contents);
  const text = main.contents.toString();
  if (!text.includes(LATER)) throw new Error("main.js does not load later.js");
  const mainName = writeHashed(main.base, text.replaceAll(LATER, `/${laterName}`));
  const styleName = writeHashed(style.base, style.contents);
  const names = { main: mainName, later: laterName, shared: shared.base, style: styleName };
  for (const [part, name] of Object.entries(names))
    writeFileSync(join(maps, `${name}.map`), { main, later, shared, style }[part].map);
  return names;
}

// The server needs this window in memory for each client without brotli. 1 MiB would make the core 1 % larger.
const windowBits = 21;

// How much the compressor reads at once to choose its codes: 4 MiB. Of 2, 4, 8 and 16, this makes the core smallest, by up to 1 %.
const blockBits = 22;

/** Quality 11 takes half a minute for the core, so results are cached by content. All CPUs work in parallel. */
async function packed(bytes) {
  const cached = join(cache, `${digest(bytes)}-${windowBits}-${blockBits}`);
  if (!existsSync(cached)) {
    writeFileSync(
      cached,
      await brotli(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 11,
          [constants.BROTLI_PARAM_LGWIN]: windowBits,
          [constants.BROTLI_PARAM_LGBLOCK]: blockBits,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }),
    );
  }
  return readFileSync(cached);
}

/** Writes the brotli files. Returns the size of each download. */
async function writeBrotli() {
  mkdirSync(cache, { recursive: true });
  const names = readdirSync(dist).filter((name) => name !== ".keep");
  return new Map(
    await Promise.all(
      names.map(async (name) => {
        const bytes = readFileSync(join(dist, name));
        if (name.endsWith(".png")) return [name, bytes.length];
        const small = await packed(bytes);
        writeFileSync(join(dist, `${name}.br`), small);
        if (name.endsWith(".wasm") || name === licences) rmSync(join(dist, name));
        return [name, small.length];
      }),
    ),
  );
}

const core = built("core.wasm");
const strength = built("strength.wasm");
const transfer = built("transfer.wasm");
emptyDist();
rmSync(maps, { recursive: true, force: true });
mkdirSync(maps, { recursive: true });
const coreName = writeHashed("core.wasm", core);
const strengthName = writeHashed("strength.wasm", strength);
const transferName = writeHashed("transfer.wasm", transfer);
const qr = await bundle("core/qr.ts");
const meter = await bundle("meter.ts", { STRENGTH_URL: JSON.stringify(`/${strengthName}`) });
const worker = await bundle("worker.ts", {
  METER_URL: JSON.stringify(`/${meter.js}`),
  TRANSFER_URL: JSON.stringify(`/${transferName}`),
  QR_URL: JSON.stringify(`/${qr.js}`),
});
const catalogs = readCatalogs();
const wrong = problems(catalogs);
for (const problem of wrong) console.error(`build: error: ${problem}`);
if (wrong.length > 0) process.exit(1);
function writeTexts(name, catalog) {
  const { code } = transformSync(`export default ${JSON.stringify(catalog)};`, { minify: true, charset: "utf8" });
  const file = writeHashed(`${name}.js`, code);
  return `/${file}`;
}
const texts = {};
const laterTexts = {};
for (const [language, catalog] of Object.entries(catalogs)) {
  const { first, later } = divide(catalog);
  texts[language] = writeTexts(language, first);
  laterTexts[language] = writeTexts(`screens-${language}`, later);
}
const TEXTS_URLS = JSON.stringify(texts);
const licences = writeHashed("licences.txt", readFileSync(join(here, "../../THIRD_PARTY_NOTICES.txt")));
const page = await bundlePage({
  TEXTS_URLS,
  LATER_TEXTS_URLS: JSON.stringify(laterTexts),
  LICENCES_URL: JSON.stringify(`/${licences}`),
  CORE_URL: JSON.stringify(`/${coreName}`),
  CORE_BYTES: String(core.length),
  WORKER_URL: JSON.stringify(`/${worker.js}`),
});
const theme = await bundle("theme.ts", { TEXTS_URLS }, "iife");
const drawn = (name) => `/${writeHashed(name, source(join("icons", name)))}`;
const icons = {
  ICON: drawn("icon.svg"),
  ICON192: drawn("icon-192.png"),
  ICON512: drawn("icon-512.png"),
  MASKABLE: drawn("maskable-512.png"),
};
const manifest = writeHashed("app.webmanifest", fillIn("app.webmanifest", icons));
const index = {
  MAIN: `/${page.main}`,
  SHARED: `/${page.shared}`,
  STYLE: `/${page.style}`,
  THEME: `/${theme.js}`,
  MANIFEST: `/${manifest}`,
  ICON: icons.ICON,
  TOUCHICON: drawn("apple-touch-icon.png"),
};
// index.html refers to all files, directly or not, so its content identifies the build.
const buildId = digest(fillIn("index.html", { ...index, BUILD: "" })).slice(0, 10);
const html = fillIn("index.html", { ...index, BUILD: buildId });
// The licences open in another tab and are not available offline.
const files = readdirSync(dist)
  .filter((name) => name !== ".keep" && name !== licences)
  .map((name) => `/${name}`);
const serviceWorker = (
  await compile(
    ["service-worker.ts"],
    {
      BUILD: JSON.stringify(buildId),
      FILES: JSON.stringify(files),
      INDEX_SHA256: JSON.stringify(digest(html)),
    },
    "iife",
  )
).find(({ path }) => path.endsWith(".js"));
writeFileSync(join(dist, "service-worker.js"), serviceWorker.contents);
writeFileSync(join(dist, "index.html"), html);
const sizes = await writeBrotli();
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
const otherLanguages = Object.keys(texts).filter((language) => language !== "en"); // the first load has one language
const later = new Set([
  meter.js,
  strengthName,
  transferName,
  qr.js,
  page.later,
  licences,
  ...[...otherLanguages.map((language) => texts[language]), ...Object.values(laterTexts)].map((path) => path.slice(1)),
]);
const inBackground = (name) => later.has(name) || name.endsWith(".png") || name === "service-worker.js";
const sum = (wanted) => [...sizes].reduce((total, [name, size]) => total + (wanted(name) ? size : 0), 0);
const first = megabytes(sum((name) => !inBackground(name)));
console.log(`dist: with brotli ${first} at first, ${megabytes(sum(inBackground))} in the background`);
