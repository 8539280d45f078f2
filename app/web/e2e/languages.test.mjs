import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findingsInBothThemes } from "./axe.mjs";
import { loadMessages } from "./messages.mjs";
import { others, rich } from "./samples.mjs";
import { addMany, heading, openPage, PASSWORD, registerPerson, startBrowser, startServer } from "./stage.mjs";

const { names, messages } = await loadMessages();
const translated = Object.keys(names).filter((language) => language !== "en");

let browser, server;
before(async () => {
  [browser, server] = await Promise.all([startBrowser(), startServer()]);
  const page = await openPage(browser, server.url);
  await registerPerson(page, "ada");
  await addMany(
    page,
    [rich, ...others].map((item) => ({ ...item, tags: ["Keel"] })),
  ); // a word of no message
  await page.getByText("4 entries").waitFor(); // the change has reached the server
  await page.context().close();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Every plain text of a catalog, by its path: [["list.title", "Entries"], …]. */
const plain = (part, path = []) =>
  Object.entries(part).flatMap(([key, value]) => {
    if (typeof value === "object") return plain(value, [...path, key]);
    return typeof value === "string" ? [[[...path, key].join("."), value]] : [];
  });

const english = new Map(plain(messages.en));

/** English texts that the page shows although the language has other words for them. */
async function leftInEnglish(page, language) {
  const shown = await page.evaluate(() => {
    const said = new Set([document.title.split(" · ")[0]]);
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) said.add(texts.currentNode.data.trim());
    for (const el of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
      for (const name of ["aria-label", "title", "placeholder"]) said.add(el.getAttribute(name) ?? "");
    }
    return [...said];
  });
  const own = new Set(plain(messages[language]).map(([, text]) => text));
  const foreign = new Set([...english.values()].filter((text) => !own.has(text)));
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
  test(`the main screens speak ${names[language]}`, async () => {
    const m = messages[language];
    const page = await openPage(browser, server.url, { locale: language, reducedMotion: "reduce" });
    const to = (hash) => page.evaluate((h) => (location.hash = h), hash);
    const found = [];
    const visit = async (screen) => found.push(...(await look(page, language, screen)));
    await heading(page, m.signIn.title);
    await visit("sign-in");
    await to("#/register");
    await heading(page, m.register.title);
    await visit("register");
    await to("#/sign-in");
    await page.getByLabel(m.common.username, { exact: true }).fill("ada");
    await page.getByLabel(m.common.masterPassword, { exact: true }).fill("not the one");
    await page.getByRole("button", { name: m.common.signIn }).click();
    await page.getByText(m.problem.invalid_credentials).waitFor();
    await page.getByLabel(m.common.masterPassword, { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: m.common.signIn }).click();
    await heading(page, m.common.allEntries);
    await page.getByText(m.common.entries(4), { exact: true }).waitFor();
    await visit("vault");
    await page.getByText(rich.title).click();
    await heading(page, rich.title);
    await visit("entry");
    await page.getByRole("button", { name: m.entryView.edit }).click();
    await heading(page, m.entryForm.editTitle(rich.title));
    await page.locator(".strength strong").waitFor();
    await visit("form");
    await to("#/vault");
    await page.getByRole("listbox").focus();
    await page.keyboard.press("x");
    await visit("selection");
    await page.getByRole("button", { name: m.selection.tags }).click();
    await heading(page, m.selection.tagsTitle(1));
    await visit("tags");
    await page.locator("dialog").getByRole("button", { name: m.common.close }).click();
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: m.palette.label }).waitFor();
    await page.keyboard.type(m.palette.goTo(m.trash.title));
    await page.locator("dialog").getByText(m.palette.goTo(m.trash.title)).waitFor();
    await visit("palette");
    await page.keyboard.press("Enter");
    await heading(page, m.trash.title);
    await page.getByText(m.trash.noneHint).waitFor();
    await visit("trash");
    await to("#/generator");
    await heading(page, m.generator.title);
    await page.locator(".generated-value .letter").first().waitFor();
    await visit("generator");
    await to("#/settings");
    await heading(page, m.settings.title);
    await page.getByText(m.sessions.current).waitFor();
    await visit("settings");
    assert.deepEqual(found, []);
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

/** The languages whose texts this page has loaded, each once. */
const loaded = (page) =>
  page.evaluate(() => [
    ...new Set(
      performance
        .getEntriesByType("resource")
        .map(({ name }) => /\/([a-z]{2})-[0-9a-f]{10}\.js$/.exec(name)?.[1])
        .filter(Boolean),
    ),
  ]);

test("the chosen language takes effect at once, is kept, and can be left to the browser again", async () => {
  const page = await openPage(browser, server.url, { locale: "fr-CA" });
  await heading(page, messages.fr.signIn.title);
  assert.deepEqual(await loaded(page), ["fr"]);
  const chooser = page.getByLabel(messages.fr.common.language);
  await chooser.selectOption({ label: names.ru });
  await heading(page, messages.ru.signIn.title);
  assert.match(await page.title(), new RegExp(messages.ru.signIn.title));
  await page.reload();
  await heading(page, messages.ru.signIn.title);
  assert.deepEqual(await loaded(page), ["ru"]);
  await page.getByLabel(messages.ru.common.language).selectOption({ label: messages.ru.common.systemLanguage(names.fr) });
  await heading(page, messages.fr.signIn.title);
  await page.context().close();
});

test("a browser whose languages the page does not speak gets English", async () => {
  const page = await openPage(browser, server.url, { locale: "ja-JP" });
  await heading(page, messages.en.signIn.title);
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  await page.context().close();
});

test("texts that do not arrive leave the page in the language it has, and can be chosen again", async () => {
  const page = await openPage(browser, server.url, { locale: "en-GB" });
  await heading(page, messages.en.signIn.title);
  await page.context().route(/\/ru-[0-9a-f]{10}\.js$/, (route) => route.abort());
  const chooser = page.getByLabel(messages.en.common.language);
  const failed = page.waitForEvent("requestfailed", (request) => request.url().includes("/ru-"));
  await chooser.selectOption({ label: names.ru });
  await failed;
  await heading(page, messages.en.signIn.title);
  await page.context().unroute(/\/ru-[0-9a-f]{10}\.js$/);
  await chooser.selectOption({ label: names.en });
  await chooser.selectOption({ label: names.ru });
  await heading(page, messages.ru.signIn.title);
  await page.context().close();
});
