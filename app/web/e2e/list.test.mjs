// The list in small windows, and what it keeps: the focus and the scroll position.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logins } from "./samples.mjs";
import { addMany, browser, heading, openPage, registerPerson, server, useStage } from "./stage.mjs";

useStage();

const row = (page, title) => page.locator(".row", { hasText: title }).first();

async function vaultOf(username, items, options) {
  const page = await openPage(browser, server.url, { reducedMotion: "reduce", ...options });
  await registerPerson(page, username);
  await addMany(page, items);
  await page.locator(".row").first().waitFor();
  return page;
}

async function done(page) {
  assert.deepEqual(page.complaints, []);
  await page.context().close();
}

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
    const { seen, wide } = await page.evaluate(() => {
      const pane = document.querySelector(".list-pane").getBoundingClientRect();
      const rows = [...document.querySelectorAll(".row")].map((r) => r.getBoundingClientRect());
      return {
        seen: rows.filter((r) => r.top >= pane.top && r.bottom <= pane.bottom).length,
        wide: document.scrollingElement.scrollWidth > innerWidth,
      };
    });
    assert.ok(seen >= 2, `${seen} whole rows at ${width} by ${height}`);
    assert.equal(wide, false, `${width} by ${height} scrolls sideways`);
  }
  await done(page);
});
