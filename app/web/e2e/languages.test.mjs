import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { LANGUAGES } from "../src/texts/languages.ts";
import { compile } from "../src/texts/message.ts";
import { readCatalogs, textsIn } from "../texts.mjs";
import { findingsInBothThemes } from "./axe.mjs";
import { others, rich } from "./samples.mjs";
import { addMany, heading, openPage, PASSWORD, registerPerson, startBrowser, startServer } from "./stage.mjs";

const catalogs = readCatalogs();
const texts = Object.fromEntries(Object.entries(catalogs).map(([language, catalog]) => [language, compile(catalog, language)]));
const translated = Object.keys(LANGUAGES).filter((language) => language !== "en");

let browser, server;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer()]);
  const page = await openPage(browser, server.url);
  await registerPerson(page, "ada");
  await addMany(
    page,
    [rich, ...others].map((item) => ({ ...item, tags: ["Keel"] })),
  ); // a word that occurs in no text of the page
  await page.getByText("4 items").waitFor(); // the server has the change
  await page.context().close();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The texts of a language that have no placeholders. */
const plain = (language) =>
  textsIn(catalogs[language])
    .map(([, text]) => text)
    .filter((text) => !text.includes("{"));

/** English texts on the page that the language translates differently. */
async function leftInEnglish(page, language) {
  const shown = await page.evaluate(() => {
    const said = new Set([document.title.split(" · ")[0]]);
    const nodes = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (nodes.nextNode()) said.add(nodes.currentNode.data.trim());
    for (const el of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
      for (const name of ["aria-label", "title", "placeholder"]) said.add(el.getAttribute(name) ?? "");
    }
    return [...said];
  });
  const own = new Set([...plain(language), ...rich.fields.map((f) => f.name)]); // names that the user chose
  const foreign = new Set(plain("en").filter((text) => !own.has(text)));
  return shown.filter((text) => foreign.has(text));
}

async function look(page, language, screen) {
  const found = (await leftInEnglish(page, language)).map((text) => `is not translated: ${text}`);
  const lang = await page.evaluate(() => document.documentElement.lang);
  if (lang !== language) found.push(`<html lang> is ${lang}`);
  found.push(...(await findingsInBothThemes(page)));
  return found.map((line) => `${screen}: ${line}`);
}

for (const language of translated) {
  test(`the main screens speak ${LANGUAGES[language]}`, async () => {
    const text = texts[language];
    const page = await openPage(browser, server.url, { locale: language });
    const to = (hash) => page.evaluate((h) => (location.hash = h), hash);
    const found = [];
    const visit = async (screen) => found.push(...(await look(page, language, screen)));
    await heading(page, text.signIn.title);
    await visit("sign-in");
    await to("#/register");
    await heading(page, text.register.title);
    await visit("register");
    await to("#/sign-in");
    await page.getByLabel(text.common.username, { exact: true }).fill("ada");
    await page.getByLabel(text.common.masterPassword, { exact: true }).fill("not the one");
    await page.getByRole("button", { name: text.common.signIn }).click();
    await page.getByText(text.problem.invalid_credentials).waitFor();
    await page.getByLabel(text.common.masterPassword, { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: text.common.signIn }).click();
    await heading(page, text.common.allItems);
    await page.getByText(text.common.items({ count: 4 }), { exact: true }).waitFor();
    await visit("vault");
    await page.getByText(rich.title).click();
    await heading(page, rich.title);
    await visit("item");
    await page.getByRole("button", { name: text.itemView.edit, exact: true }).click();
    await heading(page, text.itemForm.editTitle({ title: rich.title }));
    await page.locator(".strength strong").waitFor();
    await visit("form");
    await to("#/vault");
    await page.getByRole("listbox").focus();
    await page.keyboard.press("x");
    await visit("selection");
    await page.getByRole("button", { name: text.selection.tags }).click();
    await heading(page, text.selection.tagsTitle({ count: 1 }));
    await visit("tags");
    await page.locator("dialog").getByRole("button", { name: text.common.close }).click();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: text.palette.label }).waitFor();
    await page.keyboard.type(text.palette.goTo({ place: text.trash.title }));
    await page
      .locator("dialog")
      .getByText(text.palette.goTo({ place: text.trash.title }))
      .waitFor();
    await visit("palette");
    await page.keyboard.press("Enter");
    await heading(page, text.trash.title);
    await page.getByText(text.trash.noneHint).waitFor();
    await visit("trash");
    await to("#/generator");
    await heading(page, text.generator.title);
    await page.locator(".generated-value .letter").first().waitFor();
    await visit("generator");
    await to("#/settings");
    await heading(page, text.settings.title);
    await page.locator(".badge").getByText(text.sessions.current).waitFor();
    await visit("settings");
    await to("#/admin");
    await heading(page, text.admin.title);
    await page.locator(".user .badge").getByText(text.admin.administrator).waitFor();
    await visit("admin");
    await page.getByRole("button", { name: text.admin.invite, exact: true }).click();
    await page.getByRole("radio", { name: text.admin.roles.administrator }).check();
    await visit("invite");
    assert.deepEqual(found, []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

/** The languages whose texts this page has loaded. */
const loaded = (page) =>
  page.evaluate(() => [
    ...new Set(
      performance
        .getEntriesByType("resource")
        .map(({ name }) => /\/([a-z]{2})-[0-9a-f]{10}\.js$/.exec(name)?.[1])
        .filter(Boolean),
    ),
  ]);

test("a chosen language applies immediately and is stored", async () => {
  const page = await openPage(browser, server.url, { locale: "fr-CA" });
  await heading(page, texts.fr.signIn.title);
  assert.deepEqual(await loaded(page), ["fr"]);
  const chooser = page.getByLabel(texts.fr.common.language);
  await chooser.selectOption({ label: LANGUAGES.ru });
  await heading(page, texts.ru.signIn.title);
  assert.match(await page.title(), new RegExp(texts.ru.signIn.title));
  await page.reload();
  await heading(page, texts.ru.signIn.title);
  assert.deepEqual(await loaded(page), ["ru"]);
  await page
    .getByLabel(texts.ru.common.language)
    .selectOption({ label: texts.ru.common.systemLanguage({ language: LANGUAGES.fr }) });
  await heading(page, texts.fr.signIn.title);
  await page.context().close();
});

test("an unknown language falls back to English", async () => {
  const page = await openPage(browser, server.url, { locale: "ja-JP" });
  await heading(page, texts.en.signIn.title);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  await page.context().close();
});

test("the language stays if its texts cannot be loaded", async () => {
  const page = await openPage(browser, server.url, { locale: "en-GB" });
  await heading(page, texts.en.signIn.title);
  await page.context().route(/\/ru-[0-9a-f]{10}\.js$/, (route) => route.abort());
  const chooser = page.getByLabel(texts.en.common.language);
  const failed = page.waitForEvent("requestfailed", (request) => request.url().includes("/ru-"));
  await chooser.selectOption({ label: LANGUAGES.ru });
  await failed;
  await heading(page, texts.en.signIn.title);
  await page.context().unroute(/\/ru-[0-9a-f]{10}\.js$/);
  await chooser.selectOption({ label: LANGUAGES.en });
  await chooser.selectOption({ label: LANGUAGES.ru });
  await heading(page, texts.ru.signIn.title);
  await page.context().close();
});
