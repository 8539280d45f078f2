// All main tasks, by keyboard alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logins } from "./samples.mjs";
import { addMany, browser, comesTrue, heading, openPage, PASSWORD, registerPerson, server, useStage } from "./stage.mjs";

useStage();

const focused = (page) =>
  page.evaluate(() => {
    const el = document.activeElement;
    return el.getAttribute("aria-label") ?? el.labels?.[0]?.textContent ?? el.textContent;
  });

/** Presses Tab until the named control has the focus. */
async function tabTo(page, name) {
  const passed = [];
  for (let i = 0; i < 60; i++) {
    const at = await focused(page);
    if (at === name) return;
    passed.push(at.slice(0, 40));
    await page.keyboard.press("Tab");
  }
  assert.fail(`Tab never reached “${name}”; it passed ${passed.join(" · ")}`);
}

test("all main tasks work by keyboard", async () => {
  const page = await openPage(browser, server.url);
  const { keyboard } = page;
  await heading(page, "Sign in");
  await tabTo(page, "Create a vault");
  await keyboard.press("Enter");
  await heading(page, "Create your vault");
  assert.equal(await focused(page), "Username"); // the focus is on the new screen
  await keyboard.type("ada");
  await tabTo(page, "Master password");
  await keyboard.type(PASSWORD);
  await tabTo(page, "Confirm master password");
  await keyboard.type(PASSWORD);
  await keyboard.press("Enter");
  await heading(page, "Your recovery phrase");
  assert.equal(await focused(page), "Your recovery phrase");
  const words = await page.locator(".words b").allTextContents();
  await tabTo(page, "I’ve saved these words");
  await keyboard.press("Enter");
  await heading(page, "Confirm your phrase");
  for (let i = 0; i < 3; i++) {
    const asked = Number(/\d+/.exec(await focused(page))[0]);
    await keyboard.type(words[asked - 1]);
    if (i < 2) await keyboard.press("Tab");
  }
  await keyboard.press("Enter");
  await heading(page, "All items");

  await keyboard.press("n");
  await heading(page, "New item");
  assert.equal(await focused(page), "Item name");
  await keyboard.type("Harbour Mail");
  await tabTo(page, "Generate password");
  await keyboard.press("Enter");
  await heading(page, "Generate password");
  await page.locator(".generated-value .letter").first().waitFor();
  await tabTo(page, "Use this password");
  await keyboard.press("Enter");
  assert.equal(await focused(page), "Generate password"); // the dialog returned the focus
  assert.equal((await page.getByLabel("Password", { exact: true }).inputValue()).length, 20);
  await keyboard.press("Control+Enter");
  await heading(page, "Harbour Mail");

  await addMany(page, logins(60));
  await page.getByText("61 items").waitFor();
  await keyboard.press("/");
  assert.equal(await focused(page), "Search vault");
  await keyboard.type("tessera");
  await page.getByText("4 items").waitFor();
  await keyboard.press("ArrowDown");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("role")), "listbox");
  const active = () =>
    page.evaluate(() => {
      const id = document.activeElement.getAttribute("aria-activedescendant");
      return document.getElementById(id)?.querySelector(".row-title").textContent;
    });
  const elsewhere = async (key, than) => {
    await keyboard.press(key);
    await comesTrue(
      page,
      (title) => {
        const id = document.activeElement.getAttribute("aria-activedescendant");
        const row = document.getElementById(id);
        return row && row.querySelector(".row-title").textContent !== title;
      },
      than,
    );
    return active();
  };
  const first = await active();
  const second = await elsewhere("ArrowDown", first);
  const last = await elsewhere("End", second);
  assert.equal(await elsewhere("Home", last), first);
  await keyboard.press("c");
  await page.getByText("Password copied").first().waitFor();
  const wanted = logins(60).find((l) => l.title === first).password;
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), wanted);
  assert.equal(await elsewhere("End", first), last);
  await keyboard.press("Enter");
  await heading(page, last);
  await page.waitForFunction((t) => document.activeElement.textContent === t, last);

  await tabTo(page, "Delete");
  await keyboard.press("Enter");
  await page.getByText("3 items").waitFor();
  await page.waitForFunction(() => document.activeElement.getAttribute("role") === "listbox"); // the list has the focus
  await keyboard.press("Control+z");
  await page.getByText("4 items").waitFor();

  await keyboard.press("?");
  await heading(page, "Keyboard shortcuts");
  await keyboard.press("Escape");
  await keyboard.press("Alt+l");
  await heading(page, "Your vault is locked");
  assert.equal(await focused(page), "Master password");
  await keyboard.type(PASSWORD);
  await keyboard.press("Enter");
  await heading(page, "All items");
  assert.deepEqual(page.complaints, []);
});

test("only visible rows of ten thousand are in the page", async () => {
  const page = await openPage(browser, server.url);
  await registerPerson(page, "grace");
  for (let i = 0; i < 10; i++) await addMany(page, logins(1000));
  await page.getByText("10,000 items").waitFor();
  const list = page.getByRole("listbox");
  await list.focus();
  await page.keyboard.press("End");
  await page.waitForFunction(() => document.querySelector('[role=option][aria-posinset="10000"]'));
  assert.ok((await page.getByRole("option").count()) < 60);
  await page.keyboard.press("Home");
  await page.waitForFunction(() => document.querySelector('[role=option][aria-posinset="1"]'));
  await page.getByLabel("Search vault").fill("lumen library 60");
  await page.getByRole("option", { name: "Lumen Library 60" }).first().waitFor();
});
