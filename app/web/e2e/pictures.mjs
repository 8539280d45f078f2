// Takes the screenshots of the README: node e2e/pictures.mjs DIRECTORY
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { logins, others, rich } from "./samples.mjs";
import { addMany, callCore, heading, openPage, registerPerson, startBrowser, startServer } from "./stage.mjs";

const [dir] = process.argv.slice(2);
if (!dir) {
  console.error("usage: node e2e/pictures.mjs DIRECTORY");
  process.exit(2);
}

// Logins with passwords that health reports.
const [bank, mail, shop, , air] = logins(5);
const poor = [
  { ...bank, title: "Old forum", password: "summer2024", urls: ["http://forum.example"], favourite: false },
  { ...mail, title: "Photo club", password: "walnut-carriage-41", favourite: false },
  { ...shop, title: "Seed exchange", password: "walnut-carriage-41", favourite: false },
  { ...air, title: "Ferry tickets", password: "ferry1", favourite: false },
];

/** Writes a PNG as WebP, which takes a fifth of the space. */
async function write(browser, name, png) {
  const page = await browser.newPage();
  const url = await page.evaluate(
    async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = image.width;
      canvas.height = image.height;
      canvas.getContext("2d").drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", 0.85);
    },
    `data:image/png;base64,${png.toString("base64")}`,
  );
  await page.close();
  writeFileSync(join(dir, name), Buffer.from(url.slice(url.indexOf(",") + 1), "base64"));
}

const server = await startServer();
const browser = await startBrowser();
try {
  const options = { colorScheme: "light", locale: "en-GB" };
  const take = async (page, name) => {
    await page.mouse.move(0, 0);
    await write(browser, name, await page.screenshot({ animations: "disabled" }));
  };
  const to = (page, hash) => page.evaluate((h) => (location.hash = h), hash);

  const page = await openPage(browser, server.url, { ...options, viewport: { width: 1280, height: 780 } });
  await registerPerson(page, "ada");
  await addMany(page, [rich, ...others, ...logins(14), ...poor]);
  const [{ id }] = (await callCore(page, "list", { query: rich.title })).items;
  await to(page, `#/item/${id}`);
  await page.locator(".code").waitFor();
  // Late in its period, the code shows a warning.
  await page.waitForFunction(() => Number(document.querySelector(".ring > span")?.textContent) > 18, null, { timeout: 40_000 });
  await take(page, "vault.webp");
  await to(page, "#/health");
  await page.locator(".finding-group").first().waitFor();
  await take(page, "health.webp");

  const phone = await openPage(browser, server.url, {
    ...options,
    viewport: { width: 390, height: 780 },
    deviceScaleFactor: 1.5,
    hasTouch: true,
    isMobile: true,
  });
  await registerPerson(phone, "grace");
  await addMany(phone, [rich, ...others, ...logins(14)]);
  await to(phone, "#/vault");
  await heading(phone, "All items");
  await phone.locator(".row").nth(8).waitFor();
  await take(phone, "phone.webp");
} finally {
  await browser.close();
  await server.stop();
}
