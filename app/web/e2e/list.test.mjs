// The list: small windows, the focus and the scroll position.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "./axe.mjs";
import { logins } from "./samples.mjs";
import { addMany, done, heading, unlock, useStage, vaultOf } from "./stage.mjs";

useStage();

const row = (page, title) => page.locator(".row", { hasText: title }).first();

test("a row can be clicked in the smallest windows", async () => {
  const page = await vaultOf("ada", logins(30));
  for (const [width, height] of [
    [320, 256],
    [640, 400],
    [740, 360],
    [844, 390],
  ]) {
    await page.setViewportSize({ width, height });
    const last = row(page, "Vellum Press");
    for (const title of ["Alder & Sons", "Quill Notes 2"]) {
      await page.getByLabel("Search vault").fill(title);
      await row(page, title).click();
      await heading(page, title);
      await page.goBack();
      await page.getByLabel("Search vault").fill("");
    }
    await page.getByRole("listbox").focus();
    await page.keyboard.press("End");
    await last.click();
    await heading(page, "Vellum Press");
    await page.goBack();
    await page.waitForFunction(() => {
      const pane = document.querySelector(".list-pane").getBoundingClientRect();
      const rows = [...document.querySelectorAll(".row")].map((r) => r.getBoundingClientRect());
      return pane.height > 0 && rows.filter((r) => r.top >= pane.top && r.bottom <= pane.bottom).length >= 2;
    });
    const wide = await page.evaluate(() => document.scrollingElement.scrollWidth > innerWidth);
    assert.equal(wide, false, `${width} by ${height} scrolls sideways`);
  }
  await done(page);
});

const onList = (page) => page.waitForFunction(() => document.activeElement.id === "rows");
const activeRow = (page) => page.locator('.row[data-active="true"] .row-title').textContent();
const nextFrames = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));

test("the focus is never lost", async () => {
  const page = await vaultOf("berta", logins(30));
  const { keyboard } = page;
  await onList(page); // after registration, once there are rows
  await keyboard.press("Alt+l");
  await unlock(page);
  await onList(page);

  await keyboard.press("x");
  await page.getByRole("button", { name: "Edit tags" }).click();
  await page.getByLabel("Add tag").fill("Later");
  await keyboard.press("Enter");
  await page.getByRole("button", { name: "Apply" }).click();
  await page
    .getByText(/ tagged “Later”$/)
    .first()
    .waitFor();
  await onList(page);
  await page.getByRole("button", { name: "Select all 30" }).focus();
  await keyboard.press("Escape"); // with the focus outside the list
  await page.getByText("30 items").first().waitFor();
  await onList(page);

  await page.evaluate(() => (location.hash = "#/settings"));
  await heading(page, "Settings");
  await page.goBack();
  await onList(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await row(page, "Brightwater Council").click();
  await heading(page, "Brightwater Council");
  await page.goBack();
  await onList(page);
  assert.equal(await activeRow(page), "Brightwater Council");
  await keyboard.press("n");
  await heading(page, "New item");
  await page.goBack();
  await onList(page);
  await done(page);
});

test("the list is left and found at the same place", async () => {
  const page = await vaultOf("cleo", logins(200));
  const top = () => page.locator(".rows").evaluate((el) => el.scrollTop);
  const scroll = (to) => page.locator(".rows").evaluate((el, to) => (el.scrollTop = to), to);
  const isAt = (wanted) => page.waitForFunction((to) => Math.abs(document.querySelector(".rows")?.scrollTop - to) < 2, wanted);
  await scroll(6000);
  await nextFrames(page);
  await page.evaluate(() => (location.hash = "#/settings"));
  await heading(page, "Settings");
  await page.goBack();
  await isAt(6000);

  await page.getByRole("button", { name: /^Work/ }).first().click();
  await heading(page, "Work");
  assert.equal(await top(), 0);
  await page
    .getByRole("button", { name: /^All items/ })
    .first()
    .click();
  await isAt(6000);

  const middle = page.locator(".row").nth(10);
  const title = await middle.locator(".row-title").textContent();
  await middle.click();
  await heading(page, title);
  const before = await top();
  await scroll(1200); // away from the item
  await nextFrames(page);
  await addMany(page, [{ ...logins(1)[0], title: "Zebra" }]);
  await page.getByText("201 items").first().waitFor();
  await nextFrames(page);
  assert.equal(await top(), 1200, `a sync moved the list, which was at ${before} before`);

  await page.getByLabel("Search vault").fill("tessera");
  await nextFrames(page);
  assert.equal(await top(), 0);
  await page.getByLabel("Search vault").fill("");
  await isAt(1200);
  await done(page);
});

test("rows offer actions to the mouse and to the keyboard", async () => {
  const page = await vaultOf("emil", logins(30));
  const { keyboard } = page;
  const says = (text) => page.locator(".toast", { hasText: text }).first().waitFor();
  const bar = page.getByRole("toolbar");
  await row(page, "Brightwater Council 2").hover();
  await page
    .getByRole("toolbar", { name: "Actions for “Brightwater Council 2”" })
    .getByRole("button", { name: "Copy username" })
    .click();
  await says("Username copied");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "ada.2@harbour.example");
  assert.equal(await page.locator(".item").count(), 0); // a click on a button does not open the item
  assert.equal(await page.locator('[role="option"] :is(button, a)').count(), 0);

  await row(page, "Alder & Sons 2").click({ button: "right" });
  const menu = page.getByRole("menu", { name: "Actions for “Alder & Sons 2”" });
  await menu.getByRole("menuitem", { name: "Open website" }).waitFor();
  assert.deepEqual(await findings(page), []);
  await menu.getByRole("menuitem", { name: "Duplicate" }).click();
  await heading(page, "Alder & Sons 2 (copy)");
  await page.getByText("31 items").first().waitFor();

  await page.mouse.move(900, 400);
  await page.getByRole("listbox").focus();
  await keyboard.press("Home");
  await keyboard.press("Shift+F10");
  const first = page.getByRole("menu", { name: "Actions for “Alder & Sons”" });
  await first.waitFor();
  await keyboard.press("ArrowUp"); // the last
  await keyboard.press("d"); // the next of this letter
  assert.equal(await page.evaluate(() => document.activeElement.innerText), "Duplicate");
  await keyboard.press("Escape");
  await first.waitFor({ state: "detached" });
  await onList(page);
  await keyboard.press("ContextMenu");
  await first.waitFor();
  await keyboard.press("e");
  await keyboard.press("Enter");
  await heading(page, "Edit Alder & Sons");
  await keyboard.press("Escape");
  await heading(page, "Alder & Sons");
  await keyboard.press("Escape");
  await onList(page);

  await keyboard.press("Tab"); // the buttons of the active row
  await keyboard.press("ArrowRight");
  await keyboard.press("Enter");
  await says("Password copied");
  await keyboard.press("End");
  await keyboard.press("Enter");
  await first.getByRole("menuitem", { name: /^Delete/ }).click();
  await page.getByText("30 items").first().waitFor();
  await onList(page);
  await keyboard.press("x"); // the bar of the selection replaces them
  await page.getByText("1 selected").first().waitFor();
  await row(page, "Cobalt Cloud").hover();
  assert.equal(await bar.count(), 0);
  await done(page);
});

test("screen readers hear that a search found nothing", async () => {
  const page = await vaultOf("dina", logins(3));
  await page.getByLabel("Search vault").fill("zzz");
  await page.locator('.list-pane [role="status"]', { hasText: "No results for “zzz”" }).waitFor();
  await page.getByLabel("Search vault").fill("");
  await page.locator('.list-pane [role="status"]', { hasText: "3 items" }).waitFor();
  await page
    .getByRole("button", { name: /^Trash/ })
    .first()
    .click();
  await page.locator('.list-pane [role="status"]', { hasText: "Trash is empty" }).waitFor();
  await done(page);
});
