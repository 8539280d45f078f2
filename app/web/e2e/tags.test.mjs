// Tags: the field with suggestions, links, the dialogs that change them for many items, and the operators of the search.
import assert from "node:assert/strict";
import { test } from "node:test";
import { callCore, closeToasts, comesTrue, done, heading, useStage, vaultOf } from "./stage.mjs";

useStage();

let page;
const button = (name) => page.getByRole("button", { name, exact: true });
const editTag = (tag) => page.getByRole("region", { name: "Items" }).getByRole("button", { name: `Edit tag “${tag}”` });
const tagInput = () => page.getByRole("combobox", { name: "Tags", exact: true });
const tokens = () => page.locator(".tag-field .tags li > span").allTextContents();
const said = (text) => page.getByText(text).first().waitFor();
const tagsOf = async (title) => (await callCore(page, "list", { query: `title:"${title}"` })).items[0].tags;
const listIs = (wanted) =>
  comesTrue(
    page,
    (titles) => [...document.querySelectorAll(".row-title")].map((e) => e.textContent).join() === titles,
    wanted.join(),
  );
const choices = () => page.locator(".suggestions [role=option]");
const search = (words) => page.getByLabel("Search vault").fill(words);

const LONG = "Long ".repeat(20).trim();
const login = (title, tags, more) => ({ id: "", type: "login", title, tags, ...more });

test("tags are tokens with suggestions", async () => {
  const many = Array.from({ length: 500 }, (_, i) => `Tag ${i + 1}`);
  page = await vaultOf("tess", [
    login("GitHub", ["Work", LONG], { username: "tess@example.org", password: "abc" }),
    login("GitLab", ["Work", "Été"], { username: "tess@example.org", totp: "JBSWY3DPEHPK3PXP", password: "abc" }),
    login("Bank", ["Money", "c, d"], { username: "other" }),
    { id: "", type: "card", title: "Visa", tags: ["Money"], favourite: true },
    ...Array.from({ length: 10 }, (_, i) => login(`Many ${i}`, many.slice(i * 50, i * 50 + 50))),
  ]);
  const listed = await page.locator(".sidebar .tag-filters .nav-label").allTextContents();
  assert.deepEqual(listed.slice(0, 6), ["c, d", "Été", LONG, "Money", "Tag 1", "Tag 2"]);
  await button("New")
    .or(page.getByRole("link", { name: "New item" }))
    .first()
    .click();
  await heading(page, "New item");
  await page.getByLabel("Website", { exact: true }).fill("https://www.quarry.example.co.uk/login");
  await page.getByLabel("Username", { exact: true }).focus();
  await page.keyboard.press("ArrowDown");
  await choices().first().waitFor();
  assert.deepEqual(await choices().allTextContents(), ["tess@example.org", "other"]); // the most used first
  await page.keyboard.press("Escape");
  await page.getByLabel("Username", { exact: true }).fill("te");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.getByLabel("Username", { exact: true }).inputValue(), "tess@example.org");
  assert.equal(await page.getByLabel("Item name", { exact: true }).inputValue(), "Example");

  const { keyboard } = page;
  await tagInput().focus();
  await keyboard.type("wo");
  await keyboard.press("ArrowDown");
  assert.equal(await tagInput().getAttribute("aria-expanded"), "true");
  const active = await tagInput().getAttribute("aria-activedescendant");
  assert.equal(await page.locator(`[id="${active}"]`).textContent(), "Work");
  await keyboard.press("Enter");
  assert.deepEqual(await tokens(), ["Work"]);
  await keyboard.type("MONEY,ete,");
  assert.deepEqual(await tokens(), ["Work", "Money", "Été"]); // the tags of the vault, not new ones
  await keyboard.type("work,");
  await keyboard.press("Backspace");
  assert.deepEqual(await tokens(), ["Work", "Money"]);
  await page.evaluate(() => navigator.clipboard.writeText("home, Tag 499\nhome,, two words ,"));
  await keyboard.press("Control+v");
  assert.deepEqual(await tokens(), ["Work", "Money", "home", "Tag 499", "two words"]);
  await keyboard.type("tag 50");
  await choices().getByText("New tag “tag 50”").waitFor({ state: "detached" });
  assert.equal(await choices().first().textContent(), "Tag 50");
  await keyboard.press("Escape");
  assert.equal(await choices().count(), 0);
  await heading(page, "New item"); // Escape closed the suggestions only
  await button("Save").click();
  await heading(page, "Example");
  assert.deepEqual(await tagsOf("Example"), ["Work", "Money", "home", "Tag 499", "two words", "Tag 50"]);
});

test("a tag leads to its items and can be renamed, merged and deleted", async () => {
  await page.locator(".item .tags").getByRole("link", { name: "Money" }).click();
  await heading(page, "Money");
  await listIs(["Bank", "Example", "Visa"]);
  await editTag("Money").click();
  await page.getByLabel("Tag name").fill("Finance");
  await page.keyboard.press("Enter");
  await heading(page, "Finance");
  await listIs(["Bank", "Example", "Visa"]);
  assert.deepEqual(await tagsOf("Bank"), ["Finance", "c, d"]); // in the same place

  await editTag("Finance").click();
  await page.getByLabel("Tag name").fill("work");
  await button("Rename").click();
  await heading(page, "Merge with “Work”?");
  await button("Merge").click();
  await heading(page, "Work");
  await listIs(["Bank", "Example", "GitHub", "GitLab", "Visa"]);
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await page.locator(".toast").getByText("Undone").waitFor();
  await closeToasts(page);
  await heading(page, "Finance");
  await listIs(["Bank", "Example", "Visa"]);
  assert.deepEqual((await tagsOf("Example")).sort(), ["Finance", "Tag 499", "Tag 50", "Work", "home", "two words"]);

  await page.setViewportSize({ width: 390, height: 844 });
  await editTag("Finance").click();
  await button("Delete tag").click();
  await said("Tag “Finance” deleted");
  await heading(page, "All items");
  assert.deepEqual(await tagsOf("Visa"), []);
  await page.setViewportSize({ width: 1280, height: 800 });
});

test("the tags of a selection are applied together", async () => {
  await search("title:git");
  await listIs(["GitHub", "GitLab"]);
  await page.getByRole("listbox", { name: "All items" }).focus();
  await page.keyboard.press("Control+a");
  await button("Edit tags").click();
  await heading(page, "Tags of 2 items");
  const box = (name) => page.getByRole("checkbox", { name, exact: true });
  const mixed = (name) => box(name).evaluate((el) => el.indeterminate);
  assert.equal(await box("Work").isChecked(), true);
  assert.equal(await mixed("Été"), true);
  assert.equal(await box("home").isChecked(), false);
  await box("Été").click();
  await box("Work").click();
  await page.getByLabel("Add tag").fill("HOME");
  await page.keyboard.press("Enter");
  assert.deepEqual(await tagsOf("GitLab"), ["Work", "Été"]); // nothing is applied yet
  await button("Apply").click();
  await said("Tags of 2 items changed");
  assert.deepEqual((await tagsOf("GitHub")).sort(), [LONG, "home", "Été"].sort());
  assert.deepEqual((await tagsOf("GitLab")).sort(), ["home", "Été"]);
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await page.locator(".toast").getByText("Undone").waitFor();
  await closeToasts(page);
  assert.deepEqual((await tagsOf("GitHub")).sort(), [LONG, "Work"].sort());
  assert.deepEqual((await tagsOf("GitLab")).sort(), ["Work", "Été"]);
  await page.keyboard.press("Escape");
});

test("the search understands operators and suggests their values", async () => {
  await search("tag:work -has:totp");
  await listIs(["Example", "GitHub"]);
  await search("");
  await page.getByLabel("Search vault").focus();
  await page.keyboard.type("type:ca");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.getByLabel("Search vault").inputValue(), "type:card ");
  await listIs(["Visa"]);
  await search("tag:two");
  await choices().getByText("two words").click();
  assert.equal(await page.getByLabel("Search vault").inputValue(), 'tag:"two words" ');
  await listIs(["Example"]);
  await search("is:weak"); // judges the passwords first
  await listIs(["GitHub", "GitLab"]);
  await search("type:crad");
  await said("Search doesn’t know “type:crad”");
  await search("colour:red");
  await said("“colour:red” isn’t a search operator");
  await button("Search tips").first().click();
  await heading(page, "Search tips");
  await page.keyboard.press("Escape");

  await search("githup");
  await page.getByRole("link", { name: "GitHub" }).click();
  await heading(page, "GitHub");
  await search("");
  await page
    .getByRole("navigation")
    .getByRole("button", { name: /^Logins/ })
    .click();
  await heading(page, "Logins");
  assert.equal(await page.getByLabel("Search vault").getAttribute("placeholder"), "Search in Logins");
  await page
    .getByRole("navigation")
    .getByRole("button", { name: /^Work/ })
    .click({ modifiers: ["Control"] });
  await listIs(["Example", "GitHub", "GitLab"]);
  await said("Only in “Logins”.");
  await button("Search all items").click();
  await heading(page, "All items");
  await search("");
  await button("Reverse order").click();
  await comesTrue(page, () => document.querySelector(".row-title").textContent === "Visa");
  await button("Reverse order").click();
  await comesTrue(page, () => document.querySelector(".row-title").textContent === "Bank");
  await done(page);
});
