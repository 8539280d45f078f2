// The texts of all languages are complete, consistent and used.
import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { preferences } from "../src/state/app.ts";
import { DEFAULTS } from "../src/state/preferences.ts";
import { language, laterTexts, loadLaterTexts, showChosenLanguage, texts } from "../src/texts/index.ts";
import { isLanguage, localeOf } from "../src/texts/languages.ts";
import { compile, withoutIsolation } from "../src/texts/message.ts";
import { declarations, GENERATED, problems, readCatalogs, textsIn } from "../texts.mjs";

const src = fileURLToPath(new URL("../src", import.meta.url));
const catalogs = readCatalogs();

test("every language has all texts, values and plurals", () => {
  assert.deepEqual(problems(catalogs), []);
});

test("the generated types are current", () => {
  assert.equal(readFileSync(GENERATED, "utf8"), declarations(catalogs), "run `npm --prefix app/web run generate`");
});

const ITEMS = {
  en: "{count, plural, one {# item} other {# items}}",
  ru: "{count, plural, one {# запись} few {# записи} many {# записей} other {# записи}}",
};

test("missing and surplus parts are named", () => {
  const wrong = (en, ru) => problems({ en: { list: { title: en } }, ru: { list: { title: ru } } });
  assert.deepEqual(wrong(ITEMS.en, ITEMS.ru), []);
  assert.deepEqual(problems({ en: { list: { title: "Items" } }, ru: { list: { name: "Имя" } } }), [
    "ru: list.title is missing",
    "ru: list.name is not among the English texts",
  ]);
  for (const [en, ru, ...found] of [
    ["Open {host}", "Открыть", "{host} is missing"],
    ["Open {host}", "Открыть {hots}", "{host} is missing", "English has no {hots}"],
    ["Open", "Открыть {host}", "English has no {host}"],
    [ITEMS.en, ITEMS.ru.replace("few {# записи} ", ""), 'the plural form "few" is missing'],
    [ITEMS.en, ITEMS.ru.replace("few", "two"), 'the plural form "few" is missing', 'the language has no plural form "two"'],
    [ITEMS.en, "{count, plural, other {записей: #}}", ...["one", "few", "many"].map((f) => `the plural form "${f}" is missing`)],
    ["{n, plural, =1 {Website} other {Website #}}", "{n, plural, =1 {Сайт} other {Сайт #}}"],
    ["Items", " Записи", "is empty, or begins or ends with a space"],
    ["Items", "", "is empty, or begins or ends with a space"],
    ["Open {host}", "Открыть {host", '} is expected at character 14 of "Открыть {host"'],
    ["Open {host}", "Открыть host}", 'the } at character 13 of "Открыть host}" closes nothing'],
    [
      "Open {host}",
      "Открыть { host}",
      '{name}, {name, lowercase} or {name, plural, …} is expected at character 9 of "Открыть { host}"',
    ],
    ["Open {host}", "Открыть {host, upper}", '} is expected at character 14 of "Открыть {host, upper}"'],
    [ITEMS.en, "{count, plural, one {# запись}", '} is expected at character 31 of "{count, plural, one {# запись}"'],
  ]) {
    const paths = new Set(wrong(en, ru).map((line) => line.slice(0, "ru: list.title: ".length)));
    assert.ok(paths.size <= 1 && (found.length === 0 || paths.has("ru: list.title: ")));
    assert.deepEqual(
      wrong(en, ru)
        .map((line) => line.slice("ru: list.title: ".length))
        .sort(),
      found.sort(),
    );
  }
  assert.deepEqual(problems({ en: { list: { title: "a" } }, ru: { list: { title: 7 } } }), ["ru: list.title: is not a text"]);
});

test("plural forms follow the number", () => {
  const count = (lang, n) => compile(catalogs[lang], lang).common.items({ count: n });
  const russian = { 1: "1 запись", 2: "2 записи", 5: "5 записей", 11: "11 записей", 21: "21 запись", 104: "104 записи" };
  const items = compile({ items: ITEMS.ru }, "ru").items;
  for (const [n, words] of Object.entries(russian)) assert.equal(items({ count: Number(n) }), words);
  assert.equal(count("fr", 0).slice(2), count("fr", 1).slice(2)); // French treats 0 as singular
  assert.notEqual(count("en", 0).slice(2), count("en", 1).slice(2));
  assert.match(count("de", 10_000), /^10\.000 /);
});

test("an exact form has priority", () => {
  const { tagged } = compile({ tagged: "{n, plural, =1 {Tagged “{tag}”} one {# item} other {# items tagged “{tag}”}}" }, "en");
  assert.equal(tagged({ n: 1, tag: "Bank" }), "Tagged “Bank”");
  assert.equal(tagged({ n: 2, tag: "C# {n} $& @home" }), "2 items tagged “C# {n} $& @home”");
});

test("values are lowercased and numbers formatted", () => {
  const { show, of } = compile({ show: "Show {label, lowercase}", of: "{done} of {total}" }, "de");
  assert.equal(show({ label: "URL of ÄRZTE" }), "Show url of ärzte");
  assert.equal(of({ done: 1, total: 12_345 }), "1 of 12.345");
});

test("a right-to-left value is isolated", () => {
  const { said } = compile({ said: "{count, plural, one {“{title}” deleted} other {# items deleted}}" }, "en");
  assert.equal(said({ count: 1, title: "בנק" }), "“\u2068בנק\u2069” deleted");
  assert.equal(said({ count: 1, title: "Банк" }), "“Банк” deleted");
  assert.equal(withoutIsolation(said({ count: 1, title: "بنك (2)" })), "“بنك (2)” deleted");
});

/** Sets the languages of the browser until the test ends. */
function speaks(t, languages) {
  const { languages: before } = navigator;
  navigator.languages = languages;
  t.after(() => (navigator.languages = before));
}

test("the browser's variant of a language is used", (t) => {
  speaks(t, ["de-AT", "en-GB", "en-US"]);
  assert.deepEqual([localeOf("en"), localeOf("de"), localeOf("fr")], ["en-GB", "de-AT", "fr"]);
});

test("the language is chosen or the browser's", async (t) => {
  const withBrowser = async (languages, chosen) => {
    speaks(t, languages);
    preferences.value = { ...DEFAULTS, language: "en" }; // a different value, so that the next line is a change
    preferences.value = { ...DEFAULTS, language: chosen };
    await showChosenLanguage();
    return language.value;
  };
  assert.equal(await withBrowser(["ja-JP", "es-MX", "fr"], "system"), "es");
  assert.equal(await withBrowser(["ja-JP"], "system"), "en");
  assert.equal(await withBrowser(["es-MX"], "ru"), "ru");
  assert.equal(texts.value.common.cancel, catalogs.ru.common.cancel);
  assert.equal(document.documentElement.lang, "ru");
  for (const tag of ["constructor", "EN", "", undefined, 7]) assert.equal(isLanguage(tag), false, String(tag));
});

test("the texts of later screens follow the language", async () => {
  const speak = async (chosen) => {
    preferences.value = { ...DEFAULTS, language: chosen };
    await showChosenLanguage();
  };
  await speak("de");
  await loadLaterTexts();
  assert.equal(laterTexts.value.people.own, catalogs.de.people.own);
  await speak("fr");
  assert.equal(laterTexts.value.people.own, catalogs.fr.people.own);
  assert.equal("people" in texts.value, false);
});

test("every advice code has a text", () => {
  const core = readFileSync(new URL("../../strength/strength.go", import.meta.url), "utf8");
  const codes = [...core.matchAll(/ Advice = "(\w+)"/g)].map(([, code]) => code).sort();
  assert.ok(codes.length >= 10);
  assert.deepEqual(Object.keys(catalogs.en.strength.advice).sort(), codes);
});

/** Names in a source that may refer to a text: members, strings and object keys. */
const namesIn = (code) =>
  new Set([...code.matchAll(/(?<=[."'`])[A-Za-z_]\w*|(?<=[{,]\s*)[A-Za-z_]\w*(?=\s*[,:}])/g)].map(([name]) => name));

test("every text is used", () => {
  const sources = readdirSync(src, { recursive: true })
    .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".gen.ts"))
    .map((name) => readFileSync(join(src, name), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ""));
  const core = globSync(join(src, "../../**/*.go"), {
    exclude: (file) => file.endsWith("_test.go") || file.endsWith("node_modules"),
  });
  const named = sources.map(namesIn);
  // The keys of indexed parts may come from anywhere, including the core: error codes, item types and fields.
  const tables = readFileSync(join(src, "screens/items/fields.gen.ts"), "utf8"); // the parts of items and their fields
  const indexed = (part) =>
    tables.includes(`  ${part}: [`) ||
    sources.some((code) =>
      [
        `\\b${part}(\\?\\.)?\\[`,
        `Object\\.\\w+\\([\\w.]*\\.${part}\\)`,
        `\\.{3}[\\w.]*\\.${part}\\b`,
        `Record<[^>]*> = [\\w.]*\\.${part};`,
      ].some((pattern) => new RegExp(pattern).test(code)),
    );
  const elsewhere = new Set(
    [...named, ...core.map((file) => namesIn(readFileSync(file, "utf8")))].flatMap((names) => [...names]),
  );
  const endings = sources.flatMap((code) => [...code.matchAll(/`\$\{\w+\}([A-Z]\w*)`/g)]).map(([, ending]) => ending);
  const isRead = (key) => elsewhere.has(key) || endings.some((e) => key.endsWith(e) && elsewhere.has(key.slice(0, -e.length)));

  const unused = textsIn(catalogs.en)
    .map(([path]) => path)
    .filter((path) => {
      const parts = path.split(".");
      const key = parts.pop();
      return !named.some((names) => names.has(parts[0]) && names.has(key)) && !(parts.some(indexed) && isRead(key));
    });
  assert.deepEqual(unused, []);
});

test("components contain no literal texts", () => {
  const left = [];
  for (const folder of ["screens", "ui"]) {
    for (const name of readdirSync(join(src, folder), { recursive: true })) {
      if (!name.endsWith(".tsx")) continue;
      const code = readFileSync(join(src, folder, name), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
      const words = [
        ...code.matchAll(/<\/?[a-zA-Z][^<>]*[^=]>\s*([^<>{}();=&]*\p{L}[^<>{}();=&]*)</gu), // between tags
        ...code.matchAll(/\b(?:aria-label|aria-valuetext|title|label|placeholder|alt)="([^"]*\p{L}[^"]*)"/gu),
        ...code.matchAll(/\btoast\(["`]([^"`]*\p{L}[^"`]*)/gu),
      ].map(([, text]) => text.trim());
      left.push(...words.filter((text) => text !== "https://").map((text) => `${folder}/${name}: ${text}`));
    }
  }
  assert.deepEqual(left, []);
});
