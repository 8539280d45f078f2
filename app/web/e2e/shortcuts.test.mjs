// Keyboard shortcuts: on other layouts, turned off, and while an item is shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logins } from "./samples.mjs";
import { done, heading, server, useStage, vaultOf } from "./stage.mjs";

useStage();

const row = (page, title) => page.locator(".row", { hasText: title }).first();
const toast = (page, text) => page.locator(".toast", { hasText: text }).first().waitFor();

const CTRL = 2;

test("shortcuts work with Cyrillic letters", async () => {
  const page = await vaultOf("boris", logins(4));
  const client = await page.context().newCDPSession(page);
  const press = async (key, code, modifiers = 0) => {
    await client.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key, code, modifiers });
    await client.send("Input.dispatchKeyEvent", { type: "keyUp", key, code, modifiers });
  };
  await press("т", "KeyN");
  await heading(page, "New item");
  await page.getByRole("button", { name: "Cancel" }).click();
  await press(".", "Slash");
  await page.waitForFunction(() => document.activeElement.id === "search");
  await page.keyboard.press("ArrowDown");
  await press("с", "KeyC");
  await toast(page, "Password copied");
  await press("г", "KeyU");
  await toast(page, "Username copied");
  await press("ч", "KeyX");
  await page.getByText("1 selected").first().waitFor();
  await press("ф", "KeyA", CTRL);
  await page.getByText("4 selected").first().waitFor();
  await page.keyboard.press("Delete");
  await page.getByText("Your vault is empty").waitFor();
  await press("я", "KeyZ", CTRL);
  await page.getByText("4 items").first().waitFor();
  await press("л", "KeyK", CTRL);
  await page.getByRole("combobox", { name: "Find items and commands" }).waitFor();
  await page.keyboard.press("Escape");
  await done(page);
});

test("single-key shortcuts can be turned off", async () => {
  const page = await vaultOf("carl", logins(4));
  await page.goto(`${server.url}/#/settings`);
  const setting = page.locator(".setting", { has: page.getByRole("heading", { name: "Keyboard shortcuts" }) });
  const show = setting.getByRole("button", { name: "Show", exact: true });
  await show.click();
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  const listed = () => page.locator(".shortcuts kbd").allTextContents();
  assert.ok((await listed()).includes("N"));
  await page.keyboard.press("Escape");
  await page.getByRole("group", { name: "Single-key shortcuts" }).getByRole("radio", { name: "Off" }).check();
  await show.click();
  for (const key of ["N", "/", "?", "C", "U", "X"]) assert.ok(!(await listed()).includes(key), `${key} is listed`);
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => JSON.parse(localStorage.getItem("vaultsphere.preferences")).singleKeys), false);

  await page.goto(`${server.url}/#/vault`);
  await heading(page, "All items");
  await page.getByRole("listbox").focus();
  for (const key of ["n", "/", "?", "c", "u", "x"]) await page.keyboard.press(key);
  await page.keyboard.press("Control+a"); // is handled after the letters
  await page.getByText("4 selected").first().waitFor();
  assert.equal(await page.locator("dialog[open], .toast").count(), 0);
  assert.match(page.url(), /#\/vault$/);
  assert.equal(await page.evaluate(() => document.activeElement.id), "rows");
  await done(page);
});

const KEY = "JBSWY3DPEHPK3PXP";

test("keys go on working while an item is shown", async () => {
  const [first, ...rest] = logins(4);
  const page = await vaultOf("dora", [{ ...first, totp: KEY }, ...rest]);
  const { keyboard } = page;
  await row(page, first.title).click();
  const shown = () =>
    page.waitForFunction((t) => document.activeElement.matches("h2") && document.activeElement.textContent === t, first.title);
  await shown();
  for (const [key, said] of [
    ["c", "Password copied"],
    ["u", "Username copied"],
    ["t", "Verification code copied"],
  ]) {
    await keyboard.press(key);
    await toast(page, said);
  }
  const popup = page.waitForEvent("popup");
  await keyboard.press("o");
  await (await popup).close();
  const star = page.getByRole("button", { name: "Favourite", exact: true });
  const was = await star.getAttribute("aria-pressed");
  await keyboard.press("f");
  await page.waitForFunction((w) => document.querySelector(".item-tools [aria-pressed]").ariaPressed !== w, was);

  await keyboard.press("e");
  await heading(page, `Edit ${first.title}`);
  await keyboard.press("Escape"); // nothing has changed
  await shown();
  await keyboard.press("e");
  await page.getByLabel("Username", { exact: true }).fill("ada@quay.example");
  await keyboard.press("Escape");
  await keyboard.press("Control+s");
  await shown();
  await page.locator(".field-row-value", { hasText: "ada@quay.example" }).waitFor();

  await keyboard.press("Escape");
  await page.waitForFunction(() => document.activeElement.id === "rows" && location.hash === "#/vault");
  const active = () => page.locator('.row[data-active="true"] .row-title').textContent();
  assert.equal(await active(), first.title);
  await keyboard.press("e"); // of the active row
  await heading(page, `Edit ${first.title}`);
  await keyboard.press("Escape");
  await shown();
  await keyboard.press("Delete");
  await page.getByText("3 items").first().waitFor();
  await page.waitForFunction(() => document.activeElement.id === "rows");
  await keyboard.press("?");
  const listed = await page.locator(".shortcuts kbd").allTextContents();
  for (const key of ["T", "O", "E", "F", "S"]) assert.ok(listed.includes(key), `${key} is not listed`);
  await done(page);
});
