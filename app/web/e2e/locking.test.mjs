import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { rich } from "./samples.mjs";
import {
  addMany,
  browser,
  comesTrue,
  coreOf,
  heading,
  openPage,
  PASSWORD,
  recordHeadings,
  registerPerson,
  server,
  unlock,
  useStage,
  watch,
} from "./stage.mjs";

useStage();
let page;

let person = 0;
beforeEach(async () => {
  await page?.context().close();
  page = await openPage(browser, server.url);
});

const enter = async () => {
  await registerPerson(page, `person-${++person}`);
  await addMany(page, [rich]);
  await page.getByRole("option", { name: rich.title }).click();
  await heading(page, rich.title);
};

const locked = async (p) => {
  await heading(p, "Your vault is locked");
  assert.equal((await p.locator("body").textContent()).includes(rich.title), false, "the locked page still shows an item");
};

test("the page locks after the idle time", async () => {
  await page.clock.install();
  await page.reload();
  await enter();
  await page.clock.fastForward("04:00");
  await page.keyboard.press("Shift");
  await page.clock.fastForward("04:00");
  await heading(page, rich.title);
  await page.clock.fastForward("01:05");
  await locked(page);
});

test("a notice counts down before the idle lock", async () => {
  await page.clock.install();
  await page.reload();
  await enter();
  const notice = page.locator(".banner", { hasText: "Locking in" });
  await page.clock.pauseAt(Date.now() + 1000); // from here on only the test moves the clock
  await page.keyboard.press("Shift");
  await page.clock.fastForward("04:25");
  assert.equal(await notice.count(), 0);
  await page.clock.fastForward("00:10");
  await notice.getByText(/^Locking in 2\d s$/).waitFor();
  const spoken = await notice.locator(".visually-hidden").textContent();
  await page.clock.fastForward("00:10");
  await notice.getByText(/^Locking in 1\d s$/).waitFor();
  assert.equal(await notice.locator(".visually-hidden").textContent(), spoken, "screen readers hear it once");
  await notice.getByRole("button", { name: "Stay unlocked" }).evaluate((el) => el.click()); // as screen readers do
  await page.clock.fastForward("00:02");
  await notice.waitFor({ state: "detached" });
  await page.clock.fastForward("04:00");
  await heading(page, rich.title);
  await page.clock.fastForward("00:45");
  await notice.waitFor();
  await page.keyboard.press("Shift");
  await page.clock.fastForward("00:02");
  await notice.waitFor({ state: "detached" });
  await page.clock.fastForward("05:01");
  await locked(page);
});

test("waking after the idle time locks", async () => {
  await page.clock.install();
  await page.reload();
  await enter();
  await page.clock.pauseAt(Date.now() + 3_600_000); // jumps: due timers run once, as after sleep
  await page.keyboard.press("Shift");
  await page.clock.resume();
  await locked(page);
});

test("a reload locks and keeps the route", async () => {
  await enter();
  await page.reload();
  await locked(page);
  await unlock(page);
  await heading(page, rich.title);
});

test("locking terminates the worker", async () => {
  await enter();
  const old = page.workers()[0];
  const closed = new Promise((done) => old.once("close", done));
  await page.keyboard.press("Alt+l");
  await locked(page);
  await closed;
  assert.notEqual(page.workers()[0], old);
});

test("two tabs lock and change together", async () => {
  await enter();
  const other = await page.context().newPage();
  watch(other);
  await other.goto(server.url);
  await unlock(other);
  await other.getByRole("option", { name: rich.title }).waitFor();

  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Item name", { exact: true }).fill("Renamed in the first tab");
  await page.getByRole("button", { name: "Save" }).click();
  await other.getByRole("option", { name: "Renamed in the first tab" }).waitFor();

  await other.keyboard.press("Alt+l");
  await locked(other);
  await locked(page);
  assert.deepEqual([...page.complaints, ...other.complaints], []);
});

test("preferences apply in all tabs", async () => {
  await page.clock.install();
  await page.reload();
  await enter();
  const other = await page.context().newPage();
  watch(other);
  await other.goto(server.url);
  await unlock(other);
  await other.getByRole("link", { name: "Settings" }).first().click();
  await other.getByLabel("Auto-lock").selectOption({ label: "1 minute" });
  await other.getByRole("group", { name: "Appearance" }).getByRole("radio", { name: "Dark" }).check();
  await comesTrue(page, () => document.documentElement.dataset.theme === "dark");
  await page.clock.fastForward("01:05");
  await locked(page);
  assert.deepEqual([...page.complaints, ...other.complaints], []);
});

test("a copied password is cleared in time", async () => {
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.clock.install();
  await page.reload();
  await enter();
  await page.locator(".item").getByRole("button", { name: "Copy password" }).click();
  await page.getByText("Password copied. Clears in 30 seconds.").first().waitFor();
  assert.equal(await clipboard(), rich.password);
  await page.clock.fastForward(31_000);
  await comesTrue(page, () => navigator.clipboard.readText().then((t) => t === ""));
});

test("other clipboard content stays", async () => {
  await page.clock.install();
  await page.reload();
  await enter();
  await page.locator(".item").getByRole("button", { name: "Copy password" }).click();
  await page.getByText("Password copied").first().waitFor();
  await page.evaluate(() => navigator.clipboard.writeText("something else"));
  await page.clock.fastForward(31_000);
  await page.locator(".item").getByRole("button", { name: "Copy username" }).waitFor(); // the timers have run
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "something else");
});

test("locking clears a copied password", async () => {
  await enter();
  await page.locator(".item").getByRole("button", { name: "Copy password" }).click();
  await page.getByText("Password copied").first().waitFor();
  await page.keyboard.press("Alt+l");
  await locked(page);
  await comesTrue(page, () => navigator.clipboard.readText().then((t) => t === ""));
});

test("messages do not outlive the vault", async () => {
  await enter();
  const message = page.locator(".toast");
  await page.locator(".item").getByRole("button", { name: "Copy username" }).click();
  await message.getByText("Username copied").waitFor();
  await page.keyboard.press("Alt+l");
  await locked(page);
  assert.equal(await message.count(), 0);
  assert.equal(await page.locator("[aria-live]").getByText("copied").count(), 0);
});

test("a message stays while the pointer is on it", async () => {
  await page.clock.install();
  await page.reload();
  await enter();
  await page.locator(".item").getByRole("button", { name: "Copy username" }).click();
  const message = page.locator(".toast");
  await message.getByText("Username copied").hover();
  await page.clock.fastForward(60_000);
  assert.equal(await message.count(), 1);
  await message.getByRole("button", { name: "Dismiss" }).focus();
  await page.mouse.move(0, 0);
  await page.clock.fastForward(60_000);
  assert.equal(await message.count(), 1);
  await page.locator(".item").getByRole("button", { name: "Copy username" }).focus();
  await page.clock.fastForward(5_000);
  await message.waitFor({ state: "detached" });
});

/** A vault that stays unlocked until the browser closes, when the service worker runs. */
const keepUnlocked = async () => {
  await page.context().close();
  page = await openPage(browser, server.url, { serviceWorkers: "allow" });
  await enter();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  await page.getByRole("link", { name: "Settings" }).first().click();
  for (const label of ["4 hours", "When the browser closes"]) await page.getByLabel("Auto-lock").selectOption({ label });
  await remembered(page);
};

/** Waits until the service worker can open the vault, or no longer can. */
const remembers = (p, wanted) =>
  comesTrue(
    p,
    async (wanted) => {
      const { active } = await navigator.serviceWorker.getRegistration();
      const { port1, port2 } = new MessageChannel();
      active.postMessage({ handover: "connect" }, [port1]);
      port2.postMessage("load");
      return new Promise((done) => (port2.onmessage = ({ data }) => done((data !== null) === wanted)));
    },
    wanted,
  );
const remembered = (p) => remembers(p, true);
const forgotten = (p) => remembers(p, false);

test("the vault can stay unlocked until the browser closes", async () => {
  await keepUnlocked();
  const headings = await recordHeadings(page);
  await page.reload();
  await heading(page, "Settings");
  assert.deepEqual(await headings(), ["Settings"]); // no form that asks for the password
  const other = await page.context().newPage();
  watch(other);
  await other.goto(server.url);
  await other.getByRole("option", { name: rich.title }).waitFor();

  await page.keyboard.press("Alt+l");
  await locked(page);
  await locked(other);
  await forgotten(page);
  await page.reload();
  await locked(page);
  await unlock(page);
  await heading(page, "Settings");
  await remembered(page);
  await other.reload();
  await other.getByRole("option", { name: rich.title }).waitFor();
  assert.deepEqual([...page.complaints, ...other.complaints], []);
});

test("a new tab asks the others when the service worker has ended", async () => {
  await keepUnlocked();
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration()).active.postMessage({ handover: "forget" }));
  const other = await page.context().newPage();
  await other.goto(server.url);
  await other.getByRole("option", { name: rich.title }).waitFor();
  await page.getByLabel("Auto-lock").selectOption({ label: "5 minutes" });
  await forgotten(page);
});

test("an ended session is not opened, nor another user's", async () => {
  await keepUnlocked();
  await page.context().clearCookies();
  await page.reload();
  await heading(page, "Sign in");
  await registerPerson(page, `person-${++person}`);
  await remembered(page);
  await page.reload();
  await heading(page, "All items");
  assert.equal(await page.getByRole("option").count(), 0);
  assert.deepEqual(page.complaints, []);
});

test("a forged or damaged handover leaves the vault locked", async () => {
  await keepUnlocked();
  const sw = await page.context().newPage();
  watch(sw);
  await sw.goto(`${server.url}/api/v1/limits`);
  await page.close();
  for (const handover of [{ token: "gAAAA", key: new Uint8Array(32).fill(7) }, { token: 1 }, "nonsense"]) {
    await sw.evaluate(async (forged) => {
      const { active } = await navigator.serviceWorker.getRegistration();
      active.postMessage({ handover: "forget" });
      const { port1, port2 } = new MessageChannel();
      active.postMessage({ handover: "connect" }, [port1]);
      port2.postMessage(forged);
    }, handover);
    page = await sw.context().newPage();
    watch(page);
    await page.goto(server.url);
    await locked(page);
    assert.deepEqual(page.complaints, []);
    await page.close();
  }
  page = sw;
});

test("browser storage contains no secrets", async () => {
  await keepUnlocked();
  const stored = await page.evaluate(async () => {
    const result = (request) =>
      new Promise((done, failed) => {
        request.onsuccess = () => done(request.result);
        request.onerror = () => failed(request.error);
      });
    const rows = [];
    for (const { name } of await indexedDB.databases()) {
      const db = await result(indexedDB.open(name));
      for (const store of db.objectStoreNames) rows.push(await result(db.transaction(store).objectStore(store).getAll()));
      db.close();
    }
    const text = (_, value) => (ArrayBuffer.isView(value) ? new TextDecoder().decode(value) : value);
    return JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, rows], text);
  });
  const handover = await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.getRegistration();
    const { port1, port2 } = new MessageChannel();
    active.postMessage({ handover: "connect" }, [port1]);
    port2.postMessage("load");
    return new Promise((done) => (port2.onmessage = ({ data }) => done(data.token)));
  });
  for (const secret of [PASSWORD, rich.password, rich.title, rich.username, handover])
    assert.equal(stored.includes(secret), false);
  assert.match(stored, /key_generation/); // the dump really contains the stored data
});

test("a late error of the vault that was left does not replace the password form", async () => {
  await enter();
  const headings = await recordHeadings(page);
  await page.reload();
  await unlock(page);
  await heading(page, rich.title);
  const worker = await coreOf(page);
  await worker.evaluate(() => {
    const { call } = globalThis.vaultsphere;
    globalThis.vaultsphere.call = (method, ...rest) => {
      if (method === "vault_log") return new Promise((_, fail) => (globalThis.failLog = fail));
      if (method === "lock") globalThis.failLog(new Error(JSON.stringify({ code: "vault_rolled_back", findings: [] })));
      return call(method, ...rest);
    };
  });
  await page.evaluate(() => (location.hash = "#/settings"));
  await page.getByRole("button", { name: "Choose…" }).click();
  while (!(await worker.evaluate(() => Boolean(globalThis.failLog))));
  await page.evaluate(() => new BroadcastChannel("vaultsphere").postMessage("lock"));
  await locked(page);
  await unlock(page);
  await heading(page, "Settings");
  assert.deepEqual(await headings(), ["Your vault is locked", "All items", "Settings", "Your vault is locked", "Settings"]);
});
