// The sealed copy on the device, when the server rejects the session, lies or is unreachable.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, beforeEach, test } from "node:test";
import { findingsInBothThemes } from "./axe.mjs";
import { logins } from "./samples.mjs";
import {
  addMany,
  callCore,
  footCount,
  heading,
  openPage,
  PASSWORD,
  registerPerson,
  signIn,
  startBrowser,
  startServer,
  unlock,
} from "./stage.mjs";
import { cutOff, damageMemory, reconnect, tamperVault, VAULT } from "./tamper.mjs";

let browser, server, page;
before(async () => {
  browser = await startBrowser();
  server = await startServer();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

let person = 0;
let name;
beforeEach(async () => {
  await page?.context().close();
  page = await openPage(browser, server.url);
  name = `keeper-${++person}`;
  await registerPerson(page, name);
  await addMany(page, logins(3));
  await page.getByText("3 items").waitFor();
});

/** Makes the server reject the session. */
const deny = () =>
  page.route("**/api/**", (route) =>
    route.fulfill({ status: 401, json: { code: "unauthorized", message: "no", request_id: "r" } }),
  );
const visible = () => page.evaluate(() => document.dispatchEvent(new Event("visibilitychange"))); // the page syncs
const offered = () => page.getByRole("link", { name: `Open the offline copy of ${name}` });

/** Leaves a change in the outbox, then makes the server reject the session. */
async function refused() {
  await cutOff(page);
  await page.locator(".row").first().click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Username", { exact: true }).fill("typed while offline");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("1 change not synced yet.").waitFor();
  const title = await page.locator(".item-header h2").textContent();
  await reconnect(page);
  await deny();
  await visible();
  await heading(page, "Sign in");
  await offered().waitFor();
  return title;
}

async function openIt(password = PASSWORD) {
  await offered().click();
  await heading(page, "Offline copy");
  await page.getByText("1 change in it isn’t synced yet.").waitFor();
  await page.getByLabel("Master password", { exact: true }).fill(password);
  await page.keyboard.press("Enter");
}

test("after a refused session the copy remains", async () => {
  const title = await refused();
  await reconnect(page); // removes the 401
  await cutOff(page);
  await openIt("not the password");
  await page.getByText("Incorrect master password.").waitFor();
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.getByText(`You’re viewing the offline copy of ${name}. It’s read-only.`).waitFor();
  await page.getByText("3 items").waitFor();
  await page.getByRole("option", { name: title }).click();
  await page.getByText("typed while offline").first().waitFor();
  for (const button of ["Edit", "Delete", "Attach files", "More actions", "Favourite"]) {
    assert.equal(await page.getByRole("button", { name: button, exact: true }).count(), 0, button);
  }
  await page.keyboard.press("n");
  assert.equal(await page.getByRole("heading", { name: "New item" }).count(), 0);

  await page.getByRole("link", { name: "Export" }).first().click();
  await page.getByLabel("Format", { exact: true }).selectOption("bitwarden-json");
  await page.getByLabel("Master password", { exact: true }).fill("not the password");
  await page.getByRole("button", { name: "Export", exact: true }).click();
  await page.getByText("Incorrect master password.").waitFor();
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Export", exact: true }).click();
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export unencrypted" }).click(),
  ]);
  assert.ok(readFileSync(await file.path(), "utf8").includes("typed while offline"));

  await page.getByRole("button", { name: "Close the copy" }).first().click();
  await heading(page, "Sign in");
  await offered().waitFor();
  await reconnect(page);
  await signIn(page, name);
  await footCount(page).filter({ hasText: "3 items" }).waitFor();
  const other = await openPage(browser, server.url);
  await signIn(other, name);
  await other.getByRole("option", { name: title }).click();
  await other.getByText("typed while offline").first().waitFor();
  await other.context().close();
  assert.deepEqual(page.complaints, []);
});

test("a draft survives a refused session", async () => {
  await page.goto(`${server.url}/#/new`);
  await page.getByLabel("Item name", { exact: true }).fill("Half written");
  await deny();
  await visible();
  await heading(page, "Sign in");
  await reconnect(page);
  await signIn(page, name);
  await page.getByText(/^Your vault was locked while you were editing “Half written”/).waitFor();
});

test("only a confirmed deletion removes a copy", async () => {
  await refused();
  await offered().click();
  await page.getByRole("button", { name: "Delete this copy" }).click();
  await page.getByText("You’ll lose 1 change that isn’t synced yet.").waitFor();
  await page.keyboard.press("Enter"); // the first button is the safe one
  await page.getByRole("heading", { name: "Delete this copy?" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Delete this copy" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete this copy" }).click();
  await heading(page, "Sign in");
  assert.equal(await offered().count(), 0);
  await page.reload();
  await heading(page, "Sign in");
  assert.equal(await offered().count(), 0);
});

test("a damaged list of copies does not block sign-in", async () => {
  await refused();
  await page.evaluate(
    () =>
      new Promise((done, fail) => {
        const open = indexedDB.open("vaultsphere-copy");
        open.onerror = fail;
        open.onsuccess = () => {
          const tx = open.result.transaction("pieces", "readwrite");
          const segment = new TextEncoder().encode("[");
          tx.objectStore("pieces").put({ stamp: "x", piece: segment }, ["quarantine", 99]);
          tx.oncomplete = done;
        };
      }),
  );
  await page.reload();
  await page.getByText("The list of offline copies on this device is damaged.").waitFor();
  await reconnect(page);
  await signIn(page, name);
  await page.getByText("3 items").waitFor();
});

test("an older vault leaves what this device verified open", async () => {
  let old;
  await page.reload();
  await heading(page, "Your vault is locked");
  await tamperVault(page, (vault) => (old ??= structuredClone(vault)));
  await unlock(page);
  await page.getByText("3 items").waitFor();
  await addMany(page, logins(2));
  await page.getByText("5 items").waitFor();
  await page.unroute(VAULT);
  await page.reload();
  await heading(page, "Your vault is locked");
  await tamperVault(page, (vault) => Object.assign(vault, old));
  await unlock(page);
  await page.getByText("Read-only: the server shows a different history of your vault.").waitFor();
  await page.getByText("5 items").waitFor();
  await page.getByRole("link", { name: "What to do" }).click();
  await heading(page, "Your vault is read-only");
  assert.deepEqual(await findingsInBothThemes(page), []);
});

test("the alarm about a damaged memory offers the copy before signing out", async () => {
  await addMany(page, logins(2));
  await page.getByText("5 items").waitFor();
  await damageMemory(page);
  await page.reload();
  await heading(page, "Your vault is locked");
  await unlock(page);
  await heading(page, "The server has an older version of your vault");
  const openHere = page.getByRole("button", { name: "Open the offline copy" });
  await openHere.waitFor();
  assert.deepEqual(await page.locator(".actions button").allTextContents(), [
    "Open the offline copy",
    "Check again",
    "Sign out and delete",
  ]);
  assert.deepEqual(await page.locator(".actions .button-primary").allTextContents(), ["Open the offline copy"]);
  assert.deepEqual(await findingsInBothThemes(page), []);

  await page.getByRole("button", { name: "Sign out and delete" }).click();
  await page.getByText("Signing out deletes the offline copy on this device").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await openHere.click();
  await heading(page, "Offline copy");
  assert.deepEqual(await findingsInBothThemes(page), []);
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Open read-only" }).click();
  await page.getByText("5 items").waitFor();
  assert.deepEqual(await findingsInBothThemes(page), []);
  await page.keyboard.press("Alt+l");
  await heading(page, "Your vault is locked");
  const { copies } = await callCore(page, "copies", {});
  assert.deepEqual(
    copies.map((c) => [c.username, c.since]),
    [[name, undefined]],
  );
});

test("server errors leave the link to the copy", async () => {
  await page.reload();
  await heading(page, "Your vault is locked");
  await page.route("**/api/**", (route) =>
    route.fulfill({ status: 403, json: { code: "forbidden", message: "no", request_id: "r" } }),
  );
  await unlock(page);
  await offered().click();
  await heading(page, "Offline copy"); // the screen before has the same field
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Open read-only" }).click();
  await page.getByText("3 items").waitFor();
});
