import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import { addMany, callCore, heading, openPage, registerPerson, signIn, startBrowser, startServer } from "./stage.mjs";

let browser, server, page;
before(async () => {
  browser = await startBrowser();
  server = await startServer({ ATTACHMENT_MIB: "2" });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const CHUNK = /\/api\/v1\/vaults\/[^/]+\/attachments\/[^/]+\/\d+$/;
const ITEM = { id: "", type: "login", title: "Harbour bank", password: "x" };
const deed = { name: "deed.pdf", mimeType: "application/pdf", buffer: randomBytes(500_000) };

let person = 0;
let name;
beforeEach(async () => {
  await page?.context().close();
  page = await openPage(browser, server.url);
  name = `person-${++person}`;
  await registerPerson(page, name);
  await addMany(page, [ITEM]);
  await page.getByRole("option", { name: ITEM.title }).click();
  await heading(page, "Attachments");
});

const choose = async (...files) => {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Attach files" }).click(),
  ]);
  await chooser.setFiles(files);
};

const listed = (on = page) => on.locator(".file bdi").allTextContents();

async function download(on, file) {
  const [saved] = await Promise.all([on.waitForEvent("download"), on.getByRole("button", { name: `Download ${file}` }).click()]);
  return { as: saved.suggestedFilename(), content: await readFile(await saved.path()) };
}

test("files are attached, downloaded and removed", async () => {
  await choose(deed, { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) });
  await page.getByText("empty.txt attached").first().waitFor();
  await page.getByRole("button", { name: "Download empty.txt" }).waitFor();
  assert.deepEqual(await listed(), ["deed.pdf", "empty.txt"]);
  await page.getByText("500 kB").waitFor();

  const other = await openPage(browser, server.url);
  await signIn(other, name);
  await other.getByRole("option", { name: ITEM.title }).click();
  const saved = await download(other, "deed.pdf");
  assert.equal(saved.as, "deed.pdf");
  assert.ok(saved.content.equals(deed.buffer));
  assert.equal((await download(other, "empty.txt")).content.length, 0);

  await other.getByRole("button", { name: "Remove deed.pdf" }).click();
  await heading(other, "Remove “deed.pdf”?");
  await other.getByRole("button", { name: "Remove", exact: true }).click();
  await other.getByText("deed.pdf removed").first().waitFor();
  await other.getByRole("button", { name: "Download deed.pdf" }).waitFor({ state: "detached" });
  assert.deepEqual(await listed(other), ["empty.txt"]);
  assert.deepEqual([...page.complaints, ...other.complaints], []);
  await other.context().close();
});

test("a dropped file is attached and gets a safe name", async () => {
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["12345"], "bill\u202Efdp.exe"));
    return transfer;
  });
  const area = page.locator(".attachments");
  await area.dispatchEvent("dragover", { dataTransfer: dropped });
  await page.locator(".attachments-over").waitFor();
  await area.dispatchEvent("drop", { dataTransfer: dropped });
  await page.getByText("5 bytes").waitFor();
  const [saved] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: /^Download bill/ }).click(),
  ]);
  assert.equal(saved.suggestedFilename(), "bill_fdp.exe");
});

test("an upload shows progress and can be cancelled", async () => {
  let chunks = 0;
  await page.route(CHUNK, async (route) => {
    if (++chunks === 1) await route.continue(); // the second chunk never arrives
  });
  await choose(deed);
  const bar = page.getByRole("progressbar", { name: "Uploading deed.pdf" });
  await bar.waitFor();
  await page.waitForFunction(() => document.querySelector("progress")?.value > 0);
  await page.evaluate(() => (location.hash = "#/settings")); // the upload continues on another screen
  await heading(page, "Settings");
  await page.goBack();
  await bar.waitFor();
  await page.getByRole("button", { name: "Cancel deed.pdf" }).click();
  await bar.waitFor({ state: "detached" });
  await page.unroute(CHUNK);
  assert.deepEqual(await listed(), []);
  const { items } = await callCore(page, "list", { query: "" });
  assert.equal((await callCore(page, "get", { id: items[0].id })).attachments, undefined);
});

const failures = [
  [
    "a file that is too large",
    { name: "film.mp4", buffer: Buffer.alloc((10 << 20) + 1) },
    null,
    /Attachments can be up to 10 MB/,
  ],
  ["a file for which there is no room", { name: "scan.tif", buffer: randomBytes(3 << 20) }, null, /out of space for attachments/],
  ["a file that meets a broken line", deed, (route) => route.abort("internetdisconnected"), /Can’t reach the server/],
];
for (const [what, file, answer, says] of failures) {
  test(`${what} is rejected, and the next file is attached`, async () => {
    if (answer) await page.route(CHUNK, answer);
    await choose({ mimeType: "application/octet-stream", ...file });
    const alert = page.locator(".file").getByRole("alert");
    await alert.waitFor();
    assert.match(await alert.textContent(), says);
    await page.getByRole("button", { name: "Dismiss" }).first().click();
    await alert.waitFor({ state: "detached" });
    if (answer) await page.unroute(CHUNK);
    await choose({ name: "small.txt", mimeType: "text/plain", buffer: Buffer.from("x") });
    await page.getByRole("button", { name: "Download small.txt" }).waitFor();
    assert.deepEqual(await listed(), ["small.txt"]);
  });
}

test("an altered file is not saved", async () => {
  await choose(deed);
  await page.getByRole("button", { name: "Download deed.pdf" }).waitFor();
  await page.route(CHUNK, async (route) => {
    const response = await route.fetch();
    const chunk = await response.json();
    const at = chunk.token.length / 2;
    chunk.token = chunk.token.slice(0, at) + (chunk.token[at] === "A" ? "B" : "A") + chunk.token.slice(at + 1);
    await route.fulfill({ response, json: chunk });
  });
  const downloads = [];
  page.on("download", (d) => downloads.push(d));
  await page.getByRole("button", { name: "Download deed.pdf" }).click();
  await page.getByText("This file isn’t the one you attached").waitFor();
  assert.equal(downloads.length, 0);
  await page.unroute(CHUNK);
  await page.getByRole("button", { name: "Dismiss" }).first().click();
  assert.ok((await download(page, "deed.pdf")).content.equals(deed.buffer));
});
