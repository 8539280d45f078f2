import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, test } from "node:test";
import {
  beginRegistration,
  confirmPhrase,
  heading,
  openPage,
  registerPerson,
  serverProgram,
  signIn,
  startBrowser,
  startServer,
} from "./stage.mjs";

let browser, server;
before(async () => {
  browser = await startBrowser();
  server = await startServer({ REGISTRATION: "invite" });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const invite = () =>
  execFileSync(serverProgram(), ["invite", server.url], { env: { DATA_DIR: server.dir }, encoding: "utf8" }).trim();

/** Suspends a user, or lets the user sign in again. */
const change = (word, name) => execFileSync(serverProgram(), ["users", word, name], { env: { DATA_DIR: server.dir } });

/** Completes the registration and waits for the vault. */
async function register(page, name) {
  await confirmPhrase(page, await beginRegistration(page, name));
  await heading(page, "All items");
}

test("only the first user needs no invitation", async () => {
  const page = await openPage(browser, server.url);
  await registerPerson(page, "first");
  const stranger = await openPage(browser, server.url);
  await stranger.getByRole("link", { name: "Create a vault" }).click();
  await heading(stranger, "You need an invitation");
  await stranger.getByText("Ask your administrator for a link").waitFor();

  const link = stranger.getByLabel("Invitation link");
  await link.fill("https://vault.example.org/");
  await stranger.getByRole("button", { name: "Continue" }).click();
  await stranger.getByText("That isn’t an invitation link.").waitFor();
  await link.fill(invite());
  await stranger.getByRole("button", { name: "Continue" }).click();
  await heading(stranger, "Create your vault");
  await stranger.goBack();
  await register(stranger, "pasted");
  assert.deepEqual([...page.complaints, ...stranger.complaints], []);
});

test("an invitation link works once and is hidden", async () => {
  const link = invite();
  const page = await openPage(browser, link);
  await heading(page, "Create your vault");
  assert.equal(await page.evaluate(() => location.hash), "#/register");
  await page.getByRole("link", { name: "Sign in" }).click();
  await register(page, "invited");

  const late = await openPage(browser, link);
  await heading(late, "You need an invitation");
  await late.getByText("This invitation has expired, was already used or revoked, or is for another server.").waitFor();
  // Another link in the same tab replaces the first.
  await late.goto(invite());
  await heading(late, "Create your vault");
});

test("a refused username is reported before the phrase", async () => {
  const page = await openPage(browser, invite());
  await heading(page, "Create your vault");
  const name = page.getByLabel("Username", { exact: true });
  for (const field of ["Master password", "Confirm master password"]) {
    await page.getByLabel(field, { exact: true }).fill("lantern orbit velvet mustard");
  }
  for (const [typed, told] of [
    ["two words", "Choose another username."],
    ["first", "This username is taken."],
  ]) {
    await name.fill(typed);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByText(told).waitFor();
  }
  await name.fill("third");
  await page.getByRole("button", { name: "Continue" }).click();
  await heading(page, "Your recovery phrase");
});

test("suspension ends an open page and is shown at sign-in", async () => {
  const page = await openPage(browser, invite());
  await heading(page, "Create your vault");
  await page.getByRole("link", { name: "Sign in" }).click();
  await register(page, "leaver");
  change("suspend", "leaver");
  await heading(page, "Sign in");
  await signIn(page, "leaver");
  await page.getByText("Your account is suspended. Contact your administrator.").waitFor();
  change("resume", "leaver");
  await signIn(page, "leaver");
  await heading(page, "All items");
});
