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
// To add a language: its name in languages.ts, a folder like de/, and its line in e2e/messages.mjs and
// unit/messages.test.mjs. The build and the tests take it from there.
//
// Each language is a file that is loaded when it is needed. Modules that import this one wait for the first.
import { computed, effect, signal } from "@preact/signals";
import { preferences } from "../state/app";
import type { Messages } from "./en";
import { localeOf } from "./formats";
import { type Language, messagesURL, resolved } from "./languages";

export const NAME = "VaultSphere"; // the same in every language

const chosen = computed(() => resolved(preferences.value.language));

async function load(wanted: Language) {
  const file = (await import(messagesURL(wanted))) as { messages: Messages };
  return { language: wanted, messages: file.messages };
}

const shown = signal(await load(chosen.value));

/** The language that the page is shown in. */
export const language = computed<Language>(() => shown.value.language);

/** What Intl formats dates and numbers for, and what names are sorted by. */
export const locale = computed(() => localeOf(language.value));

/** The messages of the current language. */
export const m = computed<Messages>(() => shown.value.messages);

/** Shows the page in the chosen language once its texts have arrived. If they do not, the page keeps the one it has. */
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
