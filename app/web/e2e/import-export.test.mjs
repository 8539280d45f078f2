// Import, export and password health.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { addMany, callCore, heading, openPage, PASSWORD, registerPerson, startBrowser, startServer } from "./stage.mjs";

// A fake range API of Have I Been Pwned. It knows one password and records requests.
const KNOWN = createHash("sha1").update("password").digest("hex").toUpperCase();
const asked = [];
const ranges = createServer((request, response) => {
  asked.push(request.url);
  response.writeHead(200, { "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "*" });
  response.end(request.url.endsWith(KNOWN.slice(0, 5)) ? `${KNOWN.slice(5)}:42\r\n${"0".repeat(35)}:0` : `${"0".repeat(35)}:0`);
});

let browser, server, page;
before(async () => {
  await new Promise((listening) => ranges.listen(0, "127.0.0.1", listening));
  browser = await startBrowser();
  server = await startServer({ BREACH_ADDRESS: `http://127.0.0.1:${ranges.address().port}` });
  page = await openPage(browser, server.url, { acceptDownloads: true });
  await registerPerson(page, "bruno");
});
after(async () => {
  await browser?.close();
  await server?.stop();
  ranges.close();
  ranges.closeAllConnections();
});

const sample = (path) => fileURLToPath(new URL(`../../transfer/testdata/${path}`, import.meta.url));
const button = (name) => page.getByRole("button", { name, exact: typeof name === "string" });
const field = (name) => page.getByLabel(name, { exact: true });
/** All items, with those in the archive and the trash. */
const items = async () => {
  const lists = [{}, { archive: true }, { trash: true }].map((where) => callCore(page, "list", { query: "", ...where }));
  return (await Promise.all(lists)).flatMap((list) => list.items);
};
const total = async () => (await items()).length;

async function choose(file) {
  await page.evaluate(() => (location.hash = "#/vault"));
  await page.evaluate(() => (location.hash = "#/import"));
  await page.locator("input[type=file]").first().setInputFiles(file);
}

async function bringIn(file) {
  await choose(file);
  await button(/^Import \d+ item/).click();
  await heading(page, "Import complete");
}

/** All items as JSON. */
async function everything() {
  const said = [];
  for (const { id } of await items()) {
    await callCore(page, "confirm_item", { id, password: PASSWORD }); // some ask for the master password
    said.push(JSON.stringify(await callCore(page, "get", { id })));
  }
  return said.join("\n");
}

test("an import from Bitwarden keeps all fields", async () => {
  const path = sample("bitwarden/individual.json");
  await choose(path);
  await page.getByText(/^\d+ items in this file · Bitwarden \(JSON\)$/).waitFor();
  assert.equal(await total(), 0, "nothing is written before it is asked for");
  await button(/^Import \d+ items$/).click();
  await heading(page, "Import complete");
  const source = JSON.parse(readFileSync(path, "utf8"));
  const found = await everything();
  const missing = [];
  for (const item of source.items) {
    const texts = [
      item.name,
      item.notes,
      item.login?.username,
      item.login?.password,
      item.login?.totp,
      ...(item.login?.uris ?? []).map((u) => u.uri),
      ...(item.fields ?? []).flatMap((f) => [f.name, f.value]),
      ...(item.passwordHistory ?? []).map((p) => p.password),
      ...Object.values(item.card ?? {}),
      ...Object.values(item.identity ?? {}),
      ...Object.values(item.sshKey ?? {}),
      source.folders.find((f) => f.id === item.folderId)?.name,
    ];
    for (const text of texts) {
      // The import trims names and lines. It does not change card numbers and months.
      if (typeof text === "string" && text.trim() && !found.includes(JSON.stringify(text.trim()).slice(1, -1)))
        missing.push(text);
    }
  }
  assert.deepEqual(missing, []);
  // Importing the same file again adds nothing.
  await choose(path);
  await page.getByText("Duplicates").waitFor();
  assert.ok(await button("Import 0 items").isDisabled());
  await page.getByText("Everything in this file is already in your vault.", { exact: true }).waitFor();
  await page.getByRole("main").getByRole("link", { name: "Go to vault" }).click();
  await heading(page, "All items");
});

test("a protected file asks for its password", async () => {
  await choose(sample("bitwarden/protected-argon2id.json"));
  await page.getByText("is password-protected").waitFor();
  await field("File password").fill("wrong");
  await button("Open file").click();
  await page.getByText("Incorrect file password.").waitFor();
  await field("File password").fill("corréct horse");
  await button("Open file").click();
  await page.getByText(/^\d+ items? in this file/).waitFor();
  await button("Cancel").click();
  await button("Choose file").waitFor();
});

test("a table is imported by its columns", async () => {
  const table = 'Alpha;Beta;Gamma\nPier 9;anna;first-pass\n"broken;x\n';
  await choose({ name: "odd.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
  const columns = button("Change columns");
  await columns.or(field("Alpha")).first().waitFor();
  if (await columns.isVisible()) await columns.click();
  await field("Alpha").selectOption("Item name");
  await field("Beta").selectOption("Username");
  await field("Gamma").selectOption("Password");
  await button("Continue").click();
  await page.getByText("1 field couldn’t be imported").waitFor();
  await button("Import 1 item").click();
  await heading(page, "Import complete");
  const [{ id }] = (await callCore(page, "list", { query: "Pier 9" })).items;
  const { title, username, password } = await callCore(page, "get", { id });
  assert.deepEqual({ title, username, password }, { title: "Pier 9", username: "anna", password: "first-pass" });
});

test("a table without headers asks for its columns", async () => {
  const table =
    "Harbour,nina@example.org,pw-harbour,https://harbour.example\nQuay,nina@example.org,pw-quay,https://quay.example\n";
  await choose({ name: "values.csv", mimeType: "text/csv", buffer: Buffer.from(table) });
  await field("The file has no header row").waitFor();
  assert.equal(await field("The file has no header row").isChecked(), true);
  assert.equal(await field("Column 2").inputValue(), "username");
  assert.equal(await field("Column 4").inputValue(), "url");
  await page.getByText("Harbour, Quay").waitFor();
  await field("Column 1").selectOption("Item name");
  await field("Column 3").selectOption("Password");
  await button("Continue").click();
  await button("Import 2 items").click();
  await heading(page, "Import complete");
  const [{ id }] = (await callCore(page, "list", { query: "Harbour" })).items;
  const { title, username, password, urls } = await callCore(page, "get", { id });
  assert.deepEqual(
    { title, username, password, urls },
    { title: "Harbour", username: "nina@example.org", password: "pw-harbour", urls: ["https://harbour.example"] },
  );
});

test("existing items are added again or updated", async () => {
  const csv = (password) => ({
    name: "chrome.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(`name,url,username,password,note\nMail,https://mail.example,bruno,${password},\n`),
  });
  await bringIn(csv("older"));
  await choose(csv("newer"));
  await field("1 item differs from your vault").selectOption("Update the item in your vault");
  await button("Import 1 item").click();
  await page.getByText("1 item updated").waitFor();
  const { items } = await callCore(page, "list", { query: "mail.example" });
  assert.equal(items.length, 1);
  assert.equal((await callCore(page, "get", { id: items[0].id })).password, "newer");
  assert.equal((await callCore(page, "history", { id: items[0].id })).versions[0].password, "older");
});

test("an unreadable file is rejected", async () => {
  const before = await total();
  for (const [name, content, sentence] of [
    ["empty.json", "", "The file is empty."],
    ["photo.json", "\x89PNG\r\n\x1a\n\0\0\0", "This is a picture."],
    ["cut.json", '{"encrypted":false,"folders":[],"items":[{"type":1,"na', /The file is (incomplete|damaged)\./],
    ["deep.json", "[".repeat(100_000), "The file is nested too deeply"],
    ["bomb.zip", "PK\x03\x04 not a zip", /The file is (incomplete|damaged)\.|This file format isn’t supported\./],
  ]) {
    await choose({ name, mimeType: "application/octet-stream", buffer: Buffer.from(content, "latin1") });
    await page.locator(".problem").getByText(sentence).waitFor();
  }
  assert.equal(await total(), before);
});

test("every export asks for the master password", async () => {
  await page.evaluate(() => (location.hash = "#/export"));
  await heading(page, "Export");
  await field("Format").waitFor();
  const options = await field("Format").locator("option").allTextContents();
  let saved = 0;
  page.on("download", () => saved++);
  for (const option of options) {
    await field("Format").selectOption(option);
    const sealed = (await field("File password").count()) > 0;
    if (sealed) {
      await field("File password").fill("lantern orbit velvet mustard");
      await field("Confirm file password").fill("lantern orbit velvet mustard");
    }
    assert.equal(await button("Export").isDisabled(), true, option);
    if (saved === 0) {
      await field("Master password").fill("not the password");
      await button("Export").click();
      await page.getByText("Incorrect master password.").waitFor();
    }
    await field("Master password").fill(PASSWORD);
    const file = page.waitForEvent("download");
    const before = saved;
    await button("Export").click();
    if (!sealed) {
      await heading(page, "Export without encryption?");
      await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
      assert.equal(saved, before, option);
      await button("Export").click();
      await button("Export unencrypted").click();
    }
    assert.match((await file).suggestedFilename(), /^vaultsphere-/);
    await page.waitForFunction(() => document.querySelector('.export input[autocomplete="current-password"]').value === "");
  }
});

test("exports can be imported again", async () => {
  const before = await total();
  for (const format of ["VaultSphere (password-protected)", /KeePass/]) {
    await page.evaluate(() => (location.hash = "#/export"));
    await heading(page, "Export");
    await field("Format").waitFor();
    const options = await field("Format").locator("option").allTextContents();
    await field("Format").selectOption(options.find((o) => (typeof format === "string" ? o === format : format.test(o))));
    await field("File password").fill("lantern orbit velvet mustard");
    await field("Confirm file password").fill("lantern orbit velvet mustard");
    await field("Master password").fill(PASSWORD);
    await field("Include items in trash").check();
    const saved = page.waitForEvent("download");
    await button("Export").click();
    const path = await (await saved).path();
    assert.ok(!readFileSync(path).includes("first-pass"));
    const name = (await saved).suggestedFilename();
    await choose({ name, mimeType: "application/octet-stream", buffer: readFileSync(path) });
    await field("File password").fill("lantern orbit velvet mustard");
    await button("Open file").click();
    await page.getByText(new RegExp(`^${before} items in this file`)).waitFor();
    await button("Cancel").click();
  }
});

test("KeePass key files and empty passwords work", async () => {
  const database = (name) => ({
    name: "database",
    mimeType: "application/octet-stream",
    buffer: readFileSync(sample(`keepass/${name}.kdbx`)),
  });
  await choose(database("both"));
  await field("File password").fill("a password for the file");
  await button("Open file").click();
  await page.getByText("The password or the key file is wrong or missing.").waitFor();
  await field("File password").fill("a password for the file");
  await field("Key file (if you use one)").setInputFiles(sample("keepass/any.key"));
  await button("Open file").click();
  await page.getByText(/^1 item in this file/).waitFor();
  await button("Cancel").click();
  await choose(database("empty"));
  await button("Open file").click();
  await page.getByText(/^1 item in this file/).waitFor();
  await button("Cancel").click();
});

test("weak, reused and breached passwords are found", async () => {
  await addMany(page, [
    { id: "", type: "login", title: "Old forum", username: "bruno", password: "password", urls: ["http://forum.example"] },
    { id: "", type: "login", title: "Other forum", username: "bruno", password: "password", urls: ["https://other.example"] },
  ]);
  await page.evaluate(() => (location.hash = "#/health"));
  const group = (name) => page.locator(".finding-group", { hasText: name });
  const lists = async (name, title) => {
    await group(name).locator("summary").click();
    await group(name).getByText(title, { exact: true }).first().waitFor();
  };
  await lists("Weak passwords", "Old forum");
  await lists("Reused passwords", "Other forum");
  await lists("Unsecured websites", "Old forum");
  assert.deepEqual(asked, [], "nothing was asked before");
  await button(/^Check \d+ passwords$/).click();
  await page.getByText("All passwords have been checked.").waitFor();
  await lists("Exposed passwords", "Old forum");
  assert.ok(await group("Exposed passwords").getByText("seen 42 times").first().isVisible());
  assert.ok(asked.length > 0 && asked.every((path) => /^\/range\/[0-9A-F]{5}$/.test(path)), asked.join(" "));
  await page
    .getByRole("link", { name: /Other forum/ })
    .first()
    .click();
  await heading(page, "Other forum");
});

test("the browser reported no problem", () => assert.deepEqual(page.complaints, []));
