import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { rich } from "./samples.mjs";
import {
  addMany,
  browser,
  comesTrue,
  heading,
  openPage,
  PASSWORD,
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

test("a copied password is cleared in time", async () => {
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
  await page.clock.install();
  await page.reload();
  await enter();
  await page.getByRole("button", { name: "Copy password" }).click();
  await page.getByText("Password copied. Clears in 30 seconds.").first().waitFor();
  assert.equal(await clipboard(), rich.password);
  await page.clock.fastForward(31_000);
  await comesTrue(page, () => navigator.clipboard.readText().then((t) => t === ""));
});

test("other clipboard content stays", async () => {
  await page.clock.install();
  await page.reload();
  await enter();
  await page.getByRole("button", { name: "Copy password" }).click();
  await page.getByText("Password copied").first().waitFor();
  await page.evaluate(() => navigator.clipboard.writeText("something else"));
  await page.clock.fastForward(31_000);
  await page.getByRole("button", { name: "Copy username" }).waitFor(); // the timers have run
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "something else");
});

test("locking clears a copied password", async () => {
  await enter();
  await page.getByRole("button", { name: "Copy password" }).click();
  await page.getByText("Password copied").first().waitFor();
  await page.keyboard.press("Alt+l");
  await locked(page);
  await comesTrue(page, () => navigator.clipboard.readText().then((t) => t === ""));
});

test("messages do not outlive the vault", async () => {
  await enter();
  const message = page.locator(".toast");
  await page.getByRole("button", { name: "Copy username" }).click();
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
  await page.getByRole("button", { name: "Copy username" }).click();
  const message = page.locator(".toast");
  await message.getByText("Username copied").hover();
  await page.clock.fastForward(60_000);
  assert.equal(await message.count(), 1);
  await message.getByRole("button", { name: "Dismiss" }).focus();
  await page.mouse.move(0, 0);
  await page.clock.fastForward(60_000);
  assert.equal(await message.count(), 1);
  await page.getByRole("button", { name: "Copy username" }).focus();
  await page.clock.fastForward(5_000);
  await message.waitFor({ state: "detached" });
});

test("browser storage contains no secrets", async () => {
  await enter();
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
  for (const secret of [PASSWORD, rich.password, rich.title, rich.username]) assert.equal(stored.includes(secret), false);
  assert.match(stored, /digest/); // the dump really contains the stored data
});
