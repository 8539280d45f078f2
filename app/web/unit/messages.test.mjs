// The five languages say the same things, with the same values in them.
import assert from "node:assert/strict";
import { globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { messages as de } from "../src/messages/de/index.ts";
import { messages as en } from "../src/messages/en/index.ts";
import { messages as es } from "../src/messages/es/index.ts";
import { formatsOf, localeOf } from "../src/messages/formats.ts";
import { messages as fr } from "../src/messages/fr/index.ts";
import { language, m, showChosenLanguage } from "../src/messages/index.ts";
import { isLanguage, LANGUAGES } from "../src/messages/languages.ts";
import { messages as ru } from "../src/messages/ru/index.ts";
import { preferences } from "../src/state/app.ts";
import { DEFAULTS } from "../src/state/preferences.ts";

const catalogs = { de, en, es, fr, ru };
const translated = Object.keys(catalogs).filter((name) => name !== "en");

/** Every message of a catalog by its path. */
const messages = (part, path = "") =>
  Object.entries(part).flatMap(([key, value]) => {
    const at = path ? `${path}.${key}` : key;
    return typeof value === "object" ? messages(value, at) : [[at, value]];
  });

// Told apart from any text and from each other; the texts among them in two lengths, the numbers of all plural forms.
const TEXTS = ["«one»", "«two»", "«three»"];
const NUMBERS = [0, 1, 2, 5, 11, 21, 1234];

/** Which of the values a message shows: of every kind that it may be given, in the order in which it takes them. */
function shows(message, lang) {
  const { number } = formatsOf(lang);
  const said = [];
  for (const kind of ["text", "number"]) {
    for (let place = 0; place < message.length; place++) {
      const values = TEXTS.slice(0, message.length);
      if (kind === "number") values[place] = 1_234_567;
      let text;
      try {
        text = message(...values);
      } catch {
        continue; // it takes no such value at this place
      }
      if (text.includes(kind === "number" ? number(1_234_567) : TEXTS[place])) said.push(`${kind} ${place}`);
    }
  }
  return said;
}

test("every language has the messages of English, no less and no more", () => {
  const keys = (catalog) =>
    messages(catalog)
      .map(([path]) => path)
      .sort();
  for (const lang of translated) assert.deepEqual(keys(catalogs[lang]), keys(en), lang);
  assert.deepEqual(Object.keys(LANGUAGES).sort(), Object.keys(catalogs).sort());
});

test("no message is empty, or begins or ends in a space", () => {
  for (const [lang, catalog] of Object.entries(catalogs)) {
    for (const [path, text] of messages(catalog)) {
      if (typeof text === "string") assert.match(text, /^\S(.*\S)?$/s, `${lang} ${path}`);
    }
  }
});

test("a message with values takes and shows the same ones in every language", () => {
  for (const lang of translated) {
    const own = new Map(messages(catalogs[lang]));
    for (const [path, message] of messages(en)) {
      const other = own.get(path);
      assert.equal(typeof other, typeof message, `${lang} ${path}`);
      if (typeof message !== "function") continue;
      assert.equal(other.length, message.length, `${lang} ${path}`);
      assert.deepEqual(shows(other, lang), shows(message, "en"), `${lang} ${path}`);
    }
  }
});

test("no number leaves a placeholder in a message", () => {
  for (const [lang, catalog] of Object.entries(catalogs)) {
    for (const [path, message] of messages(catalog)) {
      if (typeof message !== "function") continue;
      for (const n of NUMBERS) {
        let text;
        try {
          text = message(...Array.from({ length: message.length }, () => n));
        } catch {
          continue; // it takes no number
        }
        assert.doesNotMatch(text, /#|@|undefined|NaN|\[object/, `${lang} ${path} of ${n}`);
      }
    }
  }
});

test("what is counted takes the form that goes with the number", () => {
  const russian = { 1: "1 запись", 2: "2 записи", 5: "5 записей", 11: "11 записей", 21: "21 запись", 104: "104 записи" };
  for (const [n, words] of Object.entries(russian)) assert.equal(ru.common.entries(Number(n)), words);
  assert.deepEqual([0, 1, 2].map(en.common.entries), ["0 entries", "1 entry", "2 entries"]);
  assert.equal(fr.common.entries(0).slice(2), fr.common.entries(1).slice(2)); // in French nothing is one
  assert.equal(de.common.entries(10_000), "10.000 Einträge");
});

test("a name in a counted message may have the signs that stand for values in it", () => {
  const { plural } = formatsOf("en");
  assert.equal(plural(2, { one: "#", other: "# entries tagged “@”" }, "C# $& @home"), "2 entries tagged “C# $& @home”");
});

/** The languages of the browser, until the test ends. */
function speaks(t, languages) {
  const { languages: before } = navigator;
  navigator.languages = languages;
  t.after(() => (navigator.languages = before));
}

test("dates and numbers follow the browser's own variant of a language", (t) => {
  speaks(t, ["de-AT", "en-GB", "en-US"]);
  assert.deepEqual([localeOf("en"), localeOf("de"), localeOf("fr")], ["en-GB", "de-AT", "fr"]);
});

test("the language is the chosen one, else the first of the browser's that the page speaks", async (t) => {
  const withBrowser = async (languages, chosen) => {
    speaks(t, languages);
    preferences.value = { ...DEFAULTS, language: "en" }; // so that the next value is computed again
    preferences.value = { ...DEFAULTS, language: chosen };
    await showChosenLanguage();
    return language.value;
  };
  assert.equal(await withBrowser(["ja-JP", "es-MX", "fr"], "system"), "es");
  assert.equal(await withBrowser(["ja-JP"], "system"), "en");
  assert.equal(await withBrowser(["es-MX"], "ru"), "ru");
  assert.equal(m.value.common.cancel, ru.common.cancel);
  assert.equal(document.documentElement.lang, "ru");
  for (const tag of ["constructor", "EN", "", undefined, 7]) assert.equal(isLanguage(tag), false, String(tag));
});

const src = fileURLToPath(new URL("../src", import.meta.url));

test("the page has a sentence for every advice that the core gives about a password", () => {
  const core = readFileSync(new URL("../../strength/strength.go", import.meta.url), "utf8");
  const codes = [...core.matchAll(/ Advice = "(\w+)"/g)].map(([, code]) => code).sort();
  assert.ok(codes.length >= 10);
  assert.deepEqual(Object.keys(en.strength.advice).sort(), codes);
});

/** The names in a source that may read a message: members, strings, and keys of objects. */
const namesIn = (code) =>
  new Set([...code.matchAll(/(?<=[."'`])[A-Za-z_]\w*|(?<=[{,]\s*)[A-Za-z_]\w*(?=\s*[,:}])/g)].map(([name]) => name));

test("every message is used", () => {
  const sources = readdirSync(src, { recursive: true })
    .filter((name) => /\.tsx?$/.test(name) && !name.startsWith("messages"))
    .map((name) => readFileSync(join(src, name), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ""));
  const core = globSync(join(src, "../../**/*.go"), {
    exclude: (file) => file.endsWith("_test.go") || file.endsWith("node_modules"),
  });
  const named = sources.map(namesIn);
  // A part that is indexed is read by names from anywhere, also from the core: codes of errors, kinds of items and their fields.
  const indexed = (part) =>
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

  const unused = messages(en)
    .map(([path]) => path)
    .filter((path) => {
      const parts = path.split(".");
      const key = parts.pop();
      return !named.some((names) => names.has(parts[0]) && names.has(key)) && !(parts.some(indexed) && isRead(key));
    });
  assert.deepEqual(unused, []);
});

test("screens and controls take their texts from the messages", () => {
  const left = [];
  for (const folder of ["screens", "ui"]) {
    for (const name of readdirSync(join(src, folder), { recursive: true })) {
      if (!name.endsWith(".tsx")) continue;
      const code = readFileSync(join(src, folder, name), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
      const texts = [
        ...code.matchAll(/<\/?[a-zA-Z][^<>]*[^=]>\s*([^<>{}();=&]*\p{L}[^<>{}();=&]*)</gu), // between tags
        ...code.matchAll(/\b(?:aria-label|aria-valuetext|title|label|placeholder|alt)="([^"]*\p{L}[^"]*)"/gu),
        ...code.matchAll(/\btoast\(["`]([^"`]*\p{L}[^"`]*)/gu),
      ].map(([, text]) => text.trim());
      left.push(...texts.filter((text) => text !== "https://").map((text) => `${folder}/${name}: ${text}`));
    }
  }
  assert.deepEqual(left, []);
});
