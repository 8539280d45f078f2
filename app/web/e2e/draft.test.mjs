import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  addMany,
  browser,
  callCore,
  comesTrue,
  heading,
  openPage,
  registerPerson,
  server,
  signIn,
  unlock,
  useStage,
} from "./stage.mjs";

useStage();
let page;

let person = 0;
beforeEach(async () => {
  await page?.context().close();
  page = await openPage(browser, server.url);
  await registerPerson(page, `writer-${++person}`);
});

const offer = () => page.getByRole("status").getByText(/^Your vault was locked while you were/);
const write = async () => {
  await page.goto(`${server.url}/#/new`);
  await page.getByLabel("Item name", { exact: true }).fill("Half written");
  await page.getByLabel("Password", { exact: true }).fill("not saved yet");
  await page.getByRole("combobox", { name: "Tags", exact: true }).fill("Smith John");
};
const takeUp = async () => {
  await offer().waitFor();
  await page.getByRole("button", { name: "Continue" }).click();
};
const values = async () => [
  await page.getByLabel("Item name", { exact: true }).inputValue(),
  await page.getByLabel("Password", { exact: true }).inputValue(),
];
const comesBack = async () => {
  await takeUp();
  await page.waitForFunction(() => [...document.querySelectorAll("input")].some((i) => i.value === "Half written"));
  assert.deepEqual(await values(), ["Half written", "not saved yet"]);
  await page.getByRole("button", { name: "Save" }).click();
  await heading(page, "Half written");
  const { items } = await callCore(page, "list", { query: "Half", limit: 10, offset: 0 });
  assert.deepEqual(
    items.map((i) => i.tags),
    [["Smith John"]],
  );
};
const lock = async () => {
  await page.keyboard.press("Alt+L");
  await heading(page, "Your vault is locked");
  assert.equal((await page.locator("body").textContent()).includes("Half written"), false);
};

/** Waits until the device stores a sealed draft, or none: the page does so after the lock screen has appeared. */
const draftIsStored = (wanted) =>
  comesTrue(
    page,
    async (wanted) => {
      const memory = await new Promise((done, fail) => {
        const open = indexedDB.open("vaultsphere");
        open.onerror = fail;
        open.onsuccess = () => {
          const all = open.result.transaction("memory").objectStore("memory").getAll();
          all.onsuccess = () => done(JSON.stringify(all.result));
        };
      });
      if (/Half written|not saved/.test(memory)) throw new Error("the draft is not sealed");
      return memory.includes('"token":"gAAAA') === wanted;
    },
    wanted,
  );
const endSession = async () => {
  await page.context().clearCookies();
  await page.reload();
  await heading(page, "Sign in");
};

test("a draft is offered after unlocking", async () => {
  await write();
  await lock();
  await unlock(page);
  await comesBack();
  await lock();
  await unlock(page);
  await heading(page, "Half written");
  assert.equal(await offer().count(), 0, "it was saved");
});

test("a draft survives a reload, for its user only", async () => {
  await write();
  await lock();
  await draftIsStored(true);
  await endSession();
  await registerPerson(page, `reader-${person}`);
  await endSession();
  await signIn(page, `writer-${person}`);
  await comesBack();
});

test("a draft survives a session ended elsewhere", async () => {
  await write();
  await lock();
  await unlock(page);
  await offer().waitFor();
  await endSession();
  await signIn(page, `writer-${person}`);
  await comesBack();
});

test("discarding and signing out delete the draft", async () => {
  await write();
  await lock();
  await unlock(page);
  await offer().waitFor();
  await draftIsStored(true);
  await page.getByRole("status").getByRole("button", { name: "Discard" }).click();
  await draftIsStored(false);
  await write();
  await lock();
  await draftIsStored(true);
  await page.getByRole("button", { name: "Sign out" }).click();
  await heading(page, "Sign in");
  await draftIsStored(false);
});

test("a comma ends a tag, and tags with a comma stay", async () => {
  await addMany(page, [{ id: "", type: "login", title: "Mail", tags: ["Smith, John", "a,b"] }]);
  await page.getByRole("option", { name: "Mail" }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByRole("combobox", { name: "Tags", exact: true }).fill("c, d");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Remove tag “a,b”" }).click();
  await page.getByLabel("Notes", { exact: true }).fill("changed");
  await page.getByRole("button", { name: "Save" }).click();
  await heading(page, "Mail");
  const { items } = await callCore(page, "list", { query: "Mail", limit: 10, offset: 0 });
  assert.deepEqual(items[0].tags, ["Smith, John", "c", "d"]);
});
