// The browser's own password manager keeps the master password for this site. It belongs into the sign-in form and nowhere else.
import assert from "node:assert/strict";
import { createCipheriv, pbkdf2Sync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { heading, openPage, PASSWORD, PATIENCE_MS, program, registerPerson, startBrowser, startServer } from "./stage.mjs";

let browser, context, server, profile;
before(async () => {
  browser = await startBrowser();
  server = await startServer();
  profile = mkdtempSync(join(tmpdir(), "vaultsphere-profile-"));
});
after(async () => {
  await context?.close();
  await browser?.close();
  await server?.stop();
  rmSync(profile, { recursive: true, force: true });
});

const open = () => chromium.launchPersistentContext(profile, {
  executablePath: program("CHROMIUM", "/usr/bin/chromium", "apt-get install chromium"),
  args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--password-store=basic", "--disable-sync"],
  ignoreDefaultArgs: ["--headless", "--headless=old", "--enable-automation"],
  serviceWorkers: "block",
});

/** Writes a password as Chromium does where the system has no key ring (os_crypt, "v10"). */
function keep(origin, username, password) {
  const cipher = createCipheriv("aes-128-cbc", pbkdf2Sync("peanuts", "saltysalt", 1, 16, "sha1"), Buffer.alloc(16, " "));
  const sealed = Buffer.concat([Buffer.from("v10"), cipher.update(password, "utf8"), cipher.final()]);
  const db = new DatabaseSync(join(profile, "Default/Login Data"));
  const known = {
    origin_url: origin, signon_realm: origin, username_value: username, password_value: sealed, date_created: 13300000000000000n,
    blacklisted_by_user: 0, scheme: 0, times_used: 1, date_last_used: 13300000000000000n, date_password_modified: 13300000000000000n,
  };
  const columns = db.prepare("PRAGMA table_info(logins)").all().filter((c) => c.name in known || (c.notnull && !c.pk && c.dflt_value === null));
  const blank = (type) => (/CHAR|TEXT/i.test(type) ? "" : /BLOB/i.test(type) ? new Uint8Array() : 0);
  db.prepare(`INSERT INTO logins (${columns.map((c) => c.name)}) VALUES (${columns.map(() => "?")})`)
    .run(...columns.map((c) => known[c.name] ?? blank(c.type)));
  db.close();
}

const filled = (page) => page.evaluate(() => [...document.querySelectorAll(":autofill")].map((e) => e.labels?.[0]?.textContent));

test("a master password that the browser has saved goes into the sign-in form and into no entry", async () => {
  const first = await openPage(browser, server.url);
  await registerPerson(first, "anna");
  await first.context().close();
  context = await open();
  await context.newPage().then((p) => p.goto("about:blank"));
  await context.close();
  keep(`${server.url}/`, "anna", PASSWORD);

  context = await open();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(server.url);
  await heading(page, "Sign in");
  await page.waitForFunction(() => document.querySelectorAll(":autofill").length === 2); // else the rest would show nothing
  await page.mouse.click(5, 5); // the browser gives what it filled to the page at the first sign of a person
  await page.getByRole("button", { name: "Sign in" }).click();
  await heading(page, "All entries");
  for (const type of ["login", "note", "card", "identity", "ssh_key"]) {
    await page.goto(`${server.url}/#/new/${type}`);
    await page.getByLabel("Title", { exact: true }).waitFor();
    if (type !== "note") await page.getByRole("button", { name: "Add a field" }).click();
    await page.getByLabel("Title", { exact: true }).fill(`A ${type}`);
    for (const box of await page.locator("form.entry-form input:not([type=radio]):not([type=checkbox])").all()) await box.focus();
    assert.deepEqual(await filled(page), [], type);
    const values = await page.locator("form.entry-form input:not([type=radio]):not([type=checkbox]), form.entry-form textarea")
      .evaluateAll((boxes) => boxes.map((b) => b.value).filter(Boolean));
    assert.deepEqual(values, [`A ${type}`], type);
    // A script that fills forms is not a person either.
    await page.getByLabel("Notes", { exact: true }).evaluate((box) => {
      box.value = "filled by a script";
      box.dispatchEvent(new Event("input", { bubbles: true }));
    });
    assert.equal(await page.getByLabel("Notes", { exact: true }).inputValue(), "", type);
    await page.getByRole("button", { name: "Save" }).click();
    await heading(page, `A ${type}`);
    assert.equal((await page.locator("main").textContent()).includes(PASSWORD), false, type);
  }
});
