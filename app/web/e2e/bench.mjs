// Measures the page at 10,000 records and at 10,000 entries, and prints one JSON object: node e2e/bench.mjs
import { readFileSync } from "node:fs";
import { callCore, heading, openPage, PASSWORD, startBrowser, startServer, unlock } from "./stage.mjs";

const median = (samples) => samples.toSorted((a, b) => a - b)[samples.length >> 1];

/** Runs calls in the page's worker and returns how long they took together, in milliseconds. */
const timeInWorker = (page, calls) =>
  page.workers()[0].evaluate(async (calls) => {
    const began = performance.now();
    for (const [method, params] of calls) await globalThis.vaultsphere.call(method, JSON.stringify(params));
    return performance.now() - began;
  }, calls);

/** Four of five as generators make them, the fifth as people do, every tenth of those once more. */
const secret = (i) => (i % 5 ? `vM8#t${(i * 7919).toString(36)}!Lz0@${i}W` : `Summer${i % 100}-${i % 50}`);

const entry = (i) => ({
  id: "",
  type: "login",
  title: `Service ${i}`,
  username: `person${i}@example.org`,
  tags: ["work"],
  urls: [`https://service-${i}.example.org/login`],
  password: secret(i),
  notes: "Opened in spring.",
});

/** Bytes on the wire, headers apart, of everything a new visitor loads up to the first screen. */
async function firstLoad(browser, url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const network = await context.newCDPSession(page);
  await network.send("Network.enable");
  let bytes = 0;
  network.on("Network.dataReceived", (e) => (bytes += e.encodedDataLength));
  await page.goto(url);
  await heading(page, "Sign in");
  await page.waitForLoadState("networkidle");
  await context.close();
  return bytes;
}

/** From the event of a key to the changed list, in milliseconds; a key that leaves the list as it is counts for nothing. */
const keystrokes = (page, words) =>
  page.evaluate(async (words) => {
    const field = document.querySelector("input[type=search]");
    const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    const type = (text) =>
      new Promise((done) => {
        const began = performance.now();
        const observer = new MutationObserver(() => finish(performance.now() - began));
        const giveUp = setTimeout(() => finish(null), 500);
        const finish = (took) => {
          observer.disconnect();
          clearTimeout(giveUp);
          done(took);
        };
        observer.observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
        setValue.call(field, text);
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
      });
    const samples = [];
    for (const word of words) {
      for (let n = 1; n <= word.length; n++) {
        const took = await type(word.slice(0, n));
        if (took !== null) samples.push(took);
        await new Promise((next) => setTimeout(next, 60));
      }
    }
    return samples;
  }, words);

async function fill(page, username, entries) {
  await callCore(page, "prepare_registration", { password: PASSWORD });
  await callCore(page, "register", { username, device: "bench" });
  const items = Array.from({ length: entries }, (_, i) => entry(i));
  await page.workers()[0].evaluate((json) => globalThis.vaultsphere.call("add_many", json), JSON.stringify({ items }));
}

/** A new visit, so that nothing is left in memory of having added the entries; times the first sync and the first list. */
async function syncToList(page) {
  const samples = [];
  for (let i = 0; i < 5; i++) {
    await page.reload();
    await heading(page, "Your vault is locked");
    await callCore(page, "unlock", { password: PASSWORD });
    samples.push(
      await timeInWorker(page, [
        ["sync", {}],
        ["list", { query: "", limit: 100 }],
      ]),
    );
  }
  return median(samples);
}

/** Anonymous resident memory of the page's process, worker and WebAssembly included, in MB. */
async function residentMB(browser, page) {
  const garbage = await page.context().newCDPSession(page);
  await garbage.send("HeapProfiler.collectGarbage");
  await garbage.detach();
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const anonymous = (pid) => Number(/^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
  return Math.max(...processInfo.filter((p) => p.type === "renderer").map((p) => anonymous(p.id)));
}

const server = await startServer();
const browser = await startBrowser();
try {
  const figures = { first_load_bytes: await firstLoad(browser, server.url) };
  const page = await openPage(browser, server.url);
  await heading(page, "Sign in");
  const derivations = [];
  for (let i = 0; i < 5; i++) derivations.push(await timeInWorker(page, [["prepare_registration", { password: PASSWORD }]]));
  figures.derive_ms = median(derivations);

  await fill(page, "records", 5000);
  figures.sync_to_list_ms = await syncToList(page);
  await callCore(page, "logout", {});
  await page.reload();
  await heading(page, "Sign in");
  await fill(page, "entries", 10_000);
  figures.entries_sync_to_list_ms = await syncToList(page);

  await page.reload();
  await unlock(page);
  await page.getByText("10000 items").or(page.getByText("10,000 items")).first().waitFor();
  figures.keystroke_ms = median(await keystrokes(page, ["service 4711", "person99", "service-12.example", "work 7"]));
  figures.health_ms = await timeInWorker(page, [["health", {}]]);
  figures.page_mb = await residentMB(browser, page);
  console.log(JSON.stringify(figures));
} finally {
  await browser.close();
  await server.stop();
}
