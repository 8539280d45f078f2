// The sidebar, the filters of phones and tablets, and the sizes of the list.
import assert from "node:assert/strict";
import { test } from "node:test";
import { findings } from "./axe.mjs";
import { logins } from "./samples.mjs";
import { addMany, browser, done, heading, openPage, registerPerson, server, useStage, vaultOf } from "./stage.mjs";

useStage();

const LONG = "a tag whose name is longer than the sidebar is wide";
const tagged = (n) => logins(n).map((item, i) => ({ ...item, tags: [i ? `Tag ${i}` : LONG] }));
const preference = (page, name) =>
  page.evaluate((n) => JSON.parse(localStorage.getItem("vaultsphere.preferences") ?? "{}")[n], name);
const focused = (page) =>
  page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.innerText);
const inTags = (page, text) =>
  page.waitForFunction(
    (t) => document.activeElement.matches(".tag-filters button") && document.activeElement.innerText.startsWith(t),
    text,
  );

test("the sidebar keeps many tags out of the way", async () => {
  const page = await vaultOf("ada", tagged(46));
  const { keyboard } = page;
  const sidebar = page.locator(".sidebar");
  for (const [width, height] of [
    [1366, 620],
    [1280, 800],
  ]) {
    await page.setViewportSize({ width, height });
    const below = await page.evaluate(() => {
      const { bottom } = document.querySelector(".nav-scroll").getBoundingClientRect();
      const items = [...document.querySelectorAll(".nav-scroll .nav-item")];
      return items
        .slice(0, 9)
        .filter((i) => i.getBoundingClientRect().bottom > bottom)
        .map((i) => i.innerText);
    });
    assert.deepEqual(below, [], `${width} by ${height}: the trash and the first tag need scrolling`);
  }
  const settings = sidebar.getByRole("link", { name: "Settings" });
  await page.setViewportSize({ width: 1366, height: 620 });
  assert.ok((await settings.boundingBox()).y === (await sidebar.getByRole("link", { name: "Health" }).boundingBox()).y);
  const edge = await sidebar.locator(".nav-scroll").boundingBox();
  const clip = { x: edge.x, y: edge.y + edge.height - 6, width: 4, height: 6 }; // left of the buttons
  const shaded = await page.screenshot({ clip });
  await sidebar.locator(".nav-scroll").evaluate((el) => el.scrollTo(0, el.scrollHeight));
  assert.ok(!shaded.equals(await page.screenshot({ clip })), "no shade shows that there is more");

  // one tab stop
  const skip = page.getByRole("button", { name: "Skip to items" });
  await skip.focus();
  let stops = 0;
  while ((await focused(page)) !== "New item" && stops < 60) {
    await keyboard.press("Tab");
    stops++;
  }
  assert.ok(stops <= 30, `${stops} tab stops before the list`);
  await sidebar.locator(".nav-item", { hasText: LONG }).focus();
  assert.equal(await sidebar.locator(".nav-item", { hasText: LONG }).getAttribute("title"), LONG);
  await keyboard.press("ArrowDown");
  await inTags(page, "Tag 1");
  await keyboard.press("End");
  await inTags(page, "Tag 45");
  await keyboard.press("ArrowDown");
  await keyboard.press("ArrowUp");
  await inTags(page, "Tag 44");
  await keyboard.press("Shift+Tab");
  assert.equal(await focused(page), "Filter tags");
  await keyboard.press("Tab");
  await inTags(page, "Tag 44");
  await keyboard.press("Enter");
  await heading(page, "Tag 44");
  await sidebar.getByLabel("Filter tags").fill("TAG 12");
  await sidebar.getByText("Tag 12").waitFor();
  assert.equal(await sidebar.locator(".tag-filters li").count(), 1);
  await keyboard.press("Escape");
  await sidebar.locator(".nav-item", { hasText: LONG }).waitFor();

  await sidebar.getByRole("heading", { level: 2, name: "Tags" }).getByRole("button").click();
  await sidebar.locator(".tag-filters").waitFor({ state: "detached" });
  assert.equal(await preference(page, "tagsOpen"), false);
  await sidebar.getByRole("button", { name: /^All items/ }).click();
  await skip.focus();
  await keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.id === "rows");
  await page.setViewportSize({ width: 900, height: 700 });
  const rail = await page.locator(".nav-foot .nav-item:visible").evaluateAll((items) =>
    items.map((item) => {
      const [icon, label] = [".icon", ".nav-label"].map((s) => item.querySelector(s).getBoundingClientRect());
      return { top: icon.top, named: label.top >= icon.bottom && label.width > 10 };
    }),
  );
  assert.ok(rail.length >= 5 && rail.every((item) => item.named), JSON.stringify(rail));
  assert.ok(rail[0].top < 100, `the rail starts at ${rail[0].top}`);
  await page.setViewportSize({ width: 1366, height: 620 });

  await settings.click();
  await heading(page, "Settings");
  await page.getByRole("button", { name: "Skip to content" }).focus();
  await keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement.matches("h1"));
  await done(page);
});

test("phones filter in a sheet and select by a button", async () => {
  const page = await openPage(browser, server.url, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await registerPerson(page, "berta");
  const guide = page.locator(".list-pane .starts");
  await guide.getByRole("link", { name: /^Turn on two-factor/ }).waitFor();
  await guide.getByRole("link", { name: /^Import your passwords/ }).tap();
  await heading(page, "Import");
  await page.goBack();
  await addMany(page, tagged(46));
  await page.getByText("46 items").first().waitFor();

  assert.equal(await page.getByRole("group", { name: "Show" }).getByRole("button", { name: /^Tag / }).count(), 0);
  await page.getByRole("button", { name: "Filter", exact: true }).tap();
  const sheet = page.getByRole("dialog", { name: "Filter items" });
  const [trash, tag] = await Promise.all([/^Trash/, /^Tag 1\b/].map((name) => sheet.getByRole("button", { name }).boundingBox()));
  assert.ok(trash.y < tag.y && trash.y + trash.height < 844, "the trash is below the tags or needs scrolling");
  assert.match(await sheet.getByRole("button", { name: /^Logins/ }).innerText(), /46$/);
  await sheet.getByLabel("Filter tags").fill("sidebar");
  await page.waitForFunction(() => document.querySelectorAll("dialog .tag-filters li").length === 1);
  assert.deepEqual(await findings(page), []);
  await sheet.getByRole("button", { name: LONG }).tap();
  await heading(page, LONG);
  await sheet.waitFor({ state: "detached" });
  await page.getByText("1 item").first().waitFor();
  const wide = await page.evaluate(() => document.scrollingElement.scrollWidth > innerWidth);
  assert.equal(wide, false, "the page scrolls sideways");
  await page.getByRole("group", { name: "Show" }).getByRole("button", { name: "All" }).tap();

  const title = await page.locator(".row-title").nth(1).textContent();
  await page.locator(".row .tile").nth(1).tap(); // opens, as the rest of the row does
  await heading(page, title);
  await page.goBack();
  await page.getByRole("button", { name: "Select", exact: true }).tap();
  await page.getByText("0 selected").first().waitFor();
  assert.equal(await page.getByRole("button", { name: "Delete", exact: true }).count(), 0); // there is nothing to delete
  for (const n of [1, 3]) await page.locator(".row-mark").nth(n).tap();
  await page.getByText("2 selected").first().waitFor();
  for (const n of [1, 3]) await page.locator(".row").nth(n).tap();
  await page.getByText("0 selected").first().waitFor(); // until the button ends it
  await page.getByRole("button", { name: "Clear selection" }).tap();
  await page.getByText("46 items").first().waitFor();

  await page.getByRole("button", { name: "Commands", exact: true }).tap();
  await page.getByRole("option", { name: "Go to: Trash" }).tap();
  await heading(page, "Trash");
  await done(page);
});

/** The left and right edges of an element. */
const edges = (page, selector) =>
  page.evaluate((s) => {
    const { left, right } = document.querySelector(s).getBoundingClientRect();
    return [Math.round(left), Math.round(right)];
  }, selector);

const SPACING = `* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
  p { margin-bottom: 2em !important; }`;

/** Labels whose text is cut. Names of items and tags may end in an ellipsis, and on phones the types of items scroll. */
const cut = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("button, a, label, kbd, h1, h2, h3, p, legend, .nav-label")]
      .filter(
        (el) =>
          el.checkVisibility() && !el.closest(".visually-hidden, .row, .tag-filters, .nav-username, .chips, .segments, dialog"),
      )
      .filter((el) => getComputedStyle(el).position !== "absolute" && el.innerText.trim())
      .filter((el) => {
        const clips = getComputedStyle(el).overflowX !== "visible";
        const range = document.createRange();
        range.selectNodeContents(el);
        const text = range.getBoundingClientRect();
        const box = el.getBoundingClientRect();
        const overflows = text.right > Math.min(innerWidth, box.right + 1) || (clips && el.scrollWidth > el.clientWidth);
        return overflows || (el.matches("kbd") && box.height > 30);
      })
      .map((el) => `${el.tagName} ${el.innerText}`),
  );

test("the list can be wider and denser", async () => {
  const page = await vaultOf("cleo", tagged(20));
  const { keyboard, mouse } = page;
  const separator = page.getByRole("separator", { name: "List width" });
  const now = async () => Number(await separator.getAttribute("aria-valuenow"));
  const paneWidth = () => page.evaluate(() => document.querySelector(".list-pane").offsetWidth);
  const { x, y } = await separator.boundingBox();
  await mouse.move(x + 4, y + 300);
  await mouse.down();
  await mouse.move(x + 84, y + 300, { steps: 3 });
  await mouse.up();
  assert.deepEqual([await now(), await paneWidth(), await preference(page, "listWidth")], [460, 460, 460]);
  await mouse.move(x + 300, y + 300); // no longer drags
  await separator.focus();
  await keyboard.press("ArrowLeft");
  assert.deepEqual([await now(), await paneWidth()], [444, 444]);
  await keyboard.press("End");
  assert.equal(await now(), Number(await separator.getAttribute("aria-valuemax")));
  assert.ok((await paneWidth()) <= 1280 - 232 - 400, "the item has too little room");
  await separator.dblclick();
  assert.deepEqual([await now(), await paneWidth()], [380, 380]);

  const row = await edges(page, ".row");
  assert.deepEqual(await edges(page, ".list-head .search"), row);
  await page.getByRole("listbox").focus();
  await keyboard.press("x");
  assert.deepEqual(await edges(page, ".select-bar"), row);
  await keyboard.press("Escape");

  await page.evaluate((css) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    document.adoptedStyleSheets = [sheet];
  }, SPACING);
  for (const [width, height] of [
    [1280, 800],
    [1366, 620],
    [900, 700],
    [390, 844],
  ]) {
    await page.setViewportSize({ width, height });
    for (const hash of ["#/settings", "#/generator", "#/new", "#/vault"]) {
      await page.evaluate((h) => (location.hash = h), hash);
      await page.waitForFunction((h) => h === location.hash && document.querySelector("main :is(h1, h2)"), hash);
      assert.deepEqual(await cut(page), [], `${hash} at ${width} by ${height} with more space between letters`);
    }
  }
  await page.evaluate(() => (document.adoptedStyleSheets = []));
  await page.setViewportSize({ width: 1280, height: 800 });

  await page.evaluate(() => (location.hash = "#/settings"));
  await page.getByRole("group", { name: "List density" }).getByRole("radio", { name: "Compact" }).check();
  assert.equal(await preference(page, "density"), "compact");
  await page.evaluate(() => (location.hash = "#/vault"));
  await page.getByRole("listbox").focus();
  await keyboard.press("End");
  await page.waitForFunction(() => {
    const { bottom } = document.querySelector(".rows").getBoundingClientRect();
    const rows = [...document.querySelectorAll(".row")].map((r) => r.getBoundingClientRect());
    const heights = new Set(rows.map((r) => r.height));
    return heights.size === 1 && heights.has(44) && Math.max(...rows.map((r) => r.bottom)) <= bottom + 1;
  });
  await done(page);
});
