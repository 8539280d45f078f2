// Draws src/icons/*.png from src/icons/icon.svg with a headless Chromium. Run `make icons` after the drawing has changed. The icons are
// checked in, so a build needs no browser.
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const icons = join(dirname(fileURLToPath(import.meta.url)), "src", "icons");
const drawing = `data:image/svg+xml;base64,${readFileSync(join(icons, "icon.svg")).toString("base64")}`;
const GREEN = "#0f6354"; // the disc in the drawing

// A maskable icon fills the square and keeps its content in the inner 80 % (W3C Web Application Manifest, "safe zone").
const kinds = [
  { name: "icon-192.png", size: 192, share: 1 },
  { name: "icon-512.png", size: 512, share: 1 },
  { name: "maskable-512.png", size: 512, share: 0.9, ground: GREEN },
  { name: "apple-touch-icon.png", size: 180, share: 0.94, ground: GREEN },
];

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage();
for (const { name, size, share, ground } of kinds) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(`<style>body { margin: 0; height: 100vh; display: grid; place-items: center; background: ${ground || "none"} }</style>
    <img src="${drawing}" width="${size * share}" height="${size * share}">`);
  await page.locator("img").evaluate((img) => img.decode());
  writeFileSync(join(icons, name), await page.screenshot({ omitBackground: true }));
}
await browser.close();
