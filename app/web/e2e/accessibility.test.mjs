import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findings, findingsInBothThemes } from "./axe.mjs";
import { openPage, startBrowser, startServer } from "./stage.mjs";
import { walk } from "./walk.mjs";

let browser;
before(async () => (browser = await startBrowser()));
after(() => browser?.close());

async function check(options, look) {
  const server = await startServer();
  const page = await openPage(browser, server.url, options);
  const found = [];
  const seen = [];
  try {
    await walk(page, async (name) => {
      seen.push(name);
      for (const line of await look(page)) found.push(`${name}: ${line}`);
    });
    assert.ok(seen.length >= 35, `the walk saw only ${seen.length} screens`);
    assert.deepEqual(found, []);
    assert.deepEqual(page.complaints, []);
  } finally {
    await page.context().close();
    await server.stop();
  }
}

test("no screen has a serious accessibility finding", () => check({}, findingsInBothThemes));

test("no screen on a tablet has a serious finding", () => check({ viewport: { width: 900, height: 700 } }, findings));

const SMALL = 40; // pixels; the shorter side of a touch target

test("screens and controls fit 320 pixels", () =>
  check({ viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true }, (page) =>
    page.evaluate((small) => {
      const found = [];
      const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.scrollingElement;
      if (document.querySelector(".shell") && scrollHeight > clientHeight) {
        found.push(`the window scrolls by ${scrollHeight - clientHeight} pixels, where only the panes should`);
      }
      if (scrollWidth > clientWidth) found.push(`${scrollWidth} pixels wide in a window of ${clientWidth}`);
      for (const el of document.querySelectorAll("button, a[href], input:not([type=checkbox]), select, textarea, summary")) {
        if (
          !el.checkVisibility({ visibilityProperty: true, opacityProperty: false }) ||
          el.closest("p, .visually-hidden, .field-row-value")
        )
          continue; // links within text are exempt (WCAG 2.5.8)
        if (el.matches(".visually-hidden")) continue;
        const { width, height } = el.getBoundingClientRect();
        if (width < small || height < small)
          found.push(`${el.outerHTML.slice(0, 90)} is ${Math.round(width)} by ${Math.round(height)}`);
        if (width > clientWidth) found.push(`${el.outerHTML.slice(0, 90)} is wider than the window`);
      }
      return found;
    }, SMALL),
  ));
