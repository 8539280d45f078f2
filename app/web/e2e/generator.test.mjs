// The generator follows the chosen rules and stores them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { heading, openPage, registerPerson, startBrowser, startServer, unlock } from "./stage.mjs";

let browser, server, page;
before(async () => {
  browser = await startBrowser();
  server = await startServer();
  page = await openPage(browser, server.url);
  await registerPerson(page, "gina");
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const field = (name) => page.getByLabel(name, { exact: true });
const open = async () => {
  await page.evaluate(() => (location.hash = "#/generator"));
  await heading(page, "Generator");
};
/** Waits for a value that matches. The page generates a new one after each choice. */
const made = (pattern) =>
  page.waitForFunction(
    (source) => new RegExp(source, "u").test(document.querySelector(".generated-value")?.textContent ?? ""),
    pattern.source,
  );
const count = (value, kind) => [...value].filter((c) => kind.test(c)).length;

test("minimums and own symbols are respected", async () => {
  await open();
  await field("Symbols to use").fill("#%");
  await field("Minimum number of 0–9").selectOption("at least 9");
  await field("Minimum number of Symbols such as ! % & ?").selectOption("at least 5");
  await field("a–z").uncheck();
  await made(/^[A-Z0-9#%]{20}$/);
  for (let i = 0; i < 5; i++) {
    const value = await page.locator(".generated-value").textContent();
    assert.ok(count(value, /\d/) >= 9 && count(value, /[#%]/) >= 5 && count(value, /[A-Z]/) >= 1, value);
    await page.getByRole("button", { name: "Regenerate" }).click();
    await page.waitForFunction((old) => document.querySelector(".generated-value").textContent !== old, value);
  }
  await page.getByText(/^(Strong|Very strong), \d+ bits of entropy$/).waitFor();
});

test("the rules are stored", async () => {
  await page.reload();
  await unlock(page);
  await open();
  await made(/^[A-Z0-9#%]{20}$/);
  assert.equal(await field("Symbols to use").inputValue(), "#%");
  await page.getByRole("radio", { name: "Passphrase" }).check({ force: true });
  await field("Word separator").selectOption("Full stop");
  await field("Capitalise").check();
  await field("Include number").check();
  await made(/^(?=.*\d)[A-Z][a-z-]*\d*(\.[A-Z][a-z-]*\d*){4}$/);
});

test("a new password is announced after a pause, but not read aloud", async () => {
  await open();
  await made(/./);
  await page.clock.install();
  await page.clock.pauseAt(Date.now() + 60_000); // after the announcement of the first password
  const spoken = async () => (await page.getByRole("status").allTextContents()).join("");
  assert.equal(await spoken(), "");
  await page.getByRole("slider").focus();
  for (const words of [6, 7]) {
    await page.keyboard.press("ArrowRight");
    await page.clock.runFor(100); // runs the effects of the page
    await made(new RegExp(`^[^.]+(\\.[^.]+){${words - 1}}$`));
    await page.clock.runFor(800);
    assert.equal(await spoken(), "");
  }
  await page.clock.runFor(400);
  assert.equal(await spoken(), "New passphrase generated");
  await page.clock.runFor(3000);
  assert.equal(await spoken(), "");
  assert.equal(await page.locator("output").count(), 0); // is a status as well
});
