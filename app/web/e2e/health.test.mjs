// Password health: its statements about breaches, and its groups of findings.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import {
  addMany,
  callCore,
  closeToasts,
  comesTrue,
  coreOf,
  done,
  heading,
  openPage,
  registerPerson,
  startBrowser,
  startServer,
} from "./stage.mjs";

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
  const link = page.getByRole("link", { name: "Weak 69 hedda" });
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

const openItem = async (title) => {
  const { items } = await callCore(page, "list", { query: title });
  await page.evaluate((id) => (location.hash = `#/item/${id}`), items[0].id);
  await heading(page, title);
};
const card = () => page.locator(".item-health");

test("an item shows its own warnings", async () => {
  await addMany(page, [
    login("Twin", "password"),
    { ...login("Plain", "orbit velvet lantern mustard 9"), urls: ["http://plain.example"] },
  ]);
  await openItem("Leaked");
  await card().getByText("Seen 42 times in known data breaches.").waitFor();
  await card().getByText("Weak password", { exact: true }).waitFor();
  await card()
    .getByText(/^Password set on/)
    .waitFor();
  await page.getByRole("button", { name: "3 warnings" }).click();
  await comesTrue(page, () => document.activeElement?.textContent === "Password health");
  await card().getByRole("link", { name: "Twin" }).click();
  await heading(page, "Twin");
  await openItem("Plain");
  await card().getByText("plain.example doesn’t use HTTPS.").waitFor();
  await card().getByText("Not checked for data breaches").waitFor();
  await card().getByRole("button", { name: "Check" }).click();
  await card().getByText("Not found in known data breaches").waitFor();
  assert.equal(await card().getByRole("link", { name: "Change password" }).count(), 0); // it would not help
});

test("an ignored finding can be reported again", async () => {
  await openItem("Plain");
  await card().getByRole("button", { name: "Ignore: Unsecured website" }).click();
  await card().getByText("Unsecured website (ignored)").waitFor();
  assert.equal(await page.getByRole("button", { name: /warning/ }).count(), 0);
  await open();
  await page.locator(".score").getByText("1 finding is ignored.").waitFor();
  assert.equal(await group("Unsecured websites").locator("summary").count(), 0);
  await group("Reused passwords").locator("summary").click();
  await closeToasts(page); // Undo would undo both
  await group("Reused passwords").getByRole("button", { name: "Ignore: Leaked" }).click();
  await page.locator(".score").getByText("3 findings are ignored.").waitFor();
  await page.getByText("2 findings ignored").first().waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await page.locator(".score").getByText("1 finding is ignored.").waitFor();
  await group("Ignored findings").locator("summary").click();
  await group("Ignored findings").getByRole("button", { name: "Stop ignoring: Unsecured website, Plain" }).click();
  await group("Unsecured websites").locator("summary").waitFor();
  await page
    .locator(".score")
    .getByText(/^Score \d+ of 100$/)
    .waitFor({ state: "attached" });
});

test("a finding leads to the generator, and then to the next", async () => {
  await open();
  await group("Reused passwords").locator("summary").waitFor();
  if (!(await group("Reused passwords").locator("ul").count())) await group("Reused passwords").locator("summary").click();
  await addMany(page, [login("Other twin", "orbit velvet lantern mustard 9")]);
  await group("Reused passwords").getByRole("link", { name: "Change password: Other twin" }).waitFor(); // the list has it
  await group("Reused passwords").getByRole("link", { name: "Change password: Leaked" }).click();
  await page.getByRole("button", { name: "Use this password" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await heading(page, "Leaked");
  // Its twin is no longer reused: the next group follows.
  await page.getByRole("link", { name: "Next: Other twin" }).click();
  await page.getByRole("button", { name: "Use this password" }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await heading(page, "Other twin");
  await page.getByText("No more in this group").waitFor();
  await page.locator(".work-bar").getByRole("link", { name: "Password health" }).click();
  await group("Reused passwords").getByText("No issues").waitFor();
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
    await other.evaluate(() => (location.hash = "#/vault"));
    await other.getByRole("option", { name: /Sound/ }).click();
    await other
      .locator(".item-health")
      .getByText(/^Password set on/)
      .waitFor();
    assert.equal(await other.getByText("Not checked for data breaches").count(), 0);
    await open(other);
    await other.locator(".score").getByText("Breaches haven’t been checked.").waitFor();
    await other.getByText("Checked on your device.", { exact: true }).waitFor();
    await other.context().close();
  } finally {
    await quiet.stop();
  }
});

test("the strength meter ends after a check, and starts again for the next password", async () => {
  const other = await openPage(browser, server.url);
  await registerPerson(other, "metha");
  const core = await coreOf(other);
  await callCore(other, "health", {}); // ends the meter of the registration
  await core.evaluate(() => {
    globalThis.meters = 0; // running
    globalThis.Worker = class extends globalThis.Worker {
      constructor(...args) {
        super(...args);
        globalThis.meters++;
      }
      terminate() {
        super.terminate();
        globalThis.meters--;
      }
    };
  });
  const running = () => core.evaluate(() => globalThis.meters);
  for (const password of ["gravel window harvest 3", "piano"]) {
    const { id } = await callCore(other, "save", { item: login("Sound", password) });
    await callCore(other, "item_health", { id });
    assert.equal(await running(), 1);
    await callCore(other, "health", {});
    assert.equal(await running(), 0);
  }
  await done(other);
});

test("the browser reported no problem", () => assert.deepEqual(page.complaints, []));
