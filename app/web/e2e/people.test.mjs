// People who verify each other: by invitation links and by fingerprints, with an honest server and with one that lies.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import { findingsInBothThemes } from "./axe.mjs";
import {
  callCore,
  closeToasts,
  confirmPhrase,
  done,
  drawQR,
  heading,
  openPage,
  PASSWORD,
  registerPerson,
  serverProgram,
  startBrowser,
  startServer,
} from "./stage.mjs";
import { cutOff, reconnect } from "./tamper.mjs";

const ANSWERS = "**/api/v1/admin/invitations/answers";
const CARDS = "**/api/v1/cards?*";
const OFFER = "**/api/v1/invitations/offer";

let browser, server, ada;
before(async () => {
  browser = await startBrowser();
  server = await startServer({ REGISTRATION: "invite" });
  ada = await openPage(browser, server.url);
  await registerPerson(ada, "ada"); // the first user, who may invite
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const to = (page, hash) => page.evaluate((h) => (location.hash = h), hash);
const dialog = (page) => page.locator("dialog[open]");
const person = (page, name) =>
  page
    .locator("li.person")
    .filter({ has: page.getByRole("button", { name: /^Details of/ }) })
    .filter({ has: page.getByText(name, { exact: true }) });
const waiting = (page, whom) => page.locator("li.person").filter({ hasText: `your link for ${whom}.` });
const forged = (page, whom) => page.locator("li.person").filter({ hasText: `your link for ${whom}, but` });
const link = (page, name) => page.locator("li.setting").filter({ has: page.getByText(name, { exact: true }) });
const digits = (page) => page.locator(".own-fingerprint .fingerprint").textContent();

/** Reopens the section, so that it asks the server for everything. */
async function openPeople(page) {
  await to(page, "#/vault");
  await heading(page, "All items");
  await to(page, "#/people");
  await heading(page, "People");
  await page.locator(".own-fingerprint").waitFor();
}

/** Answers requests of a page differently from the server. Returns a function that ends that. */
async function alter(page, url, change) {
  await page.route(url, async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    await route.fulfill({ response, json: change(json) ?? json });
  });
  return () => page.unroute(url);
}

/** Makes a link in the page. */
async function invite(page, whom, days = "7 days") {
  await page.getByRole("button", { name: "Invite", exact: true }).click();
  await dialog(page).getByLabel("For whom").fill(whom);
  await dialog(page).getByLabel("Link valid for").selectOption(days);
  await dialog(page).getByRole("button", { name: "Create link" }).click();
  await heading(page, "Invitation link");
  const made = await dialog(page).locator(".join-link").textContent();
  await dialog(page).getByRole("button", { name: "Close" }).click();
  await link(page, whom).waitFor();
  return made;
}

/** Fills in the form of an invited person, up to the confirmed phrase. */
async function join(page, name) {
  await page.getByLabel("Username", { exact: true }).fill(name);
  await page.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("Confirm master password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Continue" }).click();
  await heading(page, "Your recovery phrase");
  await confirmPhrase(page, await page.locator(".words b").allTextContents());
}

/** Registers somebody with a link that ada made. Returns the page with the open vault. */
async function joined(url, name) {
  const page = await openPage(browser, url);
  await page.getByText("ada invited you").waitFor();
  await join(page, name);
  await page.getByText("ada, who invited you, is verified.").last().waitFor();
  await heading(page, "All items");
  return page;
}

const linkFrom = async (page, invitee) => {
  const made = await callCore(page, "invite", { invitee, days: 7, administrator: false, password: "" });
  return server.url + made.link;
};

/** Reads a fingerprint in the dialog of a person. */
async function find(page, name) {
  await page.getByRole("button", { name: "Verify", exact: true }).click();
  await dialog(page).getByLabel("Username", { exact: true }).fill(name);
  await dialog(page).getByRole("button", { name: "Continue" }).click();
}

test("a link verifies both: invite, join, accept", async () => {
  await openPeople(ada);
  await ada.getByText("You haven’t verified anyone yet").waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await ada.getByRole("button", { name: "Invite", exact: true }).click();
  await dialog(ada).waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await dialog(ada).getByLabel("For whom").fill("ö".repeat(128));
  await dialog(ada).getByText("Use one line of visible text, 255 characters at most.").waitFor();
  assert.equal(await dialog(ada).getByRole("button", { name: "Create link" }).isDisabled(), true);
  await dialog(ada).getByRole("button", { name: "Close" }).click();
  const url = await invite(ada, "Bob, third floor");
  assert.match(url, new RegExp(`^${server.url}/#join/[\\w-]{22}$`));
  await link(ada, "Bob, third floor").getByText("Not used yet.").waitFor();

  const bob = await openPage(browser, url);
  await bob.getByText("ada invited you").waitFor();
  assert.equal(await bob.locator(".panel input").count(), 3);
  assert.deepEqual(await findingsInBothThemes(bob), []);
  await join(bob, "bob");
  await bob.getByText("ada, who invited you, is verified.").last().waitFor();
  await heading(bob, "All items");
  await openPeople(bob);
  await person(bob, "ada").getByText("Verified by an invitation link").waitFor();
  assert.equal(await bob.getByRole("button", { name: "Invite", exact: true }).count(), 0); // only administrators can

  await openPeople(ada);
  await waiting(ada, "Bob, third floor").getByText("bob", { exact: true }).waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await ada.getByRole("button", { name: "Review bob" }).click();
  await heading(ada, "Is this bob?");
  assert.deepEqual(await findingsInBothThemes(ada), []);
  assert.equal(await dialog(ada).locator(".fingerprint").textContent(), await digits(bob));
  await dialog(ada).getByText("Bob, third floor").waitFor();
  await dialog(ada).getByRole("button", { name: "Accept as verified" }).click();
  await ada.getByText("bob is verified.").last().waitFor();
  await person(ada, "bob").getByText("Verified by an invitation link").waitFor();
  await ada.getByText("Waiting for you").waitFor({ state: "detached" });
  assert.equal(await link(ada, "Bob, third floor").count(), 0);

  const late = await openPage(browser, url);
  await late.getByRole("alert").getByText("Ask your administrator for a new one.").waitFor();
  await done(late);
  await done(bob);
});

test("a fingerprint is compared by listening or pasting", async () => {
  const made = execFileSync(serverProgram(), ["invite", server.url], { env: { DATA_DIR: server.dir }, encoding: "utf8" });
  const carol = await openPage(browser, made.trim()); // the operator’s link verifies nobody
  await heading(carol, "Create your vault");
  await join(carol, "carol");
  await heading(carol, "All items");
  await openPeople(carol);
  const theirs = await digits(carol);
  assert.match(theirs, /^(\d{5} ){12}$/);
  await carol.getByRole("button", { name: "Copy", exact: true }).click();
  await carol.getByText("Fingerprint copied").last().waitFor();
  assert.equal(await carol.evaluate(() => navigator.clipboard.readText()), theirs.trim());
  await carol.getByRole("button", { name: "Show QR code" }).click();
  const path = dialog(carol).getByRole("img", { name: "QR code of your fingerprint" }).locator(".qr-ink");
  const rows = await drawQR(carol, theirs.trim());
  const dark = rows.flatMap((row, y) => [...row].map((bit, x) => (bit === "1" ? `M${x} ${y}h1v1h-1z` : ""))).join("");
  assert.equal(await path.getAttribute("d"), dark);
  assert.deepEqual(await findingsInBothThemes(carol), []);
  await dialog(carol).getByRole("button", { name: "Close" }).click();

  await openPeople(ada);
  await find(ada, "nobody");
  await dialog(ada).getByText("No one on this server has this username.").waitFor();
  await dialog(ada).getByLabel("Username", { exact: true }).fill("ada");
  await dialog(ada).getByRole("button", { name: "Continue" }).click();
  await dialog(ada).getByText("That’s you.").waitFor();
  await dialog(ada).getByLabel("Username", { exact: true }).fill("carol");
  await dialog(ada).getByRole("button", { name: "Continue" }).click();
  await heading(ada, "Verify carol");
  assert.equal(await dialog(ada).locator(".fingerprint").textContent(), theirs);
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await dialog(ada).getByRole("radio", { name: "Paste" }).check();
  const pasted = dialog(ada).getByLabel("Fingerprint you were given");
  await pasted.fill("12345-6");
  await dialog(ada).getByText("6 of 60 digits").waitFor();
  assert.equal(await dialog(ada).getByRole("button", { name: "Compare", exact: true }).isDisabled(), true);
  await pasted.fill(await digits(ada)); // of somebody else
  await dialog(ada).getByRole("button", { name: "Compare", exact: true }).click();
  await dialog(ada).getByRole("alert").getByText("Don’t trust this identity as carol.").waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await dialog(ada).getByRole("button", { name: "Compare again" }).click();
  await dialog(ada).getByRole("radio", { name: "Paste" }).check();
  await pasted.fill(theirs.replaceAll(" ", "-"));
  await dialog(ada).getByRole("button", { name: "Compare", exact: true }).click();
  await ada.getByText("carol is verified.").last().waitFor();
  await person(ada, "carol").getByText("Fingerprint compared on").waitFor();

  await ada.getByRole("button", { name: "Details of carol" }).click();
  await dialog(ada).locator(".fingerprint").waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await dialog(ada).getByRole("button", { name: "Forget" }).click();
  await dialog(ada).getByText("no longer counts as verified").waitFor();
  await dialog(ada).getByRole("button", { name: "Forget" }).click();
  await ada.getByText("carol is no longer verified.").last().waitFor();
  await person(ada, "carol").waitFor({ state: "detached" });
  await done(carol);
});

test("all of it works by keyboard", async () => {
  await closeToasts(ada);
  await to(ada, "#/vault");
  await heading(ada, "All items");
  await ada.keyboard.press("Control+k");
  await ada.keyboard.type("fingerprint");
  await ada.getByRole("option", { name: "Go to: People" }).waitFor();
  await ada.keyboard.press("Enter");
  await heading(ada, "People");
  assert.equal(await ada.evaluate(() => document.activeElement.textContent), "People");
  await ada.getByRole("button", { name: "Verify", exact: true }).focus();
  await ada.keyboard.press("Enter");
  await dialog(ada).getByLabel("Username", { exact: true }).waitFor();
  await ada.keyboard.type("carol");
  await ada.keyboard.press("Enter");
  await heading(ada, "Verify carol");
  assert.match(await ada.evaluate(() => document.activeElement.textContent), /^Ask carol to open People/);
  await ada.keyboard.press("Tab");
  await ada.keyboard.press("Tab");
  assert.equal(await ada.evaluate(() => document.activeElement.textContent), "All groups are the same");
  await ada.keyboard.press("Enter");
  await ada.getByText("carol is verified.").last().waitFor();
  await person(ada, "carol").waitFor();
  await dialog(ada).waitFor({ state: "detached" });
  assert.equal(await ada.evaluate(() => document.activeElement.textContent), "Verify");
});

test("a link is revoked, and what it says goes to the joiner only from the inviter", async () => {
  await openPeople(ada);
  const url = await invite(ada, "Dora", "1 day");
  await link(ada, "Dora").getByRole("button", { name: "Revoke the link for Dora" }).click();
  await dialog(ada).getByRole("button", { name: "Revoke", exact: true }).click();
  await link(ada, "Dora").waitFor({ state: "detached" });
  const late = await openPage(browser, url);
  await late.getByRole("alert").getByText("This invitation has expired, was already used or revoked").waitFor();
  await late.goto(`${server.url}/#join/not-a-link`);
  await late.getByRole("alert").getByText("That isn’t an invitation link.").waitFor();
  assert.deepEqual(await findingsInBothThemes(late), []);
  await late.close();

  // The server shows the offer of another link, which it made up or took from there.
  const [first, other] = [await linkFrom(ada, "first"), await linkFrom(ada, "other")];
  const otherPage = await openPage(browser, `${server.url}/#/sign-in`);
  const offers = [];
  await alter(otherPage, OFFER, (answer) => void offers.push(answer));
  await otherPage.goto(other);
  await otherPage.getByText("ada invited you").waitFor();
  const page = await openPage(browser, `${server.url}/#/sign-in`);
  const honest = await alter(page, OFFER, () => offers[0]);
  await page.goto(first);
  await page.getByRole("alert").getByText("This invitation wasn’t sealed by the person who sent the link").waitFor();
  await heading(page, "You need an invitation");
  await honest();

  // The server shows the offer before the registration, and hides it then.
  await page.getByLabel("Invitation link").fill(first);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("ada invited you").waitFor();
  await alter(page, OFFER, () => ({}));
  await join(page, "dora");
  await page.getByRole("alert").getByText("No account was created.").waitFor();
  await done(page);
  await done(otherPage);
});

test("a server that puts itself in the place of a joiner is found out", async () => {
  const url = await linkFrom(ada, "Erik");
  const erik = await joined(url, "erik");

  // The answer of another joiner, who exists, under the link for Erik.
  const bobIsErik = await alter(ada, ANSWERS, ({ answers }) => ({
    answers: answers.map((a) => ({ ...a, user_id: "AAAAAAAAAAAAAAAAAAAAAA", username: "carol" })),
  }));
  await openPeople(ada);
  await waiting(ada, "Erik").waitFor({ state: "detached" });
  await forged(ada, "Erik").getByText("Don’t trust that person.").waitFor();
  assert.equal(await ada.getByRole("button", { name: /^Review / }).count(), 0);
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await bobIsErik();

  // Another card under the name of the joiner.
  const cards = {};
  const swapped = await alter(ada, CARDS, () => cards.carol);
  cards.carol = await erik.evaluate(async () => (await fetch("/api/v1/cards?username=carol")).json());
  await openPeople(ada);
  await forged(ada, "Erik").waitFor();
  await swapped();

  // Two people with one link.
  const two = await alter(ada, ANSWERS, ({ answers }) => ({ answers: [...answers, ...answers] }));
  await openPeople(ada);
  await forged(ada, "Erik").waitFor();
  await two();

  await openPeople(ada);
  await ada.getByRole("button", { name: "Review erik" }).click();
  await dialog(ada).getByRole("button", { name: "Don’t accept" }).click();
  await dialog(ada).getByText("The account stays").waitFor();
  await dialog(ada).getByRole("button", { name: "Don’t accept" }).click();
  await ada.getByText("Waiting for you").waitFor({ state: "detached" });
  assert.equal(await person(ada, "erik").count(), 0);
  await done(erik);
});

test("another joiner between the question and the answer is refused", async () => {
  await joined(await linkFrom(ada, "Frida"), "frida").then(done);
  await openPeople(ada);
  await ada.getByRole("button", { name: "Review frida" }).click();
  await heading(ada, "Is this frida?");
  // The page looks for joiners while the question is open. Meanwhile the list has somebody else.
  const hidden = await alter(ada, ANSWERS, () => ({ answers: [] }));
  await callCore(ada, "sent_invitations", {});
  await dialog(ada).getByRole("button", { name: "Accept as verified" }).click();
  await dialog(ada).getByRole("alert").getByText("This was changed elsewhere at the same time.").waitFor();
  assert.equal((await callCore(ada, "people", {})).people.filter((p) => p.username === "frida").length, 0);
  await hidden();
  await dialog(ada).getByRole("button", { name: "Close" }).click();
  await openPeople(ada);
  await ada.getByRole("button", { name: "Review frida" }).click();
  await dialog(ada).getByRole("button", { name: "Accept as verified" }).click();
  await person(ada, "frida").getByText("Verified by an invitation link").waitFor();
});

test("a server that shows somebody else under a verified name is found out", async () => {
  const carols = await ada.evaluate(async () => (await fetch("/api/v1/cards?username=carol")).json());
  const swapped = await alter(ada, CARDS, () => carols);
  await openPeople(ada);
  await person(ada, "frida").getByText("The server shows keys that aren’t valid.").waitFor();
  assert.equal(await person(ada, "carol").getByText("The server shows").count(), 0);
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await find(ada, "bob");
  await dialog(ada).getByRole("alert").getByText("The server’s proof of this person’s identity isn’t valid").waitFor();
  await dialog(ada).getByRole("button", { name: "Close" }).click();
  await swapped();
});

test("without the server, the verified people stay", async () => {
  await to(ada, "#/vault");
  await heading(ada, "All items");
  await cutOff(ada);
  await to(ada, "#/people");
  await ada.getByRole("alert").getByText("Can’t reach the server.").waitFor();
  await person(ada, "frida").waitFor();
  assert.deepEqual(await findingsInBothThemes(ada), []);
  await reconnect(ada);
  await ada.getByRole("main").getByRole("button", { name: "Try again" }).last().click();
  await ada.getByRole("alert").getByText("Can’t reach the server.").waitFor({ state: "detached" });
  ada.complaints.length = 0; // the browser logs the requests that failed
});

test("long names and names from right to left fit a phone", async () => {
  const phone = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
  const long = `${"m".repeat(116)}@example.org`; // the longest username
  for (const name of [long, "علي"]) await joined(await linkFrom(ada, name), name).then(done);
  const page = await openPage(browser, await linkFrom(ada, "phone"), phone);
  await page.getByText("ada invited you").waitFor();
  await join(page, "phone");
  await heading(page, "All items");
  await page.getByRole("link", { name: "Settings" }).last().click();
  await heading(page, "Settings");
  await page.getByRole("main").getByRole("link", { name: "People" }).click();
  for (const name of [long, "علي"]) {
    await find(page, name);
    await dialog(page).locator(".fingerprint").waitFor();
    const wide = await page.evaluate(() => {
      const box = document.querySelector("dialog[open]");
      return [box.scrollWidth - box.clientWidth, document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth];
    });
    assert.deepEqual(wide, [0, 0]);
    await dialog(page).getByRole("button", { name: "All groups are the same" }).click();
    await person(page, name).waitFor();
  }
  await person(page, "علي").locator("bdi").waitFor();
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth);
  assert.equal(wide, 0);
  assert.deepEqual(await findingsInBothThemes(page), []);
  await done(page);
  await done(ada);
});
