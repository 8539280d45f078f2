// The audit trail in the Admin section, and the security log of one's own account.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { findingsInBothThemes } from "./axe.mjs";
import {
  beginRegistration,
  confirmPhrase,
  done,
  heading,
  openPage,
  PASSWORD,
  registerPerson,
  signIn,
  startBrowser,
  startServer,
} from "./stage.mjs";

let browser, server, ada;
before(async () => {
  browser = await startBrowser();
  server = await startServer({ REGISTRATION: "invite" });
  ada = await openPage(browser, server.url);
  await registerPerson(ada, "ada"); // the first user
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const dialog = (page) => page.locator("dialog[open]");
const named = (scope, kind) => scope.locator("li.event").filter({ has: scope.page().getByRole("heading", { name: kind }) });
const log = (page) => page.locator(".event-log");

async function openAdmin(page) {
  await page.getByRole("navigation").getByRole("link", { name: "Admin" }).click();
  await heading(page, "Admin");
  await page.locator("li.event").first().waitFor();
}

async function openLog(page) {
  await page.getByRole("link", { name: "Settings" }).last().click();
  await heading(page, "Settings");
  await page.getByText("Security log", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Show", exact: true }).first().click();
  await dialog(page).locator("li.event").first().waitFor();
}

/** Registers bob with a link. Returns his page. */
async function join() {
  await ada.getByRole("button", { name: "Invite", exact: true }).click();
  await dialog(ada).getByRole("button", { name: "Create link" }).click();
  await heading(ada, "Invitation link");
  const link = await dialog(ada).locator(".join-link").textContent();
  await dialog(ada).getByRole("button", { name: "Close" }).click();
  const page = await openPage(browser, link);
  await heading(page, "Create your vault");
  await page.getByRole("link", { name: "Sign in" }).click();
  await confirmPhrase(page, await beginRegistration(page, "bob"));
  await heading(page, "All items");
  return page;
}

/** Downloads what is chosen, as objects. */
async function download(page) {
  const [file] = await Promise.all([
    page.waitForEvent("download"),
    log(page).getByRole("button", { name: "Download as JSON lines" }).click(),
  ]);
  const lines = readFileSync(await file.path(), "utf8").split("\n");
  assert.equal(lines.pop(), "");
  return { name: file.suggestedFilename(), events: lines.map((line) => JSON.parse(line)) };
}

test("an administrator finds events by kind, user and day", async () => {
  await openAdmin(ada);
  await done(await join());
  const wrong = await openPage(browser, server.url);
  await heading(wrong, "Sign in");
  await signIn(wrong, "bob", "not the one");
  await wrong.getByRole("alert").waitFor();
  wrong.complaints.length = 0; // the browser logs the refusal
  await done(wrong);

  await log(ada).getByRole("button", { name: "Filter" }).click();
  await named(log(ada), "Sign-in failed").getByText("bob", { exact: true }).waitFor();
  await named(log(ada), "Invitation used").getByText("bob → ada").waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);

  await log(ada).getByLabel("Event").selectOption({ label: "Registered" });
  await log(ada).getByLabel("User").fill("BOB");
  await log(ada).getByLabel("User").press("Enter");
  await log(ada).getByText("1 event.").waitFor();
  await named(log(ada), "Registered").getByText("bob", { exact: true }).waitFor();

  const { name, events } = await download(ada);
  assert.match(name, /^events-\d{4}-\d\d-\d\d\.jsonl$/);
  assert.deepEqual(
    events.map((e) => [e.kind, e.who]),
    [["registered", "bob"]],
  );

  await log(ada).getByLabel("To").fill("2020-01-31");
  await log(ada).getByRole("button", { name: "Filter" }).click();
  await log(ada).getByText("Change the filters to see more.").waitFor();
  assert.equal(await log(ada).locator("li.event").count(), 0);
  assert.deepEqual(await findingsInBothThemes(ada), []);
});

test("everybody sees the events of the own account", async () => {
  const bob = await openPage(browser, server.url);
  await heading(bob, "Sign in");
  await signIn(bob, "bob", PASSWORD);
  await heading(bob, "All items");
  await openLog(bob);
  await named(dialog(bob), "Signed in").first().waitFor();
  await named(dialog(bob), "Sign-in failed").getByText("127.0.0.1").waitFor();
  await named(dialog(bob), "Invitation used").getByText("bob → ada").waitFor();
  assert.equal(await named(dialog(bob), "Invitation created").count(), 0);
  assert.equal(await dialog(bob).getByLabel("User").count(), 0);
  assert.deepEqual(await findingsInBothThemes(bob), []);
  const { name, events } = await download(bob);
  assert.match(name, /^security-log-/);
  assert.ok(events.length >= 4 && events.every((e) => e.who === "bob" || e.whom === "bob"), JSON.stringify(events));
  await bob.keyboard.press("Escape");
  await dialog(bob).waitFor({ state: "detached" });
  await done(bob);
});

test("a list that fails can be read again, and one that is long goes on", async () => {
  const at = (n) => `0177236640${String(n).padStart(4, "0")}-0000000000000000`;
  const all = Array.from({ length: 230 }, (_, n) => ({
    id: at(9000 - n),
    kind: n % 2 ? "sign_in_failed" : "a_new_kind",
    time: "2026-03-01T12:00:00Z",
    last: "2026-03-01T12:00:00Z",
    count: n + 1,
    who: `user-${n}-${"x".repeat(100)}`,
    host: false,
    address: "2001:db8:1234:5678:9abc:def0:1234:5678",
    device: "Firefox on a machine with a rather long name",
  }));
  const page = await openPage(browser, server.url, { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true });
  await heading(page, "Sign in");
  await signIn(page, "ada");
  await heading(page, "All items");
  let broken = true;
  await page.route("**/api/v1/admin/events*", (route) => {
    if (broken) return route.abort("internetdisconnected");
    const before = new URL(route.request().url()).searchParams.get("before") ?? "9";
    const rest = all.filter((e) => e.id < before);
    return route.fulfill({ json: { events: rest.slice(0, 100), next: rest.length > 100 ? rest[99].id : undefined } });
  });
  await page.getByRole("link", { name: "Settings" }).last().click();
  await heading(page, "Settings");
  await page.getByRole("main").getByRole("link", { name: "Admin" }).click();
  await log(page).getByRole("alert").getByText("Can’t reach the server.").waitFor();
  broken = false;
  await log(page).getByRole("button", { name: "Try again" }).click();
  await log(page).getByText("100 events. Searched back to").waitFor();
  await log(page).getByRole("alert").waitFor({ state: "detached" });
  await log(page).getByRole("heading", { name: "a new kind" }).first().waitFor();
  await log(page).getByRole("button", { name: "Show older events" }).click();
  await log(page).getByText("200 events.").waitFor();
  await log(page).getByRole("button", { name: "Show older events" }).click();
  await log(page).getByText("230 events.", { exact: true }).waitFor();
  await log(page).getByRole("button", { name: "Show older events" }).waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "230 events.");
  assert.equal((await download(page)).events.length, 230);
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement;
    return { scrollWidth, clientWidth };
  });
  assert.ok(scrollWidth <= clientWidth, `${scrollWidth} pixels wide in a window of ${clientWidth}`);
  page.complaints.length = 0; // the browser logs the requests that failed
  await done(page);
  await done(ada);
});
