// The archive: out of the lists and the search, and back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logins } from "./samples.mjs";
import { callCore, closeToasts, done, footCount, heading, useStage, vaultOf } from "./stage.mjs";

useStage();

const shows = (page, text) => footCount(page).getByText(text, { exact: true }).waitFor();
const says = (page, text) => page.locator(".toast").getByText(text, { exact: true }).last().waitFor();
const nav = (page, name) => page.locator(".sidebar").getByRole("button", { name });
const row = (page, title) => page.getByRole("option", { name: title }).first();
const button = (page, name) => page.getByRole("button", { name, exact: true });
const more = async (page, name) => {
  await button(page, "More actions").click();
  await page.getByRole("menuitem", { name, exact: true }).click();
};

test("archived items leave the lists and come back", async () => {
  const page = await vaultOf("arno", logins(4));
  await row(page, "Harbour Mail").click();
  await heading(page, "Harbour Mail");
  await more(page, "Archive");
  await says(page, "Harbour Mail archived");
  await shows(page, "3 items");
  await page.getByText("Archived on").waitFor(); // the item stays open
  await closeToasts(page);
  await page.getByLabel("Search vault").fill("harbour mail");
  await page.getByText("No results").waitFor();
  await nav(page, "Archive").click(); // searches there
  await shows(page, "1 item");
  assert.equal(await row(page, "Harbour Mail").count(), 1);
  await page.getByLabel("Search vault").fill("");

  // From the selection, with undo.
  await nav(page, "All items").click();
  await shows(page, "3 items");
  await page.getByRole("listbox").focus();
  await page.keyboard.press("Control+a");
  await page.locator(".select-bar").getByRole("button", { name: "Archive" }).click();
  await says(page, "3 items archived");
  await page.getByRole("heading", { name: "All items", exact: true }).waitFor();
  assert.equal((await callCore(page, "list", { query: "" })).total, 0);
  await page.locator(".toast").getByRole("button", { name: "Undo" }).last().click();
  await shows(page, "3 items");

  // Deleted from the archive, an item returns there.
  await nav(page, "Archive").click();
  await row(page, "Harbour Mail").click();
  await heading(page, "Harbour Mail");
  await button(page, "Delete").click();
  await says(page, "Harbour Mail moved to trash");
  await nav(page, "Trash").click();
  await row(page, "Harbour Mail").click();
  await page.locator(".trashed").getByRole("button", { name: "Restore" }).click();
  await nav(page, "Archive").click();
  await row(page, "Harbour Mail").click();
  await more(page, "Unarchive");
  await says(page, "Harbour Mail unarchived");
  await nav(page, "All items").click();
  await shows(page, "4 items");
  await done(page);
});
