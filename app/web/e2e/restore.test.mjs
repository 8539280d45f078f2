// Earlier versions, permanently deleted items, and earlier states of the vault.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logins } from "./samples.mjs";
import { callCore, closeToasts, done, footCount, heading, useStage, vaultOf } from "./stage.mjs";

useStage();

const shows = (page, text) => footCount(page).getByText(text).waitFor();
const says = (page, text) => page.locator(".toast").getByText(text, { exact: true }).last().waitFor();
const row = (page, title) => page.getByRole("option", { name: title }).first();
const idOf = async (page, title) => (await callCore(page, "list", { query: "" })).items.find((it) => it.title === title).id;

test("an earlier version of an item is restored, and that is undone", async () => {
  const [first] = logins(1);
  const page = await vaultOf("ada", [first]);
  const id = await idOf(page, first.title);
  const notes = async () => (await callCore(page, "get", { id })).notes;
  await row(page, first.title).click();
  await heading(page, first.title);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Notes", { exact: true }).fill("a new note");
  await page.keyboard.press("Control+Enter");
  await says(page, "Saved");
  await page.locator("summary", { hasText: "Earlier versions" }).click();
  const versions = page.locator("details", { hasText: "Earlier versions" }).locator(".history li");
  await versions.nth(1).waitFor();
  assert.match(await versions.nth(0).textContent(), /^Notes.* · ada.*Current$/);
  assert.match(await versions.nth(1).textContent(), /^Created.* · ada/);
  await page.getByRole("button", { name: /^Restore the version from/ }).click();
  await says(page, "Version restored");
  assert.equal(await notes(), first.notes);
  await versions.nth(2).waitFor(); // the list has the restoration
  await page.keyboard.press("Control+z");
  await says(page, "Undone");
  assert.equal(await notes(), "a new note");
  await done(page);
});

test("permanently deleted items come back from the trash", async () => {
  const [first, second] = logins(2);
  const page = await vaultOf("berta", [first, second]);
  await row(page, first.title).click();
  await heading(page, first.title);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await shows(page, "1 item");
  await page.locator(".sidebar .nav-item", { hasText: "Trash" }).click();
  await page.getByRole("button", { name: "Empty trash" }).click();
  await page.getByRole("dialog").getByText("For 30 days, you can restore them").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Delete permanently" }).click();
  await says(page, `${first.title} deleted permanently`);
  await page.getByRole("button", { name: "Recently deleted" }).click();
  const dialog = page.getByRole("dialog", { name: "Recently deleted" });
  await dialog.getByText(/^Deleted .* · ada|^Deleted .* · berta/).waitFor();
  await dialog.getByRole("button", { name: `Restore ${first.title}` }).click();
  await dialog.getByText("No recently deleted items.").waitFor();
  await dialog.getByRole("button", { name: "Close" }).click();
  await page.locator(".sidebar .nav-item", { hasText: "All items" }).click();
  await shows(page, "2 items");
  assert.equal((await callCore(page, "get", { id: await idOf(page, first.title) })).password, first.password);
  await done(page);
});

test("the vault goes back to an earlier state after a look at what changes", async () => {
  const [first, second] = logins(2);
  const page = await vaultOf("cora", [first]);
  await callCore(page, "add_many", { items: [{ ...second, title: "Added later" }] });
  await callCore(page, "remove", { ids: [await idOf(page, first.title)] });
  await page.goto(`${page.url().split("#")[0]}#/settings`);
  await page.getByRole("button", { name: "Choose…" }).click();
  const dialog = page.getByRole("dialog", { name: "Restore an earlier state" });
  await dialog.getByText(`Deleted ${first.title}.`).waitFor();
  await dialog.getByText("Added Added later.").waitFor();
  await dialog
    .getByRole("button", { name: /^Go back to the state of/ })
    .last()
    .click();
  await dialog.getByText("2 items will change:").waitFor();
  const effects = await dialog.locator(".history li").allTextContents();
  assert.deepEqual(effects.sort(), [`${first.title}Comes back`, "Added laterDeleted"].sort());
  await dialog.getByRole("button", { name: "Back" }).click();
  await dialog
    .getByRole("button", { name: /^Go back to the state of/ })
    .last()
    .click();
  await dialog.getByRole("button", { name: "Restore", exact: true }).click();
  await says(page, "2 items restored");
  const titles = (await callCore(page, "list", { query: "" })).items.map((it) => it.title);
  assert.deepEqual(titles, [first.title]);
  // One change is undone alone.
  await closeToasts(page);
  await page.getByRole("button", { name: "Choose…" }).click();
  await dialog
    .getByRole("button", { name: /^Undo the change of/ })
    .first()
    .click();
  await dialog.getByText("2 items will change:").waitFor();
  await dialog.getByRole("button", { name: "Restore", exact: true }).click();
  await says(page, "2 items restored");
  assert.deepEqual(
    (await callCore(page, "list", { query: "" })).items.map((it) => it.title),
    ["Added later"],
  );
  await done(page);
});
