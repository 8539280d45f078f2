// Builds the page into dist/: hashed assets, index.html, and a brotli file beside every asset; of WebAssembly, which is
// megabytes, the brotli file alone.
// app/web/build/core.wasm and strength.wasm must exist; `make web` builds them first.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const cache = join(here, "build", "brotli");

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

/** Writes bytes under a name that changes with them, so that the server may call it immutable. */
function writeHashed(name, bytes) {
  const dot = name.lastIndexOf(".");
  const hashed = `${name.slice(0, dot)}-${digest(bytes).slice(0, 10)}${name.slice(dot)}`;
  writeFileSync(join(dist, hashed), bytes);
  return hashed;
}

// Where the image is built, Go's files are in another stage than Go.
const goRoot = () => process.env.GOROOT || execFileSync("go", ["env", "GOROOT"], { encoding: "utf8" }).trim();

// The runtime must be the one of the Go that compiled core.wasm: they change together.
const goRuntime = {
  name: "go-runtime",
  setup(b) {
    b.onResolve({ filter: /^go:wasm_exec$/ }, () => ({
      path: join(goRoot(), "lib", "wasm", "wasm_exec.js"),
    }));
  },
};

async function bundle(entry, define = {}, format = "esm") {
  const result = await build({
    absWorkingDir: here,
    entryPoints: [`src/${entry}`],
    outdir: dist,
    bundle: true,
    write: false,
    minify: true,
    format,
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    define,
    external: ["/qr-*.js"], // under the name that define gives
    plugins: [goRuntime],
    logLevel: "warning",
  });
  const names = {};
  for (const file of result.outputFiles) {
    const base = file.path.slice(file.path.lastIndexOf("/") + 1);
    names[base.slice(base.lastIndexOf(".") + 1)] = writeHashed(base, file.contents);
  }
  return names;
}

// A server that unpacks for a client without brotli holds a window for each: 1 MiB, at 1.5 % more to download than 16 MiB.
const windowBits = 20;

/** Quality 11 takes half a minute for the core, so results are kept by content. */
function writeBrotli() {
  mkdirSync(cache, { recursive: true });
  const sizes = new Map();
  for (const name of readdirSync(dist)) {
    if (name === ".keep") continue;
    const bytes = readFileSync(join(dist, name));
    const kept = join(cache, `${digest(bytes)}-${windowBits}`);
    if (!existsSync(kept)) {
      writeFileSync(kept, brotliCompressSync(bytes, {
        params: {
          [constants.BROTLI_PARAM_QUALITY]: 11,
          [constants.BROTLI_PARAM_LGWIN]: windowBits,
          [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
      }));
    }
    const packed = readFileSync(kept);
    writeFileSync(join(dist, `${name}.br`), packed);
    if (name.endsWith(".wasm")) rmSync(join(dist, name));
    sizes.set(name, packed.length);
  }
  return sizes;
}

const core = built("core.wasm");
const strength = built("strength.wasm");
emptyDist();
const coreName = writeHashed("core.wasm", core);
const strengthName = writeHashed("strength.wasm", strength);
const qr = await bundle("core/qr.ts");
const worker = await bundle("worker.ts", {
  STRENGTH_URL: JSON.stringify(`/${strengthName}`),
  QR_URL: JSON.stringify(`/${qr.js}`),
});
const main = await bundle("main.tsx", {
  CORE_URL: JSON.stringify(`/${coreName}`),
  CORE_BYTES: String(core.length),
  WORKER_URL: JSON.stringify(`/${worker.js}`),
});
const theme = await bundle("theme.ts", {}, "iife");
const icon = writeHashed("icon.svg", readFileSync(join(here, "src", "icon.svg")));
const manifest = writeHashed("app.webmanifest", Buffer.from(JSON.stringify({
  name: "VaultSphere",
  short_name: "VaultSphere",
  start_url: "/",
  display: "standalone",
  background_color: "#f5f4f0",
  theme_color: "#0f6354",
  icons: [{ src: `/${icon}`, type: "image/svg+xml", sizes: "any", purpose: "any" }],
})));
const page = readFileSync(join(here, "src", "index.html"), "utf8");
const fill = { CORE: coreName, MAIN: main.js, STYLE: main.css, THEME: theme.js, ICON: icon, MANIFEST: manifest };
writeFileSync(join(dist, "index.html"), page.replace(/%([A-Z]+)%/g, (_, key) => {
  if (!fill[key]) throw new Error(`index.html asks for %${key}%, which nothing fills`);
  return `/${fill[key]}`;
}));
const sizes = writeBrotli();
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
const later = sizes.get(strengthName) + sizes.get(qr.js);
const first = [...sizes.values()].reduce((a, b) => a + b) - later;
console.log(`dist: with brotli ${megabytes(first)} at first, ${megabytes(later)} with the first strength meter and QR code`);
