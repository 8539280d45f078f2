// Every text of the page, in the language that the user reads.
//
// A component takes its screen's texts where it renders, and is drawn anew when the language changes:
//   const text = m.value.list;
//   <p>{text.count(total)}</p>
//
// To add a text: put a key under its screen in en/, a plain string or, with values in it, a small function. Then run
// `npm run lint` in app/web: TypeScript names every language that lacks the key. Whole sentences only, never joined
// from parts, since the order of words differs; plural() for all that is counted, since Russian has three forms. A
// label that a screen reader says in place of a visible word must contain that word. What only one screen says
// stays with that screen; what several say is in common.ts.
// To add a language: its own name in languages.ts, a folder like de/, and its line in `catalogs` below and in
// e2e/messages.mjs and unit/messages.test.mjs. The tests go through it from then on.
import { computed, effect } from "@preact/signals";
import { preferences } from "../state/app";
import { de } from "./de";
import { en, type Messages } from "./en";
import { es } from "./es";
import { localeOf } from "./formats";
import { fr } from "./fr";
import { isLanguage, type Language } from "./languages";
import { ru } from "./ru";

export const NAME = "VaultSphere"; // the same in every language

const catalogs: Record<Language, Messages> = { en, de, es, fr, ru };

/** The first of the browser's languages that the page speaks. */
export const ofTheBrowser = (): Language =>
  navigator.languages.map((tag) => tag.split("-")[0]).find(isLanguage) ?? "en";

export const language = computed<Language>(() => {
  const chosen = preferences.value.language;
  return chosen === "system" ? ofTheBrowser() : chosen;
});

/** What Intl formats dates and numbers for, and what names are sorted by. */
export const locale = computed(() => localeOf(language.value));

/** The messages of the current language. */
export const m = computed<Messages>(() => catalogs[language.value]);

effect(() => {
  document.documentElement.lang = language.value;
});
