// Takes screenshots of all screens in two sizes and two themes: node e2e/screenshots.mjs DIRECTORY
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openPage, startBrowser, startServer } from "./stage.mjs";
import { walk } from "./walk.mjs";

const [dir] = process.argv.slice(2);
if (!dir) {
  console.error("usage: node e2e/screenshots.mjs DIRECTORY");
  process.exit(2);
}
mkdirSync(dir, { recursive: true });

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

const browser = await startBrowser();
try {
  for (const colorScheme of ["light", "dark"]) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const server = await startServer();
      const phone = size === "phone";
      const page = await openPage(browser, server.url, {
        viewport,
        colorScheme,
        hasTouch: phone,
        isMobile: phone,
      });
      let n = 0;
      const shoot = (name) =>
        page.screenshot({
          path: join(dir, `${colorScheme}-${size}-${String(++n).padStart(2, "0")}-${name}.png`),
          animations: "disabled",
          fullPage: true,
        });
      try {
        await walk(page, shoot);
      } catch (e) {
        await shoot("FAILED");
        throw e;
      } finally {
        for (const complaint of page.complaints) console.error(`${colorScheme} ${size}: ${complaint}`);
        await page.context().close();
        await server.stop();
      }
    }
  }
} finally {
  await browser.close();
}
