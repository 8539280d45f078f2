// Password health: its statements about breaches, and its groups of findings.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { addMany, comesTrue, heading, openPage, registerPerson, startBrowser, startServer } from "./stage.mjs";

const sha1 = (text) => createHash("sha1").update(text).digest("hex").toUpperCase();

// A fake range API of Have I Been Pwned. It knows one password, and fails for another.
const KNOWN = sha1("password");
const REFUSED = sha1("letmein").slice(0, 5);
let refusing = true;
const ranges = createServer((request, response) => {
  const prefix = request.url.slice(-5);
  const headers = { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*" };
  if (refusing && prefix === REFUSED) response.writeHead(404, headers).end();
  else response.writeHead(200, headers).end(prefix === KNOWN.slice(0, 5) ? `${KNOWN.slice(5)}:42` : `${"0".repeat(35)}:0`);
});

let browser, server, page;
before(async () => {
  await new Promise((listening) => ranges.listen(0, "127.0.0.1", listening));
  browser = await startBrowser();
  server = await startServer({ BREACH_ADDRESS: `http://127.0.0.1:${ranges.address().port}` });
  page = await openPage(browser, server.url);
  await registerPerson(page, "hedda");
});
after(async () => {
  await browser?.close();
  await server?.stop();
  ranges.close();
  ranges.closeAllConnections();
});

const login = (title, password) => ({ id: "", type: "login", title, username: "hedda", password, totp: "JBSWY3DPEHPK3PXP" });
const group = (name, on = page) => on.locator(".finding-group", { hasText: name });
const exposed = (on = page) => group("Exposed passwords", on);
const open = async (on = page) => {
  await on.evaluate(() => (location.hash = "#/health"));
  await on.locator(".finding-group").first().waitFor();
};

test("unchecked passwords are not called safe", async () => {
  await addMany(page, [login("Sound", "orbit velvet mustard lantern 7")]);
  await open();
  await exposed().getByText("Not checked yet", { exact: true }).waitFor();
  assert.equal(await exposed().getByText("No issues").count(), 0);
  assert.equal(await exposed().locator(".finding-count").count(), 0);
  await exposed().getByRole("button", { name: "Check 1 password" }).waitFor();
  await page.locator(".score").getByText("Breaches haven’t been checked.").waitFor();
  await page.getByText("Checked on your device, except for data breaches.").waitFor();
});

test("an incomplete check says how far it came", async () => {
  await exposed().getByRole("button", { name: "Check 1 password" }).click();
  await page.getByText("All passwords have been checked.").waitFor();
  await addMany(page, [login("Guessed", "letmein")]);
  await exposed().getByText("1 of 2 passwords checked", { exact: true }).waitFor();
  await page.locator(".score").getByText("1 of 2 passwords checked for breaches.").waitFor();
  await exposed().getByRole("button", { name: "Check 1 password" }).click();
  await exposed().locator(".problem").waitFor();
  await exposed().getByText("1 of 2 passwords checked", { exact: true }).waitFor();
  assert.equal(await exposed().getByText("No issues").count(), 0);
});

test("a complete check says so", async () => {
  refusing = false;
  await addMany(page, [login("Leaked", "password")]);
  await open();
  await exposed().getByRole("button", { name: "Check 2 passwords" }).click();
  await page.getByText("All passwords have been checked.").waitFor();
  assert.equal(await exposed().locator(".finding-count").textContent(), "1");
  assert.equal(await page.locator(".score").getByText("checked").count(), 0);
  await exposed().locator("summary").click();
  await exposed().getByText("seen 42 times").waitFor();
});

test("a group without findings cannot be opened", async () => {
  await open();
  await group("Reused passwords").getByText("No issues").waitFor();
  assert.equal(await group("Reused passwords").locator("summary").count(), 0);
  assert.equal(await group("Weak passwords").locator("summary").count(), 1);
});

test("open groups and the place survive opening an item", async () => {
  await addMany(
    page,
    Array.from({ length: 60 }, (_, i) => login(`Weak ${i + 10}`, `qwerty${i}`)),
  );
  await open();
  await group("Weak passwords").locator("summary").click();
  await group("Weak passwords")
    .getByRole("button", { name: /^Show all/ })
    .click();
  const link = page.getByRole("link", { name: "Weak 69" });
  await link.click();
  await heading(page, "Weak 69");
  await page.goBack();
  await link.waitFor();
  await comesTrue(page, () => {
    const box = [...document.querySelectorAll("a.finding-item")].find((a) => a.textContent.includes("Weak 69"));
    const { top, bottom } = box?.getBoundingClientRect() ?? { top: -1, bottom: 0 };
    return top >= 0 && bottom <= innerHeight;
  });
  // Only going back restores the place. Any other way to this screen starts at its top.
  await page.evaluate(() => (location.hash = "#/generator"));
  await heading(page, "Generator");
  await open();
  assert.equal(await link.count(), 0);
});

test("the row is hidden where the operator turned the check off", async () => {
  const quiet = await startServer({ BREACH_ADDRESS: "off" });
  try {
    const other = await openPage(browser, quiet.url);
    await registerPerson(other, "ottilie");
    await addMany(other, [login("Sound", "orbit velvet mustard lantern 7")]);
    await open(other);
    await other.getByText("Your administrator has turned off the breach check.").waitFor();
    assert.equal(await exposed(other).count(), 0);
    await other.locator(".score").getByText("Breaches haven’t been checked.").waitFor();
    await other.getByText("Checked on your device.", { exact: true }).waitFor();
    await other.context().close();
  } finally {
    await quiet.stop();
  }
});

test("the browser reported no problem", () => assert.deepEqual(page.complaints, []));
