// Shared setup of the tests: the real server with an empty data directory, and a real browser.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { countUntilClosed } from "./count.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, "../../..");

/** How long a test waits for one thing. A second is usually enough, but not on a busy machine. */
export const PATIENCE_MS = 180_000;

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Returns the path of a program. If it is missing, the error says how to install it. */
export function program(variable, fallback, install) {
  const path = resolve(process.env[variable] ?? fallback);
  if (!existsSync(path)) throw new Error(`${path} is missing: ${install}`);
  return path;
}

export const serverProgram = () => program("VAULTSPHERED", join(root, "bin/vaultsphered"), "make build");

export const commandLine = () => program("VAULTSPHERE_CLI", join(root, "bin/vaultsphere"), "make build");

/** Starts the server with additional settings in `env`. Returns its URL, its data directory and a function that stops it. */
export async function startServer(env = {}) {
  const path = serverProgram();
  const dir = mkdtempSync(join(tmpdir(), "vaultsphere-web-"));
  const child = spawn(path, {
    cwd: dir,
    env: {
      PATH: process.env.PATH,
      LISTEN_ADDR: "127.0.0.1:0",
      METRICS_ADDR: "off",
      DATA_DIR: dir,
      AUTH_RATE: "100000",
      REGISTRATION: "open",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = [];
  const exited = new Promise((done) => child.once("exit", done));
  const url = await new Promise((found, fail) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (said.length < 50) said.push(line);
        const at = /serving (http:\/\/[^\s,]+)/.exec(line);
        if (at) found(at[1]);
      });
    }
    void exited.then((code) => fail(new Error(`vaultsphered exited with ${code}:\n${said.join("\n")}`)));
  });
  return {
    url,
    dir,
    async stop() {
      child.kill("SIGTERM");
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

export async function startBrowser() {
  const executablePath = program("CHROMIUM", "/usr/bin/chromium", "apt-get install chromium");
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const close = browser.close.bind(browser);
  browser.close = async () => {
    await Promise.all(browser.contexts().map((context) => context.close())); // each first saves its coverage
    await close();
  };
  return browser;
}

/** The browser and the server of a test file, which useStage() starts. */
export let browser, server;

/** Starts a browser and a server before the first test of a file and stops them after the last. */
export function useStage() {
  before(async () => {
    browser = await startBrowser();
    server = await startServer();
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
}

/**
 * Opens a page with a new profile. It has no service worker unless the test asks for one, because Playwright cannot route the
 * requests of service workers. It shows no animations, so a test that measures sees the final colours and positions.
 * `page.complaints` collects the errors that the page logs, including CSP reports.
 */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    reducedMotion: "reduce",
    serviceWorkers: "block",
    ...options,
  });
  await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: new URL(url).origin });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  forgiveLateAnswers(page);
  watch(page);
  await countUntilClosed(page);
  await page.goto(url);
  return page;
}

/** page.unroute() lets intercepted requests go on; a handler that answers one of them later is not an error of the test. */
function forgiveLateAnswers(page) {
  const route = page.route.bind(page);
  page.route = (url, handler) =>
    route(url, async (...args) => {
      try {
        await handler(...args);
      } catch (e) {
        if (!e.message.includes("Route is already handled")) throw e;
      }
    });
}

export function watch(page) {
  page.complaints = [];
  page.on("pageerror", (e) => page.complaints.push(String(e)));
  page.on("console", (m) => {
    // The browser logs every response outside 2xx, although the page handles it.
    if (m.type() === "error" && !m.text().startsWith("Failed to load resource")) page.complaints.push(m.text());
  });
  page.on("response", (r) => {
    if (r.status() === 404 && !new URL(r.url()).pathname.startsWith("/api/")) page.complaints.push(`404: ${r.url()}`);
  });
}

/**
 * Waits until an async function in the page returns true. Calls it once per frame. page.waitForFunction would accept any promise.
 */
export async function comesTrue(page, question, arg) {
  for (const deadline = Date.now() + PATIENCE_MS; !(await page.evaluate(question, arg)); ) {
    if (Date.now() > deadline) throw new Error(`timed out waiting for ${question}`);
    await page.evaluate(() => new Promise((frame) => requestAnimationFrame(frame)));
  }
}

/** Closes all messages. Clicking one by name would fail if it had just disappeared. */
export const closeToasts = (page) =>
  page.evaluate(() => {
    for (const button of document.querySelectorAll(".toast > button:last-child")) button.click();
  });

export const heading = (page, name) => page.getByRole("heading", { name, exact: true }).waitFor();

export const PASSWORD = "lantern orbit velvet mustard";

/** Fills in the registration form up to the phrase. Returns its words. */
export async function beginRegistration(page, username, password = PASSWORD) {
  await page.getByRole("link", { name: "Create a vault" }).click();
  await heading(page, "Create your vault"); // the sign-in screen has a field with the same label
  await page.getByLabel("Username", { exact: true }).fill(username);
  await page.getByLabel("Master password", { exact: true }).fill(password);
  await page.getByLabel("Confirm master password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Continue" }).click();
  await heading(page, "Your recovery phrase");
  return page.locator(".words b").allTextContents();
}

/** Types the three words that the page asks for. */
export async function confirmPhrase(page, words) {
  await page.getByRole("button", { name: "I’ve saved these words" }).click();
  const fields = page.getByLabel(/^Word \d+$/);
  await fields.first().waitFor();
  for (const field of await fields.all()) {
    const place = Number(/\d+/.exec(await field.evaluate((el) => el.labels[0].textContent))[0]);
    await field.fill(words[place - 1]);
  }
  await page.getByRole("button", { name: "Confirm" }).click();
}

/** Registers a user and waits for the empty vault. Returns the recovery phrase. */
export async function registerPerson(page, username, password = PASSWORD) {
  const words = await beginRegistration(page, username, password);
  await confirmPhrase(page, words);
  await heading(page, "All items");
  return words;
}

export async function signIn(page, username, password = PASSWORD) {
  await page.getByLabel("Username", { exact: true }).fill(username);
  await page.getByLabel("Master password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

export async function unlock(page, password = PASSWORD) {
  await heading(page, "Your vault is locked");
  await page.getByLabel("Master password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Unlock" }).click();
}

/** Records the headings that the page shows after the next reload. Returns a function that returns them, in order. */
export async function recordHeadings(page) {
  await page.addInitScript(() => {
    globalThis.headings = [];
    new MutationObserver(() => {
      const shown = document.querySelector("h1")?.textContent;
      if (shown && shown !== globalThis.headings.at(-1)) globalThis.headings.push(shown);
    }).observe(document, { subtree: true, childList: true });
  });
  return () => page.evaluate(() => globalThis.headings);
}

/** The page's worker, when its core has started. The sign-in form is there earlier. */
export async function coreOf(page) {
  const worker = page.workers()[0] ?? (await page.waitForEvent("worker"));
  await worker.evaluate(async () => {
    while (!globalThis.vaultsphere) await new Promise((next) => setTimeout(next, 10));
  });
  return worker;
}

/** Keeps the core from a page that loads next. Returns a function that lets it through. */
export async function holdCore(page) {
  let release;
  const released = new Promise((done) => (release = done));
  await page.route(CORE, async (route) => {
    await released;
    await route.continue().catch(() => undefined); // the page is gone, or the route is no longer in place
  });
  return async () => {
    release();
    await page.unroute(CORE);
  };
}

export const CORE = /\/core-\w+\.wasm$/;

/** Calls a method of the core, as the page does. */
export async function callCore(page, method, params) {
  const worker = await coreOf(page);
  return JSON.parse(await worker.evaluate(([m, p]) => globalThis.vaultsphere.call(m, p), [method, JSON.stringify(params)]));
}

/** The URL of the bundle for QR codes. */
export const QR_BUNDLE = `/${readdirSync(new URL("../dist", import.meta.url)).find((name) => /^qr-.*\.js$/.test(name))}`;

/** Draws a QR code. Returns its rows, in which "1" is dark. */
export const drawQR = (page, text) =>
  page.workers()[0].evaluate(async ([bundle, text]) => (await import(bundle)).drawQR(text), [QR_BUNDLE, text]);

/** Adds items through the core and refreshes the list. */
export async function addMany(page, items) {
  const { added } = await callCore(page, "add_many", { items });
  await tellPage(page);
  return added;
}

/** Refreshes the list after a change through the core. */
export const tellPage = (page) => page.evaluate(() => new BroadcastChannel("vaultsphere").postMessage("changed"));

/** Registers a user with these items on the server of useStage(). Returns the page with the open vault. */
export async function vaultOf(username, items, options) {
  const page = await openPage(browser, server.url, options);
  await registerPerson(page, username);
  await addMany(page, items);
  await footCount(page)
    .getByText(`${items.length.toLocaleString("en")} item`)
    .waitFor();
  return page;
}

/** Closes a page, which must have logged no errors. */
export async function done(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

export const footCount = (page) => page.locator(".list-foot");
