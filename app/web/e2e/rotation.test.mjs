import assert from "node:assert/strict";
import { test } from "node:test";
import { logins } from "./samples.mjs";
import {
  addMany,
  browser,
  confirmPhrase,
  heading,
  openPage,
  PASSWORD,
  registerPerson,
  server,
  signIn,
  useStage,
} from "./stage.mjs";

useStage();

const NEXT = "another lantern, another orbit";
const dialogOf = (page) => page.getByRole("dialog", { name: "Change encryption keys" });

/** Opens the dialog and enters the password. Returns the words of the new phrase. */
async function begin(page, { next } = {}) {
  await page.goto(`${server.url}/#/settings`);
  await page.getByRole("button", { name: "New keys" }).click();
  const dialog = dialogOf(page);
  await dialog.getByLabel("Current master password", { exact: true }).fill(PASSWORD);
  if (next) {
    await dialog.getByLabel("Someone may know my master password").check();
    await dialog.getByLabel("New master password", { exact: true }).fill(next);
    await dialog.getByLabel("Confirm new master password", { exact: true }).fill(next);
  }
  await dialog.getByRole("button", { name: "Continue" }).click();
  await dialog.locator(".words b").first().waitFor();
  return dialog.locator(".words b").allTextContents();
}

test("new keys are shown, confirmed, and seal all items again", async () => {
  const page = await openPage(browser, server.url);
  const old = await registerPerson(page, "rotating");
  await addMany(page, logins(30));
  const other = await openPage(browser, server.url);
  await signIn(other, "rotating");
  await heading(other, "All items");

  const abandoned = await begin(page);
  assert.notDeepEqual(abandoned, old);
  await dialogOf(page).getByRole("button", { name: "Close" }).click();
  await page.locator(".toast").getByText("Nothing was changed.").waitFor();

  const words = await begin(page, { next: NEXT });
  assert.notDeepEqual(words, abandoned);
  await confirmPhrase(page, words);
  await page.locator(".toast").getByText("Your encryption keys have been changed.").waitFor();
  await dialogOf(page).waitFor({ state: "detached" });
  await page.goto(`${server.url}/#/vault`);
  await page.getByText("30 items").first().waitFor();

  // The other session has ended, and the old password is refused.
  await heading(other, "Sign in");
  await signIn(other, "rotating");
  await other.getByRole("alert").waitFor();
  await signIn(other, "rotating", NEXT);
  await other.getByText("30 items").first().waitFor();

  const answer = await page.evaluate(async () => {
    const account = await (await fetch("/api/v1/account")).json();
    return (await fetch(`/api/v1/vaults/${account.vault}?since=0&after=-1&revision=0`)).json();
  });
  assert.deepEqual([...new Set(answer.records.map((r) => r.epoch))], [2]);
});

test("another tab asks for the password after a change of keys", async () => {
  const page = await openPage(browser, server.url);
  await registerPerson(page, "tabbed");
  const tab = await page.context().newPage();
  await tab.goto(server.url);
  await tab.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await tab.getByRole("button", { name: "Unlock" }).click();
  await heading(tab, "All items");
  const words = await begin(page);
  await confirmPhrase(page, words);
  await page.locator(".toast").getByText("Your encryption keys have been changed.").waitFor();
  await heading(tab, "Your vault is locked");
  await tab.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await tab.getByRole("button", { name: "Unlock" }).click();
  await heading(tab, "All items");
});
