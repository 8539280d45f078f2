// Measures the page at 10,000 records and at 10,000 items, and prints one JSON object: node e2e/bench.mjs
import { readFileSync } from "node:fs";
import { callCore, coreOf, heading, openPage, PASSWORD, startBrowser, startServer, unlock } from "./stage.mjs";

const median = (samples) => samples.toSorted((a, b) => a - b)[samples.length >> 1];

/** Runs calls in the page's worker. Returns their total time in milliseconds. */
const timeInWorker = async (page, calls) =>
  (await coreOf(page)).evaluate(async (calls) => {
    const began = performance.now();
    for (const [method, params] of calls) await globalThis.vaultsphere.call(method, JSON.stringify(params));
    return performance.now() - began;
  }, calls);

/** Four of five passwords look generated. The others look chosen by a person, and repeat. */
const secret = (i) => (i % 5 ? `vM8#t${(i * 7919).toString(36)}!Lz0@${i}W` : `Summer${i % 100}-${i % 50}`);

const item = (i) => ({
  id: "",
  type: "login",
  title: `Service ${i}`,
  username: `person${i}@example.org`,
  tags: ["work"],
  urls: [`https://service-${i}.example.org/login`],
  password: secret(i),
  notes: "Opened in spring.",
});

/** Bytes that a new visitor downloads up to the first screen, without headers. */
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

/** Slow 4G, as browsers' developer tools define it. */
const SLOW_4G = { offline: false, latency: 562, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };

/** Milliseconds until a new visitor can type into the sign-in form, on slow 4G with a processor four times slower. */
async function formOnSlow4G(browser, url) {
  const samples = [];
  for (let i = 0; i < 3; i++) {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.addInitScript(() => {
      const look = () => {
        const field = document.querySelector('form input[autocomplete="username"]:enabled');
        if (field) globalThis.formUsable = performance.now();
        else requestAnimationFrame(look);
      };
      look();
    });
    const devtools = await context.newCDPSession(page);
    await devtools.send("Network.enable");
    await devtools.send("Network.emulateNetworkConditions", SLOW_4G);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 });
    await page.goto(url, { waitUntil: "commit" });
    samples.push(await page.waitForFunction(() => globalThis.formUsable).then((found) => found.jsonValue()));
    await context.close();
  }
  return median(samples);
}

/** Milliseconds from a key press to the changed list. Keys that do not change the list are ignored. */
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

async function fill(page, username, count) {
  await callCore(page, "prepare_registration", { password: PASSWORD });
  await callCore(page, "register", { username, device: "bench" });
  const items = Array.from({ length: count }, (_, i) => item(i));
  await (await coreOf(page)).evaluate((json) => globalThis.vaultsphere.call("add_many", json), JSON.stringify({ items }));
}

/** Times the first sync and the first list after a reload, which frees the memory that adding the items took. */
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

/** Anonymous resident memory of the page's process in MB, including its worker and WebAssembly. */
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
  const figures = {
    first_load_bytes: await firstLoad(browser, server.url),
    form_ms: await formOnSlow4G(browser, server.url),
  };
  const page = await openPage(browser, server.url);
  await heading(page, "Sign in");
  const derivations = [];
  for (let i = 0; i < 5; i++) derivations.push(await timeInWorker(page, [["prepare_registration", { password: PASSWORD }]]));
  figures.derive_ms = median(derivations);

  await fill(page, "records", 5000);
  figures.sync_to_list_ms = await syncToList(page);
  await callCore(page, "prepare_rotation", { password: PASSWORD });
  await callCore(page, "activate_rotation", {});
  figures.reseal_ms = await timeInWorker(page, [["reseal", {}]]);
  await callCore(page, "logout", {});
  await page.reload();
  await heading(page, "Sign in");
  await fill(page, "entries", 10_000);
  figures.entries_sync_to_list_ms = await syncToList(page);

  const ids = await (await coreOf(page)).evaluate(async () => {
    const { items } = JSON.parse(await globalThis.vaultsphere.call("list", JSON.stringify({ query: "" })));
    return items.map((i) => i.id);
  });
  figures.tag_ms = await timeInWorker(page, [["tag", { ids, add: ["bench"], remove: [] }]]);
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
