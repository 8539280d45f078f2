// The browser's password manager has saved the master password. It may fill only the sign-in form.
import assert from "node:assert/strict";
import { createCipheriv, pbkdf2Sync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import {
  callCore,
  heading,
  openPage,
  PASSWORD,
  PATIENCE_MS,
  program,
  registerPerson,
  startBrowser,
  startServer,
} from "./stage.mjs";

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

const open = () =>
  chromium.launchPersistentContext(profile, {
    executablePath: program("CHROMIUM", "/usr/bin/chromium", "apt-get install chromium"),
    args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--password-store=basic", "--disable-sync"],
    ignoreDefaultArgs: ["--headless", "--headless=old", "--enable-automation"],
    serviceWorkers: "block",
  });

/** Saves a password as Chromium does on a system without a key ring (os_crypt, "v10"). */
function keep(origin, username, password) {
  const cipher = createCipheriv("aes-128-cbc", pbkdf2Sync("peanuts", "saltysalt", 1, 16, "sha1"), Buffer.alloc(16, " "));
  const sealed = Buffer.concat([Buffer.from("v10"), cipher.update(password, "utf8"), cipher.final()]);
  const db = new DatabaseSync(join(profile, "Default/Login Data"));
  const known = {
    origin_url: origin,
    signon_realm: origin,
    username_value: username,
    password_value: sealed,
    date_created: 13300000000000000n,
    blacklisted_by_user: 0,
    scheme: 0,
    times_used: 1,
    date_last_used: 13300000000000000n,
    date_password_modified: 13300000000000000n,
  };
  const columns = db
    .prepare("PRAGMA table_info(logins)")
    .all()
    .filter((c) => c.name in known || (c.notnull && !c.pk && c.dflt_value === null));
  const blank = (type) => {
    if (/CHAR|TEXT/i.test(type)) return "";
    return /BLOB/i.test(type) ? new Uint8Array() : 0;
  };
  db.prepare(`INSERT INTO logins (${columns.map((c) => c.name)}) VALUES (${columns.map(() => "?")})`).run(
    ...columns.map((c) => known[c.name] ?? blank(c.type)),
  );
  db.close();
}

const filled = (page) => page.evaluate(() => [...document.querySelectorAll(":autofill")].map((e) => e.labels?.[0]?.textContent));

test("a saved master password fills only the sign-in form", async () => {
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
  await page.waitForFunction(() => document.querySelectorAll(":autofill").length === 2); // without this, the rest would prove nothing
  await page.mouse.click(5, 5); // the browser reveals filled values after the first user input
  await page.getByRole("button", { name: "Sign in" }).click();
  await heading(page, "All items");
  for (const type of ["login", "note", "card", "identity", "ssh_key"]) {
    await page.goto(`${server.url}/#/new/${type}`);
    await page.getByLabel("Item name", { exact: true }).waitFor();
    for (const [i, kind] of ["", "hidden", "boolean", "link"].entries()) {
      await page.getByRole("button", { name: "Add field" }).click();
      await page.getByLabel(`Field type ${i + 1}`, { exact: true }).selectOption(kind);
    }
    await page.getByLabel("Item name", { exact: true }).fill(`A ${type}`);
    await holdsNothingElse(page, [`A ${type}`]);
    // The form also ignores values that a form filler sets.
    await page.locator("form.item-form").evaluate(fillByScript);
    await holdsNothingElse(page, [`A ${type}`]);
    assert.equal(await page.getByRole("radio", { checked: true }).getAttribute("value"), type);
    await page.getByRole("button", { name: "Save" }).click();
    await heading(page, `A ${type}`);
    assert.equal((await page.locator("main").textContent()).includes(PASSWORD), false, type);
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await heading(page, `Edit A ${type}`);
    await holdsNothingElse(page, [`A ${type}`]);
    await page.locator("form.item-form").evaluate(fillByScript);
    await page.getByLabel("Notes", { exact: true }).fill("typed");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("typed").waitFor();
    const { items } = await callCore(page, "list", { query: `A ${type}` });
    const saved = await callCore(page, "get", { id: items[0].id });
    for (const known of ["id", "base", "created", "modified"]) delete saved[known];
    assert.deepEqual(saved, {
      type,
      title: `A ${type}`,
      notes: "typed",
      fields: [{ name: "", value: "false", kind: "boolean" }],
    });
  }
});

test("it does not fill the password of an imported file", async () => {
  const page = context.pages().at(-1);
  await page.goto(`${server.url}/#/import`);
  await heading(page, "Import");
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles(fileURLToPath(new URL("../../transfer/testdata/bitwarden/protected-pbkdf2.json", import.meta.url)));
  const box = page.getByLabel("File password", { exact: true });
  await box.focus();
  assert.deepEqual(await filled(page), []);
  assert.equal(await box.inputValue(), "");
});

/** Checks that the browser filled in no input, and that the inputs have only these values. */
async function holdsNothingElse(page, values) {
  const boxes = page.locator("form.item-form :is(input:not([type=radio], [type=checkbox], [type=file]), textarea)");
  for (const box of await boxes.all()) {
    assert.ok(await box.isVisible());
    await box.focus();
  }
  assert.deepEqual(await filled(page), []);
  assert.deepEqual(await boxes.evaluateAll((all) => all.map((b) => b.value).filter(Boolean)), values);
}

/** Fills in a form as a browser extension does. */
function fillByScript(form) {
  for (const box of form.querySelectorAll("input:not([type=file]), textarea")) {
    if (["radio", "checkbox"].includes(box.type)) box.checked = !box.checked;
    else box.value = "filled by a script";
    for (const type of ["input", "change"]) box.dispatchEvent(new Event(type, { bubbles: true }));
  }
}
