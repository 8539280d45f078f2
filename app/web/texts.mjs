// Checks the texts of each language against English and writes their types to src/texts/catalog.gen.ts.
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { LANGUAGES } from "./src/texts/languages.ts";
import { parse } from "./src/texts/message.ts";

const src = join(dirname(fileURLToPath(import.meta.url)), "src");
const languages = Object.keys(LANGUAGES);

export const GENERATED = join(src, "texts", "catalog.gen.ts");

/** The parts that only the screens of later.ts read. They are loaded with those. */
const LATER = new Set([
  "changePassword",
  "deleteAccount",
  "earlierState",
  "events",
  "export",
  "generator",
  "health",
  "import",
  "itemHealth",
  "itemVersions",
  "newPhrase",
  "people",
  "rotateKeys",
  "sessions",
  "settings",
  "twoFactor",
]);

/** A catalog in two: what the page needs at first, and the rest. */
export function divide(catalog) {
  const isLater = ([key]) => LATER.has(key);
  const entries = Object.entries(catalog);
  return {
    first: Object.fromEntries(entries.filter((part) => !isLater(part))),
    later: Object.fromEntries(entries.filter(isLater)),
  };
}

const EXACT = /^=\d+$/;

/** All texts of a language, from the folders texts/ of all features. */
function catalogOf(language) {
  const catalog = {};
  for (const file of globSync(`**/texts/${language}.json`, { cwd: src }).sort()) {
    for (const [key, part] of Object.entries(JSON.parse(readFileSync(join(src, file), "utf8")))) {
      if (key in catalog) throw new Error(`${file}: "${key}" is also in another file`);
      catalog[key] = part;
    }
  }
  return catalog;
}

/** The texts by language. */
export const readCatalogs = () => Object.fromEntries(languages.map((language) => [language, catalogOf(language)]));

/** Every text of a catalog by its path: [["list.title", "Items"], …]. */
export const textsIn = (part, path = "") =>
  Object.entries(part).flatMap(([key, value]) => {
    const at = path ? `${path}.${key}` : key;
    return typeof value === "object" ? textsIn(value, at) : [[at, value]];
  });

/** The values of a message by name, each with whether a plural depends on it. Throws if the message is malformed. */
function valuesOf(text) {
  const values = new Map();
  const look = (message) => {
    for (const { name, forms } of message.filter((part) => typeof part === "object")) {
      values.set(name, Boolean(forms) || values.get(name) === true);
      for (const form of forms?.values() ?? []) look(form);
    }
  };
  look(parse(text));
  return values;
}

/** The plural forms that a language needs for whole numbers, and all that it has. */
function formsOf(language) {
  const rules = new Intl.PluralRules(language);
  const whole = new Set(Array.from({ length: 1000 }, (_, n) => rules.select(n)));
  return { needed: [...whole.add("other")], known: rules.resolvedOptions().pluralCategories };
}

/** With only exact forms and "other", a number numbers something, such as a field: "Website", "Website 2". */
function isChoice(forms) {
  const named = forms.filter((form) => !EXACT.test(form));
  return named.length < forms.length && named.join() === "other";
}

function pluralProblems(message, { needed, known }) {
  return message.flatMap(({ forms }) => {
    const own = [...(forms?.keys() ?? [])];
    const wanted = own.length === 0 || isChoice(own) ? [] : needed;
    return [
      ...wanted.filter((form) => !forms.has(form)).map((form) => `the plural form "${form}" is missing`),
      ...own
        .filter((form) => !known.includes(form) && !EXACT.test(form))
        .map((form) => `the language has no plural form "${form}"`),
      ...[...(forms?.values() ?? [])].flatMap((form) => pluralProblems(form, { needed, known })),
    ];
  });
}

/** The problems of a text, alone and compared with English. */
function problemsOf(text, english, forms) {
  if (typeof text !== "string") return ["is not a text"];
  if (!/^\S(.*\S)?$/s.test(text)) return ["is empty, or begins or ends with a space"];
  try {
    const [own, others] = [valuesOf(text), valuesOf(english)];
    return [
      ...[...others.keys()].filter((name) => !own.has(name)).map((name) => `{${name}} is missing`),
      ...[...own.keys()].filter((name) => !others.has(name)).map((name) => `English has no {${name}}`),
      ...pluralProblems(parse(text), forms),
    ];
  } catch (e) {
    return [e.message];
  }
}

/** The problems of all texts, one line each, such as `de: list.title: {query} is missing`. */
export function problems(catalogs) {
  const english = new Map(textsIn(catalogs.en));
  return Object.entries(catalogs).flatMap(([language, catalog]) => {
    const forms = formsOf(language);
    const own = new Map(textsIn(catalog));
    return [
      ...[...english.keys()].filter((path) => !own.has(path)).map((path) => `${language}: ${path} is missing`),
      ...[...own].flatMap(([path, text]) => {
        if (!english.has(path)) return [`${language}: ${path} is not among the English texts`];
        return problemsOf(text, english.get(path), forms).map((problem) => `${language}: ${path}: ${problem}`);
      }),
    ];
  });
}

/** The TypeScript source of the types. A value with a plural in any language is a number. */
export function declarations(catalogs) {
  const all = Object.values(catalogs).map((catalog) => new Map(textsIn(catalog)));
  const typeOf = (path, text) => {
    const names = [...valuesOf(text).keys()];
    if (names.length === 0) return "string";
    const counts = (name) => all.some((own) => valuesOf(own.get(path)).get(name));
    const values = names.map((name) => `${name}: ${counts(name) ? "number" : "string | number"}`);
    return `(values: { ${values.join("; ")} }) => string`;
  };
  const members = (part, path, indent) =>
    Object.entries(part).flatMap(([key, value]) => {
      const at = path ? `${path}.${key}` : key;
      if (typeof value === "string") return [`${indent}readonly ${key}: ${typeOf(at, value)};`];
      return [`${indent}readonly ${key}: {`, ...members(value, at, `${indent}  `), `${indent}};`];
    });
  const { first, later } = divide(catalogs.en);
  const declare = (name, part) => `\nexport interface ${name} {\n${members(part, "", "  ").join("\n")}\n}\n`;
  return `// Code generated by texts.mjs from the English texts. DO NOT EDIT.\n${declare("Texts", first)}${declare("LaterTexts", later)}`;
}

if (import.meta.main) {
  const catalogs = readCatalogs();
  const found = problems(catalogs);
  for (const problem of found) console.error(`texts: error: ${problem}`);
  if (found.length > 0) process.exit(1);
  writeFileSync(GENERATED, declarations(catalogs));
}
