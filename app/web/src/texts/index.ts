// All texts of the page, in the chosen language.
//
// A component reads its texts where it renders, so it renders again when the language changes:
//   const text = texts.value.list;
//   <p>{text.noHits({ query })}</p>
//
// The texts are in a folder texts/ beside each feature, one JSON file per language. CONTRIBUTING.md explains how to add a text or a
// language. The build merges each language into two files, which are loaded on demand: one that modules that import this one wait for, and
// one for screens that are loaded later.
import { computed, effect, signal } from "@preact/signals";
import { preferences } from "../state/app";
import type { LaterTexts, Texts } from "./catalog.gen";
import { type Language, laterTextsURL, localeOf, resolved, textsURL } from "./languages";
import { type Catalog, compile } from "./message";

export const NAME = "VaultSphere"; // the same in every language

const chosen = computed(() => resolved(preferences.value.language));

interface Shown {
  language: Language;
  texts: Texts;
  later?: LaterTexts;
}

async function catalog<T>(url: string, wanted: Language): Promise<T> {
  const file = (await import(url)) as { default: Catalog };
  return compile(file.default, localeOf(wanted)) as T;
}

const load = (wanted: Language) => catalog<Texts>(textsURL(wanted), wanted);
const loadLater = (wanted: Language, again = "") => catalog<LaterTexts>(laterTextsURL(wanted) + again, wanted);

async function loadAll(wanted: Language): Promise<Shown> {
  const next = { language: wanted, texts: await load(wanted) };
  return needsLater ? { ...next, later: await loadLater(wanted) } : next; // asked last: screens may have been loaded meanwhile
}

const shown = signal<Shown>({ language: chosen.value, texts: await load(chosen.value) });
let needsLater = false;

/** The language that the page is shown in. */
export const language = computed<Language>(() => shown.value.language);

/** The locale for dates, numbers and sorting. */
export const locale = computed(() => localeOf(language.value));

/** The texts of the current language. */
export const texts = computed<Texts>(() => shown.value.texts);

/** The texts of the screens of later.ts. Nothing else may read them: they exist once loadLaterTexts() has resolved. */
export const laterTexts = computed<LaterTexts>(() => shown.value.later as LaterTexts);

/** Loads the texts of the screens that are loaded later, now and with each language. `again` makes a URL that the browser asks for. */
export async function loadLaterTexts(again = "") {
  needsLater = true;
  while (!shown.peek().later) {
    const { language: wanted } = shown.peek();
    const later = await loadLater(wanted, again);
    if (shown.peek().language === wanted) shown.value = { ...shown.peek(), later };
  }
}

/** Shows the page in the chosen language as soon as its texts are loaded. If they cannot be loaded, the language stays. */
export async function showChosenLanguage() {
  const wanted = chosen.value;
  if (wanted === shown.peek().language) return;
  const next = await loadAll(wanted).catch(() => undefined);
  if (next && chosen.peek() === wanted) shown.value = next;
}

effect(() => void showChosenLanguage());
effect(() => {
  document.documentElement.lang = language.value;
});
