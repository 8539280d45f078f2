// The server becomes unreachable and returns.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { logins } from "./samples.mjs";
import { addMany, browser, callCore, heading, openPage, registerPerson, server, signIn, unlock, useStage } from "./stage.mjs";

useStage();
let page;

let person = 0;
let name;
beforeEach(async () => {
  await page?.context().close();
  page = await openPage(browser, server.url);
  name = `person-${++person}`;
  await registerPerson(page, name);
  await addMany(page, logins(3));
  await page.getByText("3 items").waitFor();
});

const goOffline = () => page.context().setOffline(true);
const comeBack = () => page.context().setOffline(false);

async function changeUsername(title, username) {
  await page.getByRole("option", { name: title }).click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Username", { exact: true }).fill(username);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").first().waitFor();
}

const marks = () => page.locator(".row-pending");

test("the vault works offline and syncs later", async () => {
  const [first, second] = (await callCore(page, "list", { query: "" })).items;
  await goOffline();
  await changeUsername(first.title, "typed while offline");
  await page.getByText("You’re offline. You can still view and edit everything. 1 change not synced yet.").waitFor();
  await page.getByRole("option", { name: second.title }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByText("2 changes not synced yet.").waitFor();
  assert.equal(await marks().count(), 1);

  await page.keyboard.press("Alt+l");
  await unlock(page, "not the password");
  await page.getByText("Incorrect master password.").waitFor();
  await unlock(page);
  await page.getByText("2 changes not synced yet.").waitFor();
  await page.getByText("2 items").waitFor();
  await page.getByRole("option", { name: first.title }).click();
  await page.getByText("typed while offline").first().waitFor();

  await comeBack();
  await page.getByText("You’re offline.").waitFor({ state: "detached" });
  await marks().waitFor({ state: "detached" });
  const other = await openPage(browser, server.url);
  await signIn(other, name);
  await other.getByText("2 items").waitFor();
  await other.getByRole("option", { name: first.title }).click();
  await other.getByText("typed while offline").first().waitFor();
  await other.context().close();
  assert.deepEqual(page.complaints, []);
});

test("a rejected change stays with its reason", async () => {
  const [first, second] = (await callCore(page, "list", { query: "" })).items;
  await goOffline();
  await changeUsername(first.title, "too much");
  await changeUsername(second.title, "fine");
  await page.route("**/api/v1/vaults/*/writes", (route) =>
    Buffer.from(route.request().postDataJSON().operations, "base64url").includes(Buffer.from(first.id, "base64url"))
      ? route.fulfill({ status: 507, json: { code: "storage_full", message: "the vault is full", request_id: "r" } })
      : route.continue(),
  );
  await comeBack();
  await page
    .getByText(
      `Couldn’t sync “${first.title}”. The server’s storage is full. Nothing was changed. Contact your administrator. Your change is saved on this device.`,
    )
    .waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".row-pending").length === 1);
  await page.unroute("**/api/v1/vaults/*/writes");
  await page.getByRole("link", { name: "Show item" }).click();
  await heading(page, first.title);
  await changeUsername(first.title, "less");
  await marks().waitFor({ state: "detached" });
});

test("signing out asks before it loses changes", async () => {
  const [first] = (await callCore(page, "list", { query: "" })).items;
  await goOffline();
  await changeUsername(first.title, "typed while offline");
  await page.keyboard.press("Alt+l");
  await heading(page, "Your vault is locked");
  const signOut = page.getByRole("button", { name: "Sign out", exact: true });
  await signOut.click();
  await heading(page, "Sign out without syncing?");
  await page.getByRole("button", { name: "Cancel" }).click();
  await comeBack();
  await signOut.click();
  await page.getByRole("button", { name: "Sign out and lose changes" }).click();
  await heading(page, "Sign in");
  await signIn(page, name);
  await page.getByRole("option", { name: first.title }).click();
  await heading(page, first.title);
  assert.equal(await page.getByText("typed while offline").count(), 0);
});
