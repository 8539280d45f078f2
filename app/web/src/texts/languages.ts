// The languages of the page, each by its own name: a reader who does not understand the page must still find theirs.
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  ru: "Русский",
} as const;

export type Language = keyof typeof LANGUAGES;

export const isLanguage = (tag: unknown): tag is Language => typeof tag === "string" && Object.hasOwn(LANGUAGES, tag);

/** The first of the browser's languages that the page has texts in. */
export const ofTheBrowser = (): Language => navigator.languages.map((tag) => tag.split("-")[0]).find(isLanguage) ?? "en";

export const resolved = (chosen: Language | "system"): Language => (chosen === "system" ? ofTheBrowser() : chosen);

/** The user's own variant of a language, such as en-GB, if the browser names one: it decides how dates and numbers look. */
export const localeOf = (language: Language): string =>
  navigator.languages.find((tag) => tag.split("-")[0] === language) ?? language;

/** The file with the texts of each language, named by the build. */
declare const TEXTS_URLS: Record<Language, string>;

export const textsURL = (language: Language): string => TEXTS_URLS[language];

/** The file with the texts that only the screens of later.ts read. */
declare const LATER_TEXTS_URLS: Record<Language, string>;

export const laterTextsURL = (language: Language): string => LATER_TEXTS_URLS[language];
