// All screens with texts and values that strain them, and with the settings of people who see or read differently.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readCatalogs } from "../texts.mjs";
import { findings } from "./axe.mjs";
import { ACCESS, findOnScreens, vaultScreens } from "./screens.mjs";
import { addMany, callCore, footCount, openPage, PASSWORD, registerPerson, startBrowser, startServer } from "./stage.mjs";

const LONG = "m".repeat(300);
const HEBREW = "הבנק (חשבון)!";
const ARABIC = "بنك، شركة.";

const ITEMS = [
  {
    id: "",
    type: "login",
    title: HEBREW,
    username: ARABIC,
    password: "1",
    urls: [`https://${"a".repeat(60)}.example/${LONG}`, "http://old.example"],
    totp: "JBSWY3DPEHPK3PXP",
    tags: [ARABIC, LONG.slice(0, 100)],
    fields: [{ name: HEBREW, value: ARABIC }],
    notes: LONG,
    favourite: true,
  },
  { id: "", type: "login", title: LONG, username: LONG.slice(0, 250), password: "1", urls: [], tags: [] },
  ...Array.from({ length: 10 }, (_, i) => ({
    id: "",
    type: "note",
    title: `Note ${i}`,
    tags: Array.from({ length: 50 }, (_, n) => `Tag ${i * 50 + n}`),
    notes: "",
  })),
];

let browser, server, page, screens;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer()]);
  page = await openPage(browser, server.url);
  await registerPerson(page, "ada");
  await addMany(page, ITEMS);
  await footCount(page).getByText("12 items").waitFor();
  const { items } = await callCore(page, "list", { query: "" });
  screens = vaultScreens(items.find((i) => i.title === HEBREW).id);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Finds text and controls that are cut off, and elements that scroll sideways. Runs in the page. */
function cutOff() {
  const found = [];
  const root = document.scrollingElement;
  if (root.scrollWidth > root.clientWidth) found.push(`the page is ${root.scrollWidth} pixels wide, in ${root.clientWidth}`);
  const dialog = document.querySelector("dialog[open]");
  const visible = (el) =>
    el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    !el.closest(".visually-hidden, [inert]") &&
    (!dialog || dialog.contains(el));
  for (const el of document.querySelectorAll("main *, dialog *")) {
    const { overflowX } = getComputedStyle(el);
    if (
      overflowX === "auto" &&
      el.scrollWidth > el.clientWidth + 1 &&
      visible(el) &&
      !el.matches(".chips, .filters, .segments, textarea")
    )
      found.push(`<${el.localName} class="${el.className}"> scrolls sideways by ${el.scrollWidth - el.clientWidth}`);
  }
  for (const el of document.querySelectorAll("button, a[href], label, summary, legend, h1, h2")) {
    if (!visible(el) || el.closest(".chips, .filters, .segments, .row, .nav-scroll")) continue; // these scroll, or shorten values
    const range = document.createRange();
    range.selectNodeContents(el);
    const text = range.getBoundingClientRect();
    const box = el.getBoundingClientRect();
    const name = `"${(el.getAttribute("aria-label") ?? el.textContent).trim().slice(0, 40)}" (${el.localName}.${el.className})`;
    if (box.left < -1 || box.right > root.clientWidth + 1) found.push(`${name} is at ${box.left} to ${box.right}`);
    if (text.width > 0 && !el.title && (text.right > box.right + 2 || text.left < box.left - 2))
      found.push(`the text of ${name} is ${Math.round(text.width)} pixels wide, in ${Math.round(box.width)}`);
    if (
      !el.title &&
      [el, ...el.querySelectorAll("span")].some(
        (e) =>
          getComputedStyle(e).overflow === "hidden" &&
          getComputedStyle(e).clipPath === "none" &&
          e.scrollWidth > e.clientWidth + 1,
      )
    )
      found.push(`the text of ${name} is shortened`);
  }
  return found;
}

/** Right-to-left values that are not isolated from the text around them. Runs in the page. */
function notIsolated() {
  const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (nodes.nextNode()) {
    const { data, parentElement } = nodes.currentNode;
    if (!/[\u0590-\u08ff]/.test(data.replace(/\u2068[^\u2069]*\u2069/g, "")) || parentElement.closest("option, .tile")) continue;
    if (!parentElement.closest("bdi, [dir=auto]")) found.push(parentElement.outerHTML.slice(0, 120));
  }
  for (const el of document.querySelectorAll("input:is([type=text], [type=url], :not([type])), textarea"))
    if (el.dir !== "auto" && !el.matches(".code-input")) found.push(el.outerHTML.slice(0, 120));
  return found;
}

/** Controls that forced colours hide: they need a text, a border or an icon in a system colour. Runs in the page. */
function hiddenByForcedColours() {
  const rgb = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => 0.2126 * (r / 255) ** 2.2 + 0.7152 * (g / 255) ** 2.2 + 0.0722 * (b / 255) ** 2.2;
  const contrast = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const canvas = light(rgb(getComputedStyle(document.documentElement).backgroundColor));
  const seen = (color) => contrast(light(rgb(color)), canvas) >= 3;
  const found = [];
  for (const el of document.querySelectorAll("button, a[href], input, select, textarea, summary, .icon")) {
    if (!el.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || el.closest(".visually-hidden, .mark"))
      continue;
    const style = getComputedStyle(el);
    const border = style.borderTopWidth !== "0px" && style.borderTopStyle !== "none" && seen(style.borderTopColor);
    const native = el.matches("[type=checkbox], [type=radio], [type=range]");
    const text = (el.textContent.trim() !== "" || el.querySelector(".icon") || el.matches(".icon")) && seen(style.color);
    if (!border && !native && !text) found.push(el.outerHTML.slice(0, 120));
  }
  return found;
}

/** Controls without names and headings that skip a level, as assistive software gets them. */
async function unnamed() {
  const client = await page.context().newCDPSession(page);
  const { nodes } = await client.send("Accessibility.getFullAXTree");
  await client.detach();
  const NAMED =
    /^(button|link|textbox|searchbox|combobox|checkbox|radio|slider|option|listbox|dialog|heading|img|image|group|radiogroup|navigation|region|switch|menuitem|tab|progressbar|spinbutton)$/;
  const found = [];
  let level = 0;
  let first = true;
  for (const { ignored, role, name, properties = [], childIds = [] } of nodes) {
    if (ignored || !NAMED.test(role?.value)) continue;
    const needs = !/^(group|image|img)$/.test(role.value) || (role.value !== "group" && childIds.length === 0);
    if (needs && !name?.value.trim()) found.push(`a ${role.value} has no name`);
    if (role.value !== "heading") continue;
    const next = properties.find((p) => p.name === "level").value.value;
    if (!first && next > level + 1) found.push(`heading "${name.value}" is level ${next}, after level ${level}`);
    first = false;
    level = next;
  }
  return found;
}

// WCAG 1.4.12
const TEXT_SPACING = `* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
  p { margin-bottom: 2em !important }`;

const size = (width, height) => page.setViewportSize({ width, height });

/** Opens the vault again after a reload, in any language. */
async function reopen() {
  await page.evaluate(() => (location.hash = "#/vault"));
  await page.reload();
  await page.locator("input[type=password]").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator(".row").first().waitFor();
}

test("every control has a name, and headings are in order", async () => {
  assert.deepEqual(await findOnScreens(page, screens, unnamed), []);
});

test("values from right to left are isolated", async () => {
  assert.deepEqual(await findOnScreens(page, screens, () => page.evaluate(notIsolated)), []);
});

test("nothing is cut off at 400 % or with wide text spacing", async () => {
  await size(320, 256);
  const zoomed = await findOnScreens(page, screens, () => page.evaluate(cutOff));
  await size(1280, 800);
  await page.evaluate((css) => {
    const sheet = new CSSStyleSheet(); // the content security policy blocks a <style>
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [sheet];
  }, TEXT_SPACING);
  const spaced = await findOnScreens(page, screens, () => page.evaluate(cutOff));
  await page.evaluate(() => (document.adoptedStyleSheets = []));
  assert.deepEqual([...zoomed.map((f) => `400 %: ${f}`), ...spaced.map((f) => `spacing: ${f}`)], []);
});

test("forced colours hide no control", async () => {
  await page.emulateMedia({ forcedColors: "active" });
  const found = await findOnScreens(page, screens, async (_, name) => [
    ...(await page.evaluate(hiddenByForcedColours)),
    ...(name === "item" ? await findings(page, ["color-contrast"]) : []), // is slow with 500 tags
  ]);
  await page.emulateMedia({ forcedColors: "none" });
  assert.deepEqual(found, []);
});

test("texts three times as long fit", async () => {
  const longer = (part) =>
    typeof part === "string"
      ? `${part} ${part} ${part}`
      : Object.fromEntries(Object.entries(part).map(([name, value]) => [name, longer(value)]));
  const body = `export default ${JSON.stringify(longer(readCatalogs().en))}`;
  const routed = page.context();
  await routed.route(/\/en-[0-9a-f]{10}\.js$/, (route) => route.fulfill({ contentType: "text/javascript", body }));
  const look = async () => {
    const found = (await page.evaluate(cutOff)).map((f) => `desktop: ${f}`);
    await size(390, 844);
    found.push(...(await page.evaluate(cutOff)).map((f) => `phone: ${f}`));
    await size(1280, 800);
    return found;
  };
  await reopen();
  const found = await findOnScreens(page, screens, look);
  await page.keyboard.press("Alt+l");
  await page.locator("input[type=password]").waitFor();
  found.push(...(await look()).map((f) => `unlock: ${f}`));
  await page.locator(".panel-links .link").click();
  await page.locator('a[href="#/register"]').waitFor(); // on the sign-in form only
  await page.reload(); // signing out ends with a change of the route
  await page.locator('a[href="#/register"]').waitFor();
  found.push(...(await findOnScreens(page, ACCESS, look)));
  assert.deepEqual(found, []);
  assert.deepEqual(page.complaints, []);
});
