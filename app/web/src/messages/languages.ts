// The languages of the page, each by its own name: whoever cannot read the page must still find theirs.
export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  es: "Español",
  fr: "Français",
  ru: "Русский",
} as const;

export type Language = keyof typeof LANGUAGES;

export const isLanguage = (tag: unknown): tag is Language => typeof tag === "string" && Object.hasOwn(LANGUAGES, tag);

/** The first of the browser's languages that the page speaks. */
export const ofTheBrowser = (): Language => navigator.languages.map((tag) => tag.split("-")[0]).find(isLanguage) ?? "en";

export const resolved = (chosen: Language | "system"): Language => (chosen === "system" ? ofTheBrowser() : chosen);

/** The file with the texts of each language, named by the build. */
declare const MESSAGES_URLS: Record<Language, string>;

export const messagesURL = (language: Language): string => MESSAGES_URLS[language];
