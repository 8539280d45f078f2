// All texts of the page, in the chosen language.
//
// A component reads its texts where it renders, so it renders again when the language changes:
//   const text = texts.value.list;
//   <p>{text.noHits({ query })}</p>
//
// The texts are in a folder texts/ beside each feature, one JSON file per language. CONTRIBUTING.md explains how to add a text or a
// language. The build merges each language into one file, which is loaded on demand. Modules that import this one wait for it.
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

/** The locale for dates, numbers and sorting. */
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
