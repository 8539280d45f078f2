// The main tasks end to end, from the first visit to the recovery of a thousand logins.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { logins } from "./samples.mjs";
import {
  addMany,
  browser,
  callCore,
  commandLine,
  footCount,
  heading,
  openPage,
  PASSWORD,
  registerPerson,
  server,
  signIn,
  unlock,
  useStage,
} from "./stage.mjs";
import { codeFor } from "./totp.mjs";

useStage();

async function addByForm(page, { title, username, password, url }) {
  await page.getByRole("link", { name: "New item" }).first().click();
  await page.getByLabel("Item name", { exact: true }).fill(title);
  await page.getByLabel("Username", { exact: true }).fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Website", { exact: true }).fill(url);
  await page.getByRole("button", { name: "Save" }).click();
  await heading(page, title);
}

async function enrolTOTP(page) {
  await page.getByRole("link", { name: "Settings" }).first().click();
  await page.getByRole("button", { name: "Turn on" }).click();
  const dialog = page.locator("dialog");
  await dialog.getByLabel("Master password", { exact: true }).fill(PASSWORD);
  await dialog.getByRole("button", { name: "Continue" }).click();
  await dialog.getByRole("img", { name: /QR code/ }).waitFor();
  const secret = (await dialog.locator(".totp-key").textContent()).replaceAll(" ", "");
  // A code works once, so this uses the previous one and leaves the current one for the sign-in.
  const enter = async () => {
    await dialog.getByLabel("6-digit code from the app").fill(codeFor(secret, -1));
    await dialog.getByRole("button", { name: "Turn on" }).click();
  };
  const done = page.getByRole("button", { name: "Turn off" });
  const refused = dialog.getByRole("alert");
  await enter();
  await done.or(refused).first().waitFor();
  if (await refused.isVisible()) await enter(); // the code expired on the way; the next one is valid for 30 seconds
  await done.waitFor();
  return secret;
}

async function showPassword(page) {
  await page.getByRole("button", { name: "Show password" }).click();
  return page.locator(".field-row", { hasText: "Password" }).locator(".secret").textContent();
}

/** Reads a password with the command line, as the same user. */
function readByCommandLine(title, code) {
  const env = {
    PATH: process.env.PATH,
    HOME: server.dir,
    XDG_CONFIG_HOME: server.dir,
    XDG_STATE_HOME: server.dir,
    XDG_DATA_HOME: server.dir,
    VAULTSPHERE_SERVER: server.url,
  };
  const run = (args, input) => execFileSync(commandLine(), args, { env, input, encoding: "utf8" });
  run(["login", "ada", "--password-stdin", "--code-stdin"], `${PASSWORD}\n${code}\n`);
  return run(["get", title, "--password-stdin"], `${PASSWORD}\n`).trim();
}

test("a user recovers a thousand logins", async () => {
  const page = await openPage(browser, server.url);
  const words = await registerPerson(page, "ada");
  assert.equal(new Set(words).size > 12 && words.length, 24);

  const secret = await enrolTOTP(page);
  await page.getByRole("button", { name: "All items" }).click();
  await addByForm(page, {
    title: "Harbour Mail Zero",
    username: "ada@harbour.example",
    password: "first-of-many",
    url: "mail.harbour.example",
  });
  await addByForm(page, { title: "Quill Notes Zero", username: "ada", password: "second-of-many", url: "https://quill.example" });
  await page.evaluate(() => (location.hash = "#/vault"));
  assert.equal(await addMany(page, logins(998)), 998);
  await footCount(page).getByText("1,000 items").waitFor();

  // A locked page shows nothing of the vault. Unlocking needs only the password.
  await page.getByRole("button", { name: "Lock" }).first().click();
  await heading(page, "Your vault is locked");
  assert.equal((await page.locator("body").textContent()).includes("Harbour"), false);
  await unlock(page);
  await footCount(page).getByText("1,000 items").waitFor();

  // Signing in asks for the second factor.
  await page.getByRole("link", { name: "Settings" }).first().click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await heading(page, "Sign in");
  await signIn(page, "ada");
  await heading(page, "Two-factor authentication");
  await page.getByLabel("6-digit code").fill(codeFor(secret, 0));
  await footCount(page).getByText("1,000 items").waitFor();

  // Search, read and edit.
  await page.keyboard.press("/");
  await page.keyboard.type("kestrel rail 17");
  await page.getByRole("option", { name: "Kestrel Rail 17" }).click();
  await heading(page, "Kestrel Rail 17");
  assert.equal(await showPassword(page), logins(998).find((l) => l.title === "Kestrel Rail 17").password);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Password", { exact: true }).fill("changed by hand 17");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved").first().waitFor();
  assert.equal(await showPassword(page), "changed by hand 17");
  await page.locator("summary", { hasText: "Password history" }).click();
  await page.locator(".history li").first().waitFor();

  assert.equal(readByCommandLine("Kestrel Rail 17", codeFor(secret, 1)), "changed by hand 17");

  // The user has lost the password and the authenticator.
  await page.getByRole("link", { name: "Settings" }).first().click();
  await page.getByRole("button", { name: "Sign out" }).first().click();
  await heading(page, "Sign in");
  await page.getByRole("link", { name: "Forgot your master password?" }).click();
  await heading(page, "Recover your vault"); // the sign-in screen has a field with the same label
  await page.getByLabel("Username", { exact: true }).fill("ada");
  await page.getByLabel("Recovery phrase", { exact: true }).fill(words.join(" "));
  await page.getByText("The phrase is complete.").waitFor();
  const next = "copper meadow hatch violin";
  await page.getByLabel("New master password", { exact: true }).fill(next);
  await page.getByLabel("Confirm new master password", { exact: true }).fill(next);
  await page.getByLabel("I’ve also lost my authenticator").check();
  await page.getByRole("button", { name: "Reset password" }).click();
  await footCount(page).getByText("1,000 items").waitFor();

  // All thousand items are there, with their passwords.
  const { items } = await callCore(page, "list", { query: "" });
  const wanted = new Map(logins(998).map((l) => [l.title, l.password]));
  wanted
    .set("Harbour Mail Zero", "first-of-many")
    .set("Quill Notes Zero", "second-of-many")
    .set("Kestrel Rail 17", "changed by hand 17");
  assert.equal(items.length, 1000);
  for (const { id, title } of items) {
    assert.equal((await callCore(page, "get", { id })).password, wanted.get(title), title);
  }
  assert.deepEqual(page.complaints, []);
});
