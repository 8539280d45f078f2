// Draws the picture in the README anew: node e2e/picture.mjs FILE
import { addMany, callCore, openPage, registerPerson, startBrowser, startServer } from "./stage.mjs";
import { logins, others, rich } from "./samples.mjs";

const [file] = process.argv.slice(2);
if (!file) {
  console.error("usage: node e2e/picture.mjs FILE");
  process.exit(2);
}

const server = await startServer();
const browser = await startBrowser();
try {
  const page = await openPage(browser, server.url, { viewport: { width: 1280, height: 780 }, colorScheme: "light", locale: "en-GB" });
  await registerPerson(page, "ada");
  await addMany(page, [rich, ...others, ...logins(14)]);
  const [{ id }] = (await callCore(page, "list", { query: rich.title })).items;
  await page.evaluate((hash) => (location.hash = hash), `#/entry/${id}`);
  await page.locator(".code").waitFor();
  // Early in a period the code has time left, so that the picture does not show a warning.
  await page.waitForFunction(() => Number(document.querySelector(".ring > span")?.textContent) > 18, null, { timeout: 40_000 });
  await page.mouse.move(0, 0);
  await page.screenshot({ path: file, animations: "disabled" });
} finally {
  await browser.close();
  await server.stop();
}
