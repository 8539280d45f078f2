// Every text of the page, in the language that the user reads.
//
// A component reads its texts where it renders, so it renders again when the language changes:
//   const text = texts.value.list;
//   <p>{text.noHits({ query })}</p>
//
// The texts are in the folders texts/ beside what shows them, one JSON file per language. CONTRIBUTING.md says how to add a text
// or a language. Each language is one file that is loaded when it is needed. Modules that import this one wait for the first.
import { computed, effect, signal } from "@preact/signals";
import { preferences } from "../state/app";
import type { Texts } from "./catalog.gen";
import { type Language, localeOf, resolved, textsURL } from "./languages";
import { type Catalog, compile } from "./message";

export const NAME = "VaultSphere"; // the same in every language

const chosen = computed(() => resolved(preferences.value.language));

async function load(wanted: Language) {
  const file = (await import(textsURL(wanted))) as { default: Catalog };
  return { language: wanted, texts: compile(file.default, localeOf(wanted)) as Texts };
}

const shown = signal(await load(chosen.value));

/** The language that the page is shown in. */
export const language = computed<Language>(() => shown.value.language);

/** What Intl formats dates and numbers for, and what names are sorted by. */
export const locale = computed(() => localeOf(language.value));

/** The texts of the current language. */
export const texts = computed<Texts>(() => shown.value.texts);

/** Shows the page in the chosen language as soon as its texts are loaded. If they cannot be loaded, the language stays. */
export async function showChosenLanguage() {
  const wanted = chosen.value;
  if (wanted === shown.peek().language) return;
  const next = await load(wanted).catch(() => undefined);
  if (next && chosen.peek() === wanted) shown.value = next;
}

effect(() => void showChosenLanguage());
effect(() => {
  document.documentElement.lang = language.value;
});
