// Over plain HTTP from another machine, the page shows a warning and no password field.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { heading, openPage, PATIENCE_MS, program, startServer } from "./stage.mjs";

let browser, server;
before(async () => {
  server = await startServer();
  browser = await chromium.launch({
    executablePath: program("CHROMIUM", "/usr/bin/chromium", "apt-get install chromium"),
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP vault.example 127.0.0.1"],
  });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("plain HTTP is refused except on this machine", async () => {
  const elsewhere = server.url.replace("127.0.0.1", "vault.example");
  for (const place of ["", "/#/register", "/#/recover"]) {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(elsewhere + place);
    await heading(page, "This connection isn’t secure");
    assert.equal(await page.locator("input, textarea").count(), 0, place);
    await page.close();
  }
  const here = await openPage(browser, server.url);
  await heading(here, "Sign in");
});
