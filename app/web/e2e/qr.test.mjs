// The worker reads QR codes that it has drawn.
import assert from "node:assert/strict";
import { test } from "node:test";
import { browser, callCore, drawQR, openPage, PASSWORD, QR_BUNDLE, registerPerson, server, useStage } from "./stage.mjs";

useStage();

/** Draws rows of 0 and 1 into a larger, tinted picture, and reads it. Both happen in the worker. */
const read = (page, rows, type) =>
  page.workers()[0].evaluate(
    async ([rows, type, bundle]) => {
      const dot = 7;
      const canvas = new OffscreenCanvas(rows.length * dot + 400, rows.length * dot + 300);
      const context = canvas.getContext("2d");
      context.fillStyle = "#e8e4da";
      context.fillRect(0, 0, canvas.width, canvas.height);
      context.fillStyle = "#202840";
      for (const [y, row] of rows.entries()) {
        for (const [x, cell] of [...row].entries()) if (cell === "1") context.fillRect(250 + x * dot, 120 + y * dot, dot, dot);
      }
      const { readQR } = await import(bundle);
      return readQR(await canvas.convertToBlob({ type, quality: 0.7 }));
    },
    [rows, type, QR_BUNDLE],
  );

test("QR codes in PNG, JPEG and WebP are read", async () => {
  const page = await openPage(browser, server.url);
  await registerPerson(page, "quentin");
  const { uri } = await callCore(page, "totp_begin", { password: PASSWORD });
  const rows = await drawQR(page, uri);
  for (const type of ["image/png", "image/jpeg", "image/webp"]) {
    assert.deepEqual(await read(page, rows, type), { text: uri }, type);
  }
  assert.deepEqual(await read(page, ["0"], "image/png"), { problem: "no code" });
  const text = page
    .workers()[0]
    .evaluate(async (bundle) => (await import(bundle)).readQR(new Blob(["not a picture"], { type: "image/png" })), QR_BUNDLE);
  assert.deepEqual(await text, { problem: "not a picture" });
  assert.deepEqual(page.complaints, []);
});
