// Everyday use: trash, undo, selection, palette, search.
import assert from "node:assert/strict";
import { test } from "node:test";
import { logins } from "./samples.mjs";
import { addMany, callCore, closeToasts, done, footCount, heading, unlock, useStage, vaultOf } from "./stage.mjs";

useStage();

const shows = (page, text) => footCount(page).getByText(text).waitFor();
const says = (page, text) => page.locator(".toast").getByText(text, { exact: true }).last().waitFor();
const nav = (page, name) => page.locator(".sidebar .nav-item", { hasText: name });
const row = (page, title) => page.getByRole("option", { name: title }).first();
const titles = (page) =>
  page
    .locator(".row")
    .evaluateAll((rows) =>
      rows.sort((a, b) => a.dataset.index - b.dataset.index).map((r) => r.querySelector(".row-title").textContent),
    );

test("deleted items go to the trash and can be restored", async () => {
  const page = await vaultOf("ada", logins(4));
  await row(page, "Harbour Mail").click();
  await heading(page, "Harbour Mail");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await says(page, "Harbour Mail moved to trash");
  await shows(page, "3 items");
  assert.match(await nav(page, "Trash").textContent(), /1$/);
  assert.equal(await nav(page, "Personal").count(), 0); // no other item has its tag
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await shows(page, "4 items");
  await says(page, "Undone");

  const list = page.getByRole("listbox");
  await list.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Delete");
  await shows(page, "3 items");
  assert.deepEqual(await titles(page), ["Cobalt Cloud", "Harbour Mail", "Northwind Bank"]);
  await page.keyboard.press("Delete"); // the next item is active
  await shows(page, "2 items");
  await page.keyboard.press("Control+z");
  await shows(page, "3 items");
  await page.keyboard.press("Control+z");
  await shows(page, "4 items");
  await page.keyboard.press("Control+z"); // undone steps are not undone again
  await says(page, "Nothing to undo.");

  for (const [title, message] of [
    ["Harbour Mail", "Harbour Mail moved to trash"],
    ["Alder & Sons", "2 items moved to trash"],
  ]) {
    await row(page, title).click();
    await heading(page, title);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await says(page, message);
  }
  await shows(page, "2 items");
  await page.getByLabel("Search vault").fill("harbour mail");
  await page.getByText("No results").waitFor();
  await nav(page, "Trash").click();
  await heading(page, "Trash");
  await shows(page, "1 item"); // the filter applies to the search
  await page.getByLabel("Search vault").fill("");
  await shows(page, "2 items");
  assert.match(await row(page, "Harbour Mail").textContent(), /Will be deleted on /);
  await row(page, "Harbour Mail").click();
  await page.getByText("In trash since").waitFor();
  assert.equal(await page.getByRole("button", { name: "Edit", exact: true }).count(), 0);
  await page.getByRole("button", { name: "Restore" }).click();
  await says(page, "Harbour Mail restored");
  await page.getByRole("button", { name: "Edit", exact: true }).waitFor();
  await shows(page, "1 item");

  await page.getByRole("button", { name: "Empty trash" }).click();
  await heading(page, "Permanently delete 1 item?");
  await page.getByRole("button", { name: "Cancel" }).click();
  await shows(page, "1 item");
  await page.getByRole("button", { name: "Empty trash" }).click();
  await page.getByRole("button", { name: "Delete permanently" }).click();
  await page.getByText("Trash is empty").waitFor();
  await nav(page, "All items").click();
  await shows(page, "3 items");
  assert.equal((await callCore(page, "list", { query: "alder" })).total, 0);
  await done(page);
});

test("items in the trash expire", async () => {
  const page = await vaultOf("bea", logins(3));
  const keepFor = async (choice) => {
    await page.evaluate(() => (location.hash = "#/settings"));
    await page.getByLabel("Keep deleted items for").selectOption(choice);
    await page.evaluate(() => (location.hash = "#/vault"));
  };
  const trash = async (title) => {
    await row(page, title).click();
    await heading(page, title);
    await page.getByRole("button", { name: "Delete", exact: true }).click();
  };
  await keepFor("Until I delete them");
  await trash("Harbour Mail");
  await shows(page, "2 items");
  await keepFor("7 days");
  await trash("Alder & Sons");
  await shows(page, "1 item");
  const { items } = await callCore(page, "list", { query: "", trash: true });
  assert.equal(Date.parse(items[0].purge) - Date.parse(items[0].trashed), 7 * 24 * 60 * 60 * 1000);
  assert.equal(items[1].purge, undefined);
  await nav(page, "Trash").click();
  await page.getByText("Deleted items are kept for 7 days.").waitFor();
  await page.getByText("Not deleted automatically").waitFor();

  const [due] = logins(1);
  const ago = (days) => new Date(Date.now() - days * 24 * 60 * 60 * 1000).toISOString();
  await addMany(page, [{ ...due, title: "Due", created: ago(30), modified: ago(8), trashed: ago(8), purge: ago(1) }]);
  await shows(page, "3 items");
  await page.reload();
  await unlock(page);
  await nav(page, "Trash").click();
  await shows(page, "2 items");
  assert.deepEqual(await titles(page), ["Alder & Sons", "Harbour Mail"]);
  await done(page);
});

test("deleting one by one shows one message", async () => {
  const page = await vaultOf("bess", logins(4));
  await page.getByRole("listbox").focus();
  await page.keyboard.press("Home");
  for (const [left, message] of [
    ["3 items", "Alder & Sons moved to trash"],
    ["2 items", "2 items moved to trash"],
    ["1 item", "3 items moved to trash"],
  ]) {
    await page.keyboard.press("Delete");
    await shows(page, left);
    await says(page, message);
    assert.equal(await page.locator(".toast").count(), 1);
  }
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await shows(page, "4 items");
  await says(page, "Undone");
  await done(page);
});

test("messages cover no item and end with their screen", async () => {
  const page = await vaultOf("bart", logins(4));
  await row(page, "Harbour Mail").click();
  await heading(page, "Harbour Mail");
  for (const [width, height] of [
    [390, 844],
    [900, 700],
    [1280, 800],
  ]) {
    await page.setViewportSize({ width, height });
    await page.locator(".item").getByRole("button", { name: "Copy username" }).click();
    await says(page, "Username copied");
    const free = await page.evaluate(() => {
      const [message, item, tabs] = [".toasts", ".item-pane", ".tabbar"].map((s) =>
        document.querySelector(s).getBoundingClientRect(),
      );
      return tabs.height > 0 ? message.bottom <= tabs.top : message.right <= item.left;
    });
    assert.ok(free, `${width} by ${height}`);
  }
  await page.locator(".toast").hover(); // so that no time ends it
  await page.evaluate(() => (location.hash = "#/settings"));
  await page.locator(".toast").waitFor({ state: "detached" });
  await done(page);
});

test("a thousand items change together", async () => {
  const page = await vaultOf("cleo", logins(1000));
  const changes = [];
  page.on("request", (r) => r.method() === "POST" && changes.push(new URL(r.url()).pathname));
  await page.getByRole("listbox").focus();
  await page.keyboard.press("Control+a");
  await shows(page, "1,000 selected"); // in the live region
  await page.getByRole("button", { name: "Edit tags" }).click();
  await heading(page, "Tags of 1,000 items");
  await page.getByLabel("Add tag").fill("C# Quay");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Apply" }).click();
  await says(page, "1,000 items tagged “C# Quay”");
  assert.equal(changes.filter((path) => path.endsWith("/writes")).length, 2);
  assert.match(await nav(page, "C# Quay").textContent(), /1,000$/);
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await says(page, "1,000 items moved to trash");
  await page.getByText("Your vault is empty").waitFor();
  await page.locator(".toast").getByRole("button", { name: "Undo" }).last().click();
  await shows(page, "1,000 items");
  await page.keyboard.press("Control+z");
  await nav(page, "C# Quay").waitFor({ state: "detached" });
  await done(page);
});

test("items are selected by mouse and keyboard", async () => {
  const page = await vaultOf("dora", logins(12));
  const list = page.getByRole("listbox");
  const chosen = () => page.locator('.row[aria-selected="true"] .row-title').allTextContents();
  const all = await titles(page);
  assert.equal(await list.getAttribute("aria-multiselectable"), "true");
  await row(page, all[1]).hover();
  await row(page, all[1]).locator(".row-check").click();
  await shows(page, "1 selected");
  await row(page, all[4]).click({ modifiers: ["Shift"] });
  assert.deepEqual((await chosen()).sort(), all.slice(1, 5).sort());
  await row(page, all[2]).click();
  await row(page, all[7]).click({ modifiers: ["Control"] });
  assert.deepEqual((await chosen()).sort(), [all[1], all[3], all[4], all[7]].sort());
  await list.focus();
  await page.keyboard.press("Escape");
  await shows(page, "12 items");
  await page.getByText("Select an item").waitFor(); // no click opened an item

  await page.keyboard.press("Home");
  await page.keyboard.press("x");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Shift+ArrowDown");
  await shows(page, "3 selected");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Control+Space");
  await page.keyboard.press("Home");
  await page.keyboard.press("Space");
  assert.deepEqual((await chosen()).sort(), all.slice(1, 4).sort());
  await page.getByRole("button", { name: "Add to favourites" }).click();
  await says(page, "2 items added to favourites");
  await page.getByRole("button", { name: "Remove from favourites" }).click();
  await says(page, "3 items removed from favourites");
  await page.getByRole("button", { name: "Edit tags" }).click();
  await page.locator(".tag-checks input:indeterminate").first().click(); // first all of them, then none
  await page.locator(".tag-checks input:checked").first().click();
  await page.getByRole("button", { name: "Apply" }).click();
  await says(page, /^Tag “.*” removed from /);
  await page.keyboard.press("Control+z");
  await says(page, "Undone");
  await list.focus();
  await page.keyboard.press("Delete");
  await shows(page, "9 items");
  await nav(page, "Trash").click();
  await shows(page, "3 items");
  await list.focus();
  await page.keyboard.press("Control+a");
  await page.getByRole("button", { name: "Restore" }).click();
  await says(page, "3 items restored");
  await page.getByText("Trash is empty").waitFor();
  await page.keyboard.press("Control+z");
  await shows(page, "3 items");
  await list.focus();
  await page.keyboard.press("Control+a");
  await page.getByRole("button", { name: "Delete permanently" }).click();
  await heading(page, "Permanently delete 3 items?");
  await page.locator("dialog").getByRole("button", { name: "Delete permanently" }).click();
  await page.getByText("Trash is empty").waitFor();
  await done(page);
});

test("a long press starts a selection", async () => {
  const page = await vaultOf("eve", logins(4), { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  const client = await page.context().newCDPSession(page);
  const box = await row(page, "Harbour Mail").boundingBox();
  const touchPoints = [{ x: box.x + box.width / 2, y: box.y + box.height / 2 }];
  await client.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints });
  await shows(page, "1 selected");
  await client.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await row(page, "Alder & Sons").tap();
  await shows(page, "2 selected");
  await page.getByRole("button", { name: "Clear selection" }).tap();
  await shows(page, "4 items");
  await row(page, "Alder & Sons").tap();
  await heading(page, "Alder & Sons");
  await done(page);
});

test("a fast Enter opens the right item", async () => {
  const page = await vaultOf("hasty", logins(20));
  const [worker] = page.workers();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find items and commands" }).waitFor();
  await page.keyboard.type("harbour");
  await page.locator("dialog").getByRole("option", { name: "Harbour Mail" }).first().waitFor();
  await worker.evaluate(() => {
    const answered = new Promise((answer) => (globalThis.answerNow = answer));
    const real = globalThis.vaultsphere.call;
    globalThis.vaultsphere.call = async (method, ...rest) => {
      if (method === "list") await answered;
      return real(method, ...rest);
    };
  });
  await page.keyboard.press("Control+a");
  await page.keyboard.type("kestrel");
  await page.keyboard.press("Enter");
  await worker.evaluate(() => globalThis.answerNow());
  await heading(page, "Kestrel Rail");
  await done(page);
});

test("the palette finds, copies and remembers", async () => {
  const items = logins(20);
  const page = await vaultOf(
    "flo",
    items.map((item, i) => (i === 0 ? { ...item, totp: "JBSWY3DPEHPK3PXP" } : item)),
  );
  const { keyboard } = page;
  const field = page.getByRole("combobox", { name: "Find items and commands" });
  const active = () =>
    page.evaluate(() => document.getElementById(document.activeElement.getAttribute("aria-activedescendant"))?.textContent);
  const choose = async (words, choice) => {
    await keyboard.press("Control+k");
    await field.waitFor();
    await keyboard.type(words);
    const option = page.locator("dialog").getByRole("option", { name: choice }).first();
    await option.waitFor();
    for (let i = 0; i < 30 && (await option.getAttribute("aria-selected")) !== "true"; i++) await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    await page.locator("dialog").waitFor({ state: "detached" });
  };
  const clipboard = () => page.evaluate(() => navigator.clipboard.readText());

  await choose("new card", "New card");
  await heading(page, "New item");
  assert.equal(await page.getByRole("radio", { name: "Card" }).isChecked(), true);
  await choose("northwind", "Northwind Bank");
  await heading(page, "Northwind Bank");
  await choose("northwind", "Copy password Northwind Bank");
  await page.getByText("Password copied").first().waitFor();
  assert.equal(await clipboard(), items[0].password);
  await keyboard.press("Control+k");
  await field.fill("harbour mail");
  await page.locator("dialog").getByRole("option", { name: "Copy password Harbour Mail" }).waitFor();
  assert.equal(
    await page
      .locator("dialog")
      .getByRole("option", { name: /^Copy verification code/ })
      .count(),
    0,
  );
  await keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await choose("northwind", "Copy verification code Northwind Bank");
  await page.getByText("Verification code copied").first().waitFor();
  assert.match(await clipboard(), /^\d{6}$/);

  await keyboard.press("Control+k");
  await page.waitForFunction(() => document.querySelector(".palette .palette-head")?.textContent === "Recent");
  assert.match(await active(), /^N?Northwind Bank/); // latest first
  await keyboard.type("copy user");
  await page.locator("dialog").getByRole("option", { name: "Copy a username…" }).click();
  await page.getByRole("combobox", { name: "Copy username from…" }).waitFor();
  await keyboard.type("harbour");
  await page.waitForFunction(() => document.querySelector(".palette [aria-selected=true]")?.textContent.includes("Harbour Mail"));
  await keyboard.press("Enter");
  await page.getByText("Username copied").first().waitFor();
  assert.equal(await clipboard(), items[1].username);

  await choose("trash", "Go to: Trash");
  await heading(page, "Trash");
  await choose("dark mode", "Appearance: Dark");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await keyboard.press("Control+k");
  await keyboard.type("nothing like this");
  await page.getByText("No results").waitFor();
  await keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
  await keyboard.press("?");
  await heading(page, "Keyboard shortcuts");
  await page.getByText("Find items and commands").waitFor();
  await keyboard.press("Escape");
  await choose("lock", "Lock");
  await heading(page, "Your vault is locked");
  await keyboard.press("Control+k");
  assert.equal(await page.locator("dialog").count(), 0);
  await done(page);
});

test("the order is stored and searches can be widened", async () => {
  const page = await vaultOf("gwen", logins(4));
  await row(page, "Alder & Sons").click();
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Notes", { exact: true }).fill("key under the doormat");
  await page.keyboard.press("Control+Enter");
  await says(page, "Saved");
  await page.getByLabel("Sort by").selectOption("Last edited");
  await page.waitForFunction(() => document.querySelector('.row[data-index="0"] .row-title').textContent === "Alder & Sons");
  await page.getByLabel("Sort by").selectOption("Name");
  await page.getByLabel("Sort by").selectOption("Last edited");
  await page.reload();
  await unlock(page);
  await shows(page, "4 items");
  assert.equal((await titles(page))[0], "Alder & Sons");
  assert.equal(await page.getByLabel("Sort by").inputValue(), "changed");

  await nav(page, "Favourites").click();
  await page.getByLabel("Search vault").fill("doormat");
  await page.getByText("No results").waitFor();
  await page.getByRole("button", { name: "Search all items" }).click();
  await heading(page, "All items");
  await shows(page, "1 item");
  assert.deepEqual(await titles(page), ["Alder & Sons"]); // found in its notes
  await done(page);
});

test("a search continues after indexing", async () => {
  const page = await vaultOf(
    "iris",
    logins(3).map((login) => ({ ...login, notes: `doormat of ${login.title}` })),
  );
  await page.evaluate(() => {
    const send = Worker.prototype.postMessage;
    const held = [];
    Worker.prototype.postMessage = function (message, ...more) {
      if (message.method === "index") held.push(() => send.call(this, message, ...more));
      else send.call(this, message, ...more);
    };
    globalThis.release = () => {
      for (const go of held) go();
    };
  });
  await page.keyboard.press("Alt+l");
  await unlock(page);
  await shows(page, "3 items");
  await page.getByLabel("Search vault").fill("doormat");
  await page.getByText("No results").waitFor();
  const note = page.getByText("Still indexing notes");
  await note.waitFor();
  await page.evaluate(() => globalThis.release());
  await shows(page, "3 items");
  await note.waitFor({ state: "detached" });
  await done(page);
});

test("items are duplicated, passwords restored, edits undone", async () => {
  const [first] = logins(1);
  const page = await vaultOf("hana", [
    { ...first, password_history: [{ password: "from-long-ago", until: "2020-05-01T10:00:00Z" }] },
  ]);
  const [{ id }] = (await callCore(page, "list", { query: "" })).items;
  const passwordNow = async () => (await callCore(page, "get", { id })).password;
  await row(page, first.title).click();
  await heading(page, first.title);
  await page.getByRole("button", { name: "Edit", exact: true }).click();
  await page.getByLabel("Password", { exact: true }).fill("the second one");
  await page.keyboard.press("Control+Enter");
  await says(page, "Saved");
  await page.locator("summary", { hasText: "Password history" }).click();
  await page
    .getByRole("button", { name: /^Show the password from/ })
    .first()
    .click();
  await page.locator(".history").getByText(first.password.slice(0, 4), { exact: true }).waitFor();
  await page.getByText(/^Until .*2020/).waitFor();
  await page
    .getByRole("button", { name: /^Restore the password from .*$/ })
    .first()
    .click();
  await says(page, "Password restored");
  assert.equal(await passwordNow(), first.password);
  await page.getByRole("button", { name: /^Restore the password from .*2020/ }).click();
  await page.waitForFunction(() => document.querySelectorAll(".history li").length === 4);
  assert.equal(await passwordNow(), "from-long-ago");
  await page.keyboard.press("Control+z");
  await says(page, "Undone");
  assert.equal(await passwordNow(), first.password);
  await closeToasts(page);
  await page.keyboard.press("Control+z");
  await says(page, "Undone");
  assert.equal(await passwordNow(), "the second one");

  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Duplicate" }).click();
  await heading(page, `${first.title} (copy)`);
  await shows(page, "2 items");
  await page.getByText("ada@harbour.example").last().waitFor();
  await page.keyboard.press("Control+z");
  await shows(page, "1 item");
  await done(page);
});

test("the licences can be opened", async () => {
  const page = await vaultOf("cyd", logins(1));
  await page.evaluate(() => (location.hash = "#/settings"));
  const [licences] = await Promise.all([page.waitForEvent("popup"), page.getByRole("link", { name: "Licences" }).click()]);
  const text = await licences.locator("pre").textContent();
  for (const part of ["Go's standard library (LICENSE)", "modernc.org/sqlite (LICENSE)", "npm: preact (LICENSE)"])
    assert.ok(text.includes(part), part);
  await licences.close();
  await done(page);
});
