import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { startProxy } from "./proxy.mjs";
import { comesTrue, heading, openPage, registerPerson, startBrowser, startServer, unlock, watch } from "./stage.mjs";

const NEWS = "A new version is ready.";

let browser, server, proxy, page;
before(async () => {
  browser = await startBrowser();
  server = await startServer();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});
beforeEach(async () => {
  proxy = await startProxy(server.url);
  page = await openPage(browser, proxy.url, { serviceWorkers: "allow" });
  await cached(page, proxy.builds.first);
});
afterEach(async () => {
  await page.context().close();
  await proxy.stop();
});

const cacheOf = (build) => `vaultsphere-${build}`;

/** Waits until the service worker of the build controls the page, and no other build is cached. */
const cached = (p, build) =>
  comesTrue(
    p,
    async (only) => {
      const isInCharge = navigator.serviceWorker.controller?.state === "activated";
      return isInCharge && (await caches.keys()).join() === only;
    },
    cacheOf(build),
  );

/** Waits until the page shows the build. */
const isOf = (p, build) => p.locator(`meta[name=build][content="${build}"]`).waitFor({ state: "attached" });

/** Waits until the device has a copy of the vault. */
const copied = (p) =>
  comesTrue(p, async () => {
    const name = "vaultsphere-copy";
    if (!(await indexedDB.databases()).some((db) => db.name === name)) return false;
    const result = (request) =>
      new Promise((done, failed) => {
        request.onsuccess = () => done(request.result);
        request.onerror = () => failed(request.error);
      });
    const db = await result(indexedDB.open(name));
    try {
      return (await result(db.transaction("pieces").objectStore("pieces").count())) > 0;
    } finally {
      db.close();
    }
  });

const buildOf = (p) => p.locator("meta[name=build]").getAttribute("content");
const scripts = (p) =>
  p.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .map((r) => new URL(r.name).pathname)
      .filter((path) => /\/main-.*\.js$/.test(path)),
  );

/** Makes the open page check for a new version now. It does so regularly. */
async function look(p) {
  for (let i = 0; i < 3; i++) {
    await p.keyboard.press("Shift");
    await p.clock.fastForward("04:00");
  }
}

test("all files of the page are cached", async () => {
  const differences = await page.evaluate(async (name) => {
    const cache = await caches.open(name);
    const found = [];
    for (const request of await cache.keys()) {
      const [mine, its] = await Promise.all([cache.match(request), fetch(request.url, { cache: "reload" })]);
      const [a, b] = await Promise.all([mine.arrayBuffer(), its.arrayBuffer()]);
      const its8 = new Uint8Array(b);
      const equal = a.byteLength === b.byteLength && new Uint8Array(a).every((v, i) => v === its8[i]);
      found.push([new URL(request.url).pathname, equal]);
    }
    return found;
  }, cacheOf(proxy.builds.first));
  const paths = differences.map(([path]) => path);
  for (const part of [
    "/",
    "/core-",
    "/strength-",
    "/meter-",
    "/main-",
    "/shared-",
    "/later-",
    "/worker-",
    "/theme-",
    "/icon-",
    "/app-",
  ]) {
    assert.ok(
      paths.some((path) => path.startsWith(part)),
      `nothing of ${part} in ${paths}`,
    );
  }
  assert.deepEqual(
    differences.filter(([, equal]) => !equal),
    [],
  );
  assert.equal(
    paths.some((path) => path.startsWith("/api/") || path === "/service-worker.js"),
    false,
  );
});

test("the page starts offline, without cached API calls", async () => {
  await registerPerson(page, "offline");
  await copied(page);
  await proxy.disconnect();
  await page.reload();
  await unlock(page); // from the copy on this device
  await page.getByText("You’re offline. You can still view and edit everything.").waitFor();
  await heading(page, "All items");
  assert.equal(
    await page.evaluate(() =>
      fetch("/api/v1/account").then(
        () => "answered",
        () => "no network",
      ),
    ),
    "no network",
  );
  await proxy.back();
  await page.reload();
  await unlock(page);
  await heading(page, "All items");
  assert.deepEqual(page.complaints, []);
});

test("proxy errors count as offline", async () => {
  proxy.serve("broken");
  await page.reload();
  await heading(page, "Sign in");
  assert.equal(await buildOf(page), proxy.builds.first);
});

test("a browser can install the page as an app", async () => {
  const devtools = await page.context().newCDPSession(page);
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  assert.deepEqual(
    installabilityErrors.filter((e) => e.errorId !== "in-incognito"),
    [],
  ); // all pages of the tests are incognito
  const { errors, data, url } = await devtools.send("Page.getAppManifest");
  assert.deepEqual(errors, []);
  const { icons, shortcuts } = JSON.parse(data);
  for (const { src, sizes, type } of [...icons, ...shortcuts.flatMap((s) => s.icons)].filter((i) => i.type === "image/png")) {
    const [width] = await page.evaluate(
      async ([address, kind]) => {
        const blob = await (await fetch(address)).blob();
        if (blob.type !== kind) throw new Error(`${address} is ${blob.type}`);
        const image = await createImageBitmap(blob);
        return [image.width, image.height];
      },
      [new URL(src, url).href, type],
    );
    assert.equal(sizes, `${width}x${width}`);
  }
});

test("a new release replaces the old one completely", async () => {
  proxy.serve("index", "rest");
  await page.reload();
  assert.equal(await buildOf(page), proxy.builds.next);
  await heading(page, "Sign in");
  assert.equal((await scripts(page)).length, 1);
  await cached(page, proxy.builds.next);
  assert.equal(await page.getByText(NEWS).count(), 0);
  await proxy.disconnect();
  await page.reload();
  assert.equal(await buildOf(page), proxy.builds.next);
  await page.locator("h1").waitFor();
  assert.deepEqual(page.complaints, []);
});

test("an open page offers the new version, except in forms", async () => {
  await page.clock.install();
  await page.reload();
  await registerPerson(page, "stays-open");
  await page.getByRole("link", { name: "New item" }).first().click();
  await page.getByLabel("Item name", { exact: true }).fill("Half typed");
  proxy.serve("index", "rest");
  await look(page);
  await comesTrue(page, async () => (await caches.keys()).length === 2); // the next build is cached
  assert.equal(await page.getByText(NEWS).count(), 0);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(NEWS).waitFor();
  assert.equal(await buildOf(page), proxy.builds.first);
  await page.getByRole("button", { name: "Reload" }).click();
  await unlock(page);
  await heading(page, "Half typed");
  assert.equal(await buildOf(page), proxy.builds.next);
});

test("locking loads the new version", async () => {
  await page.clock.install();
  await page.reload();
  await registerPerson(page, "locks");
  proxy.serve("index", "rest");
  await look(page);
  await page.getByText(NEWS).waitFor();
  await page.keyboard.press("Alt+l");
  await isOf(page, proxy.builds.next);
  await unlock(page);
  await heading(page, "All items");
});

test("a mix of two releases is not cached", async () => {
  await page.clock.install();
  await page.reload();
  proxy.serve("rest");
  const begun = Promise.all([proxy.next("/service-worker.js"), proxy.next("/")]); // an update check and an installation
  await look(page);
  await begun;
  await comesTrue(page, async () => {
    const { installing, waiting } = await navigator.serviceWorker.getRegistration();
    return !installing && !waiting; // the installation was abandoned
  });
  await cached(page, proxy.builds.first);
  assert.equal(await page.getByText(NEWS).count(), 0);
});

test("an open window keeps the files of its build", async () => {
  const [own] = await scripts(page);
  const other = await page.context().newPage();
  watch(other);
  await other.goto(proxy.url);
  proxy.serve("index", "rest");
  await other.reload();
  await page.getByText(NEWS).waitFor();
  assert.equal(await buildOf(other), proxy.builds.next);
  assert.equal(await page.evaluate((path) => fetch(path).then((r) => r.status), own), 200);
  assert.equal((await fetch(proxy.url + own)).status, 404); // no longer on the server
  await other.close();
  await page.getByRole("button", { name: "Reload" }).click();
  await isOf(page, proxy.builds.next);
  assert.deepEqual(page.complaints, []);
});
