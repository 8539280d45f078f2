// The QR reader in the worker, on codes that the core makes.
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { callCore, openPage, PASSWORD, registerPerson, startBrowser, startServer } from "./stage.mjs";

let browser, server;
before(async () => {
  browser = await startBrowser();
  server = await startServer();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const reader = `/${readdirSync(new URL("../dist", import.meta.url)).find((name) => /^qr-.*\.js$/.test(name))}`;

/** Draws rows of 0 and 1 in the worker, on a larger and darker picture, and reads it there. */
const read = (page, rows, type) => page.workers()[0].evaluate(async ([rows, type, reader]) => {
  const dot = 7;
  const canvas = new OffscreenCanvas(rows.length * dot + 400, rows.length * dot + 300);
  const context = canvas.getContext("2d");
  context.fillStyle = "#e8e4da";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#202840";
  rows.forEach((row, y) => [...row].forEach((cell, x) => {
    if (cell === "1") context.fillRect(250 + x * dot, 120 + y * dot, dot, dot);
  }));
  const { readQR } = await import(reader);
  return readQR(await canvas.convertToBlob({ type, quality: 0.7 }));
}, [rows, type, reader]);

test("a code in a PNG, JPEG or WebP picture is read, and what is none is told", async () => {
  const page = await openPage(browser, server.url);
  await registerPerson(page, "quentin");
  const { uri, qr } = await callCore(page, "totp_begin", { password: PASSWORD });
  for (const type of ["image/png", "image/jpeg", "image/webp"]) {
    assert.deepEqual(await read(page, qr.rows, type), { text: uri }, type);
  }
  assert.deepEqual(await read(page, ["0"], "image/png"), { problem: "no code" });
  const text = page.workers()[0].evaluate(
    async (reader) => (await import(reader)).readQR(new Blob(["not a picture"], { type: "image/png" })), reader);
  assert.deepEqual(await text, { problem: "not a picture" });
  assert.deepEqual(page.complaints, []);
});
