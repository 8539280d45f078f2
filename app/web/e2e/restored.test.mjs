// What the page says after the operator restored a backup.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { logins } from "./samples.mjs";
import {
  addMany,
  callCore,
  comesTrue,
  done,
  heading,
  openPage,
  registerPerson,
  serverProgram,
  startBrowser,
  startServer,
  unlock,
} from "./stage.mjs";

const data = mkdtempSync(join(tmpdir(), "vaultsphere-restored-"));
let browser, server;
before(async () => {
  browser = await startBrowser();
  server = await startServer({ DATA_DIR: data });
});
after(async () => {
  await browser?.close();
  await server?.stop();
  rmSync(data, { recursive: true, force: true });
});

/** Takes pictures on desktop and phone, light and dark, if PICTURES names a directory. */
async function pictures(page, name) {
  if (!process.env.PICTURES) return;
  for (const [size, width, height] of [
    ["desktop", 1280, 800],
    ["phone", 390, 844],
  ])
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      await page.screenshot({ path: `${process.env.PICTURES}/${name}-${size}-${colorScheme}.png` });
    }
  await page.setViewportSize({ width: 1280, height: 800 });
}

test("a restored server gets the changes again, and the page names the file that is lost", async () => {
  const manage = (...args) => execFileSync(serverProgram(), args, { env: { PATH: process.env.PATH, DATA_DIR: data } });
  const [bank, mail] = logins(2);
  const page = await openPage(browser, server.url);
  await registerPerson(page, "restored");
  await addMany(page, [bank]);
  manage("backup", join(data, "backup.tar"));
  await addMany(page, [mail]);
  await page.getByRole("option", { name: bank.title }).click();
  await heading(page, "Attachments");
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: "Attach files" }).click(),
  ]);
  await chooser.setFiles({ name: "deed.pdf", mimeType: "application/pdf", buffer: Buffer.alloc(1000, 1) });
  await page.getByText("deed.pdf attached").first().waitFor();

  const address = new URL(server.url).host;
  await server.stop();
  manage("restore", "--replace", join(data, "backup.tar"));
  manage("open");
  server = await startServer({ DATA_DIR: data, LISTEN_ADDR: address });
  await page.reload();
  await unlock(page);
  const banner = page.locator(".banner", { hasText: `without the file “deed.pdf” of “${bank.title}”` });
  await banner.waitFor();
  await page.locator(".toast").getByText("were sent again.").first().waitFor();
  assert.equal((await callCore(page, "list", { query: "" })).total, 2);
  await pictures(page, "lost");

  await banner.getByRole("link", { name: "Show item" }).click();
  await heading(page, bank.title);
  await page.getByRole("button", { name: "Remove deed.pdf" }).click();
  await page.getByRole("button", { name: "Remove", exact: true }).click();
  await banner.waitFor({ state: "detached" });
  await comesTrue(page, () => !document.querySelector(".file"));
  await done(page);
});
