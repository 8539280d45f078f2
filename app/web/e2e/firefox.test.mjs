// The main tasks in Firefox, over WebDriver BiDi because Playwright needs a patched Firefox.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import puppeteer from "puppeteer-core";
import { PASSWORD, PATIENCE_MS, program, startServer } from "./stage.mjs";

let browser, server;
before(async () => {
  server = await startServer();
  browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: program("FIREFOX", "/usr/bin/firefox-esr", "apt-get install firefox-esr"),
    headless: true,
    timeout: PATIENCE_MS,
    protocolTimeout: PATIENCE_MS,
  });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const complaints = [];

/** Opens the page in a new browser context, which shares nothing with open pages. */
async function openDevice() {
  const context = await browser.createBrowserContext();
  const page = await context.newPage({ type: "window" }); // a new window: background tabs do not follow changes
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (e) => complaints.push(String(e)));
  page.on("console", (m) => {
    if (m.type() === "error") complaints.push(m.text());
  });
  await page.goto(server.url);
  return page;
}

// These wait for their control.
const named = (page, role, name) => page.locator(`::-p-aria([name="${name}"][role="${role}"])`);
const press = (page, name) => named(page, "button", name).click();
const follow = (page, name) => named(page, "link", name).click();
const heading = (page, name) => named(page, "heading", name).wait();
const says = (page, text) => page.waitForFunction((t) => document.body.innerText.includes(t), {}, text);

/** Types into the field with a label. Password fields have no role to search for. */
async function fill(page, label, text) {
  const field = await page.waitForFunction(
    (name) => [...document.querySelectorAll("label")].find((el) => el.textContent === name)?.control,
    {},
    label,
  );
  await field.type(text);
}

/** Fills in the registration form. Returns the phrase, which is then shown. */
async function beginRegistration(page, username) {
  await follow(page, "Create a vault");
  await heading(page, "Create your vault");
  await fill(page, "Username", username);
  await fill(page, "Master password", PASSWORD);
  await fill(page, "Confirm master password", PASSWORD);
  await press(page, "Continue");
  await heading(page, "Your recovery phrase");
  const words = await page.$$eval(".words b", (all) => all.map((el) => el.textContent));
  assert.equal(words.length, 24);
  return words;
}

async function confirmPhrase(page, words) {
  await press(page, "I’ve saved these words");
  await heading(page, "Confirm your phrase");
  for (const label of await page.$$eval("form label", (all) => all.map((el) => el.textContent))) {
    await fill(page, label, words[Number(/^Word (\d+)$/.exec(label)[1]) - 1]);
  }
  await press(page, "Confirm");
  await heading(page, "All items");
}

async function signIn(page, username) {
  await heading(page, "Sign in");
  await fill(page, "Username", username);
  await fill(page, "Master password", PASSWORD);
  await press(page, "Sign in");
  await heading(page, "All items");
}

async function add(page, { title, username, password }) {
  await follow(page, "New item");
  await fill(page, "Item name", title);
  await fill(page, "Username", username);
  await fill(page, "Password", password);
  await press(page, "Save");
  await heading(page, title);
}

async function open(page, title) {
  await named(page, "option", `${title} ada@harbour.example Login`).click();
  await heading(page, title);
}

test("the main tasks work in Firefox", async () => {
  const page = await openDevice();
  await confirmPhrase(page, await beginRegistration(page, "ada"));
  const mail = { title: "Harbour Mail", username: "ada@harbour.example", password: "v7#Kq!m2Wx9$" };
  await add(page, mail);
  assert.equal(await page.evaluate((secret) => document.body.innerText.includes(secret), mail.password), false);
  await press(page, "Show password");
  await says(page, mail.password);
  await press(page, "Copy password");
  await says(page, "Password copied. Clears in 30 seconds.");
  await page.focus("#search"); // Firefox does not let pages read the clipboard, so the test pastes it
  await page.keyboard.down("Control");
  await page.keyboard.press("v");
  await page.keyboard.up("Control");
  await page.waitForFunction((secret) => document.querySelector("#search").value === secret, {}, mail.password);
  await press(page, "Clear search");

  await press(page, "Lock");
  await heading(page, "Your vault is locked");
  assert.equal(await page.evaluate((title) => document.body.textContent.includes(title), mail.title), false);
  await fill(page, "Master password", PASSWORD);
  await press(page, "Unlock");
  await heading(page, "All items");

  await follow(page, "Settings");
  await press(page, "Sign out");
  await signIn(page, "ada");
  await open(page, mail.title);

  const other = await openDevice();
  await signIn(other, "ada");
  await open(other, mail.title);
  await press(other, "Show password");
  await says(other, mail.password);
  await add(other, { ...mail, title: "Quill Notes" });
  await open(page, "Quill Notes"); // without a reload
  assert.deepEqual(complaints, []);
});

const gone = (page, selector) => page.waitForFunction((s) => !document.querySelector(s), {}, selector);

test("the main findings stay fixed in Firefox", async () => {
  const page = await openDevice();
  const words = await beginRegistration(page, "bea");
  await page.goBack();
  await heading(page, "Leave without creating your vault?");
  await press(page, "Stay");
  await gone(page, "dialog[open]");
  await confirmPhrase(page, words);
  await add(page, { title: "Harbour Mail", username: "ada@harbour.example", password: "v7#Kq!m2Wx9$" });

  // A click on a value copies it, and so does its key; also with Cyrillic letters.
  await page.evaluate(() =>
    [...document.querySelectorAll(".item-pane *")].findLast((el) => el.textContent === "ada@harbour.example").click(),
  );
  await says(page, "Username copied");
  await page.evaluate(() => document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "с", code: "KeyC", bubbles: true })));
  await says(page, "Password copied");

  await follow(page, "Health");
  await says(page, "Not checked yet");

  // A lock keeps the draft and clears the messages.
  await page.evaluate(() => (location.hash = "#/new"));
  await heading(page, "New item");
  await fill(page, "Item name", "Half written");
  await page.keyboard.down("Alt");
  await page.keyboard.press("l");
  await page.keyboard.up("Alt");
  await heading(page, "Your vault is locked");
  assert.equal(await page.$(".toast"), null);
  await fill(page, "Master password", "wrong");
  await press(page, "Unlock");
  await page.waitForSelector("[role=alert]");
  await fill(page, "Master password", PASSWORD);
  await press(page, "Unlock");
  await says(page, "Your vault was locked while you were editing “Half written”");
  await press(page, "Discard");
});
