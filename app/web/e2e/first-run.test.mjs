// From opening the page to the first saved login: what a person has to do, and how long the machine takes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { beginRegistration, browser, confirmPhrase, done, heading, openPage, PASSWORD, server, useStage } from "./stage.mjs";

useStage();

test("the first login takes few clicks and fields", async (t) => {
  const begun = performance.now();
  const page = await openPage(browser, server.url);
  await page.evaluate(() => {
    globalThis.clicks = 0;
    globalThis.fields = new Set();
    addEventListener("click", (e) => e.detail > 0 && globalThis.clicks++, true);
    addEventListener("input", (e) => globalThis.fields.add(e.target), true);
  });
  await confirmPhrase(page, await beginRegistration(page, "ada"));
  await heading(page, "All items");
  await page.getByRole("link", { name: "New item" }).first().click();
  await heading(page, "New item");
  await page.getByLabel("Item name", { exact: true }).fill("Harbour Mail");
  await page.getByLabel("Username", { exact: true }).fill("ada@harbour.example");
  await page.getByRole("button", { name: "Generate password" }).click();
  await page.getByRole("button", { name: "Use this password" }).click();
  await page.getByRole("button", { name: "Save" }).click();
  await heading(page, "Harbour Mail");
  const seconds = (performance.now() - begun) / 1000;
  const { clicks, fields } = await page.evaluate(() => ({ clicks: globalThis.clicks, fields: globalThis.fields.size }));
  t.diagnostic(`${clicks} clicks, ${fields} fields, ${seconds.toFixed(1)} s of machine time`);
  assert.ok(clicks <= 8, `${clicks} clicks`);
  assert.ok(fields <= 9, `${fields} fields`);
  await done(page);
});

test("the recovery phrase fits the screen of a phone", async (t) => {
  for (const locale of ["en", "de", "es", "fr", "ru"]) {
    await t.test(locale, async () => {
      const page = await openPage(browser, server.url, { locale, viewport: { width: 390, height: 844 } });
      await page.evaluate(() => (location.hash = "#/register"));
      const fields = page.locator("form:has([autocomplete=new-password]) input");
      await fields.first().waitFor();
      const [username, ...passwords] = await fields.all();
      await username.fill(`phone-${locale}`);
      for (const password of passwords) await password.fill(PASSWORD);
      await page.locator("form [type=submit]").click();
      await page.locator(".words").waitFor();
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      assert.ok(height <= 844, `${height} pixels`);
      await done(page);
    });
  }
});
