// The Admin section: two administrators and a user, each with a separate browser profile.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findingsInBothThemes } from "./axe.mjs";
import { logins } from "./samples.mjs";
import {
  addMany,
  beginRegistration,
  closeToasts,
  comesTrue,
  confirmPhrase,
  done,
  heading,
  openPage,
  PASSWORD,
  QR_BUNDLE,
  registerPerson,
  signIn,
  startBrowser,
  startServer,
  unlock,
} from "./stage.mjs";
import { cutOff, reconnect } from "./tamper.mjs";

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

const to = (page, hash) => page.evaluate((h) => (location.hash = h), hash);
const dialog = (page) => page.locator("dialog[open]");
const row = (page, name) => page.locator("li.user").filter({ has: page.getByText(name, { exact: true }) });
const invitations = (page) => page.getByRole("button", { name: /^Revoke the invitation of/ });
const adminLink = (page) => page.getByRole("navigation").getByRole("link", { name: "Admin" });

async function openAdmin(page) {
  await adminLink(page).click();
  await heading(page, "Admin");
  await page.locator("li.user").first().waitFor();
}

/** Returns the link of a new invitation. */
async function invite(page, role = "User", password = PASSWORD) {
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await dialog(page).getByRole("radio", { name: role, exact: true }).check();
  if (role === "Administrator") await dialog(page).getByLabel("Master password", { exact: true }).fill(password);
  await dialog(page).getByRole("button", { name: "Create link" }).click();
  await heading(page, "Invitation link");
  const link = await dialog(page).locator(".join-link").textContent();
  await dialog(page).getByRole("button", { name: "Close" }).click();
  return link;
}

/** Registers with a link. Returns the page with the open vault. */
async function join(link, name) {
  const page = await openPage(browser, link);
  await heading(page, "Create your vault");
  await page.getByRole("link", { name: "Sign in" }).click();
  await confirmPhrase(page, await beginRegistration(page, name));
  await heading(page, "All items");
  return page;
}

async function choose(page, name, action) {
  await row(page, name)
    .getByRole("button", { name: `Actions for ${name}` })
    .click();
  await page.getByRole("menuitem", { name: action }).click();
  await dialog(page).waitFor();
}

/** Does something to a user, and waits for the message. */
async function act(page, name, action, told) {
  await choose(page, name, action);
  await dialog(page).getByLabel("Master password", { exact: true }).fill(PASSWORD);
  if (action === "Delete now") await dialog(page).getByLabel("Enter the username").fill(name);
  await dialog(page).getByRole("button", { name: action, exact: true }).click();
  await page.getByText(told, { exact: true }).last().waitFor();
}

test("the only administrator learns why the own account has no actions", async () => {
  await openAdmin(ada);
  await ada.getByText("You’re the only active administrator").waitFor();
  assert.equal(await row(ada, "ada").getByRole("button").count(), 0);
  assert.deepEqual(await findingsInBothThemes(ada), []);
});

test("an invitation is shown once, as a link and as a QR code", async () => {
  await ada.getByRole("button", { name: "Invite", exact: true }).click();
  await dialog(ada).getByRole("button", { name: "Create link" }).click();
  await heading(ada, "Invitation link");
  const link = await dialog(ada).locator(".join-link").textContent();
  assert.match(link, new RegExp(`^${server.url}/#join/[\\w-]{22}$`));
  assert.match(await ada.evaluate(() => document.activeElement.textContent), /^This link is shown only once/);
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await dialog(ada).getByRole("button", { name: "Copy link" }).click();
  await ada.getByText("Invitation link copied").last().waitFor();
  assert.equal(await ada.evaluate(() => navigator.clipboard.readText()), link);

  // What a phone would read from the picture.
  const svg = dialog(ada).getByRole("img", { name: "QR code of the invitation link" });
  const png = [...(await svg.screenshot())];
  const read = await ada
    .workers()[0]
    .evaluate(async ([bundle, bytes]) => (await import(bundle)).readQR(new Blob([Uint8Array.from(bytes)])), [QR_BUNDLE, png]);
  assert.equal(read.text, link);

  await dialog(ada).getByRole("button", { name: "Close" }).click();
  await invitations(ada).waitFor();
  const bob = await join(link, "bob");
  await addMany(bob, logins(3));
  await comesTrue(bob, () => document.querySelector(".list-foot")?.textContent.includes("3 items"));
  assert.equal(await adminLink(bob).count(), 0);
  await to(bob, "#/admin");
  await heading(bob, "All items");
  // The open page of the administrator notices without a reload.
  await row(ada, "bob").waitFor();
  await invitations(ada).waitFor({ state: "detached" });
  await done(bob);
});

test("an invitation is revoked, also one that was used meanwhile", async () => {
  const revoked = await invite(ada);
  await invitations(ada).click();
  await dialog(ada).getByRole("button", { name: "Revoke", exact: true }).click();
  await ada.getByText("Invitation revoked.").last().waitFor();
  await invitations(ada).waitFor({ state: "detached" });
  const late = await openPage(browser, revoked);
  await late.getByText("This invitation has expired, was already used or revoked").waitFor();
  await done(late);

  const used = await invite(ada);
  await invitations(ada).click();
  await done(await join(used, "carol"));
  await dialog(ada).getByRole("button", { name: "Revoke", exact: true }).click();
  await ada.getByText("This invitation was already used or revoked, or has expired.").last().waitFor();
  await row(ada, "carol").waitFor();
});

test("an administrator is invited only with the master password", async () => {
  await ada.getByRole("button", { name: "Invite", exact: true }).click();
  await dialog(ada).getByRole("radio", { name: "Administrator" }).check();
  const password = dialog(ada).getByLabel("Master password", { exact: true });
  assert.equal(await dialog(ada).getByRole("button", { name: "Create link" }).isDisabled(), true);
  await password.fill("not the one");
  await dialog(ada).getByRole("button", { name: "Create link" }).click();
  await dialog(ada).getByRole("alert").waitFor();
  await dialog(ada).getByRole("button", { name: "Close" }).click();
  const eve = await join(await invite(ada, "Administrator"), "eve");
  await openAdmin(eve);
  await row(eve, "ada").getByText("Administrator").waitFor();
  await ada.getByText("You’re the only active administrator").waitFor({ state: "detached" });

  // Demoted while the section is open: the next act closes it.
  await act(ada, "eve", "Make regular user", "eve is now a regular user.");
  await eve.getByRole("button", { name: "Invite", exact: true }).click();
  await dialog(eve).getByRole("button", { name: "Create link" }).click();
  await eve.getByText("You’re no longer an administrator.").last().waitFor();
  await heading(eve, "All items");
  assert.equal(await adminLink(eve).count(), 0);

  // Promoted: at the next unlock.
  await act(ada, "eve", "Make administrator", "eve is now an administrator.");
  await eve.keyboard.press("Alt+l");
  await unlock(eve);
  await openAdmin(eve);
  await done(eve);
});

test("suspension ends the session of an open page", async () => {
  const bob = await openPage(browser, server.url);
  await heading(bob, "Sign in");
  await signIn(bob, "bob");
  await heading(bob, "All items");
  await choose(ada, "bob", "Suspend");
  await ada.getByText("bob is signed out everywhere at once").waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await dialog(ada).getByLabel("Master password", { exact: true }).fill("not the one");
  await dialog(ada).getByRole("button", { name: "Suspend", exact: true }).click();
  await dialog(ada).getByRole("alert").waitFor();
  await dialog(ada).getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await dialog(ada).getByRole("button", { name: "Suspend", exact: true }).click();
  await ada.getByText("bob is suspended.").last().waitFor();
  await row(ada, "bob").getByText("Suspended").waitFor();
  await heading(bob, "Sign in");
  await signIn(bob, "bob");
  await bob.getByText("Your account is suspended.").waitFor();
  await act(ada, "bob", "Resume", "bob can sign in again.");
  await signIn(bob, "bob");
  await heading(bob, "All items");
  await done(bob);
});

test("a user is deleted by name, and one who is gone leaves the list", async () => {
  const eve = await openPage(browser, server.url);
  await heading(eve, "Sign in");
  await signIn(eve, "eve");
  await openAdmin(eve);
  await choose(ada, "bob", "Delete now");
  await dialog(ada).getByText("its vault with 3 items").waitFor();
  await dialog(ada).getByLabel("Master password", { exact: true }).fill(PASSWORD);
  const remove = dialog(ada).getByRole("button", { name: "Delete now", exact: true });
  await dialog(ada).getByLabel("Enter the username").fill("bo");
  assert.equal(await remove.isDisabled(), true);
  await dialog(ada).getByLabel("Enter the username").fill("bob");
  await remove.click();
  await ada.getByText("bob was deleted.").last().waitFor();
  await row(ada, "bob").waitFor({ state: "detached" });
  assert.equal(await ada.evaluate(() => document.activeElement.textContent), "Users"); // the row that had the focus is gone
  await act(eve, "bob", "Suspend", "bob is no longer on this server.");
  await row(eve, "bob").waitFor({ state: "detached" });

  // An administrator suspends the own account: at once signed out, and let in again by the other.
  await choose(eve, "eve", "Suspend");
  await eve.getByText("Only another administrator can let you in again.").waitFor();
  await dialog(eve).getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await dialog(eve).getByRole("button", { name: "Suspend", exact: true }).click();
  await heading(eve, "Sign in");
  await signIn(eve, "eve");
  await eve.getByText("Your account is suspended.").waitFor();
  await done(eve);
});

test("a removed user is due in 30 days, and can be brought back", async () => {
  await act(ada, "carol", "Allow sign-in now", "carol can try again now.");
  await choose(ada, "carol", "Delete in 30 days");
  await dialog(ada).getByText("Until then, you can resume the account").waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await dialog(ada).getByRole("button", { name: "Close" }).click();
  await act(ada, "carol", "Delete in 30 days", "carol will be deleted in 30 days.");
  await row(ada, "carol")
    .getByText(/^Will be deleted on /)
    .waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);
  const carol = await openPage(browser, server.url);
  await heading(carol, "Sign in");
  await signIn(carol, "carol");
  await carol.getByText("Your account is suspended.").waitFor();
  await choose(ada, "carol", "Resume");
  await dialog(ada).getByText("The account won’t be deleted.").waitFor();
  await dialog(ada).getByRole("button", { name: "Close" }).click();
  await act(ada, "carol", "Resume", "carol can sign in again.");
  await signIn(carol, "carol");
  await heading(carol, "All items");
  await done(carol);
});

test("all of it works by keyboard", async () => {
  await closeToasts(ada);
  await to(ada, "#/vault");
  await heading(ada, "All items");
  await ada.keyboard.press("Control+k");
  await ada.keyboard.type("administrator");
  await ada.getByRole("option", { name: "Go to: Admin" }).waitFor();
  await ada.keyboard.press("Enter");
  await heading(ada, "Admin");
  assert.equal(await ada.evaluate(() => document.activeElement.textContent), "Admin");
  await row(ada, "carol").waitFor();
  await ada.getByLabel("Filter by name").focus();
  await ada.keyboard.type("CAR");
  await ada.getByText("1 of 3", { exact: true }).waitFor();
  await ada.keyboard.press("Tab");
  assert.equal(await ada.evaluate(() => document.activeElement.getAttribute("aria-label")), "Actions for carol");
  await ada.keyboard.press("Enter");
  await ada.getByRole("menu", { name: "Actions for carol" }).waitFor();
  await ada.keyboard.press("ArrowDown");
  await ada.keyboard.press("Enter");
  await heading(ada, "Suspend carol");
  await ada.keyboard.type(PASSWORD);
  await ada.keyboard.press("Enter");
  await ada.getByText("carol is suspended.").last().waitFor();
  assert.equal(await ada.evaluate(() => document.activeElement.getAttribute("aria-label")), "Actions for carol");
  await ada.getByLabel("Filter by name").fill("zzz");
  await ada.getByText("No username contains “zzz”.").waitFor();
});

test("without the server, the lists stay and say so", async () => {
  await to(ada, "#/vault");
  await openAdmin(ada);
  await cutOff(ada);
  await ada.evaluate(() => dispatchEvent(new Event("online"))); // the page reads the lists again
  await ada.getByRole("alert").getByText("Can’t reach the server.").waitFor();
  assert.equal(await row(ada, "carol").count(), 1);
  await reconnect(ada);
  await ada.getByRole("main").getByRole("button", { name: "Try again" }).last().click();
  await ada.getByRole("alert").getByText("Can’t reach the server.").waitFor({ state: "detached" });
  ada.complaints.length = 0; // the browser logs the requests that failed
});

test("a thousand users fit a phone", async () => {
  const page = await openPage(browser, server.url, {
    viewport: { width: 320, height: 640 },
    hasTouch: true,
    isMobile: true,
  });
  await heading(page, "Sign in");
  await signIn(page, "ada");
  await heading(page, "All items");
  const day = "2026-11-02T00:00:00Z";
  const all = Array.from({ length: 1000 }, (_, n) => ({
    username: `user-${String(n).padStart(4, "0")}`,
    user_id: String(n),
    created: day,
    last_seen: day,
    administrator: false,
    suspended: n % 7 === 0,
    totp_enabled: n % 2 === 0,
    items: n,
    bytes: n * 4321,
  }));
  await page.route("**/api/v1/admin/users*", (route) => {
    const after = new URL(route.request().url()).searchParams.get("after") ?? "";
    const rest = all.filter((u) => u.username > after);
    return route.fulfill({ json: { users: rest.slice(0, 100), more: rest.length > 100 } });
  });
  await page.getByRole("link", { name: "Settings" }).last().click();
  await heading(page, "Settings");
  await page.getByRole("main").getByRole("link", { name: "Admin" }).click();
  await page.getByText("1,000 users").waitFor();
  assert.equal(await page.locator("li.user").count(), 100);
  await page.getByRole("button", { name: "Show 100 more" }).click();
  assert.equal(await page.locator("li.user").count(), 200);
  await page.getByLabel("Filter by name").fill("999");
  await page.getByText("1 of 1,000").waitFor();
  await page.getByText("2 Nov 2026").or(page.getByText("Nov 2, 2026")).first().waitFor(); // the day in UTC
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.scrollingElement;
    return { scrollWidth, clientWidth };
  });
  assert.ok(scrollWidth <= clientWidth, `${scrollWidth} pixels wide in a window of ${clientWidth}`);
  await done(page);
  await done(ada);
});
