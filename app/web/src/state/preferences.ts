// This device's preferences, in localStorage. None of them is secret.
import type { PassphraseRules, PasswordRules } from "../core/protocol.gen";
import { isLanguage, type Language } from "../texts/languages";

export const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

export const SORTS = ["title", "changed", "created"] as const;

export interface Preferences {
  language: Language | "system";
  theme: Theme;
  autoLockMinutes: number;
  clipboardSeconds: number; // 0: the clipboard is left alone
  keepCopy: boolean; // a sealed one, for the time without a server
  sort: (typeof SORTS)[number];
  trashDays: number; // 0: what is in the trash stays until it is emptied
  recent: string[]; // what the palette ran last: names of commands and ids of entries
  generator: { kind: "password" | "passphrase"; password: PasswordRules; passphrase: PassphraseRules };
}

export const AUTO_LOCK_MINUTES = [1, 5, 15, 60];
export const CLIPBOARD_SECONDS = [10, 30, 60, 120, 0];
export const TRASH_DAYS = [7, 30, 90, 0];
const MOST_RECENT = 6;

export const DEFAULTS: Preferences = {
  language: "system",
  theme: "system",
  autoLockMinutes: 5,
  clipboardSeconds: 30,
  keepCopy: true,
  sort: "title",
  trashDays: 30,
  recent: [],
  generator: {
    kind: "password",
    password: {
      length: 20,
      lower: true,
      upper: true,
      digits: true,
      symbols: true,
      avoid_ambiguous: false,
      min_digits: 1,
      min_symbols: 1,
    },
    passphrase: { words: 5, separator: "-", capitalize: false, number: false },
  },
};

const KEY = "vaultsphere.preferences";

/** Reads what was kept; a missing or strange value becomes the default. */
export function readPreferences(): Preferences {
  let kept: Partial<Preferences> = {};
  try {
    kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
  } catch {
    // storage is off, or another program wrote there: the defaults do
  }
  const theme = kept.theme === "light" || kept.theme === "dark" ? kept.theme : DEFAULTS.theme;
  const among = (value: unknown, choices: number[], fallback: number) =>
    typeof value === "number" && choices.includes(value) ? value : fallback;
  return {
    language: isLanguage(kept.language) ? kept.language : DEFAULTS.language,
    theme,
    autoLockMinutes: among(kept.autoLockMinutes, AUTO_LOCK_MINUTES, DEFAULTS.autoLockMinutes),
    clipboardSeconds: among(kept.clipboardSeconds, CLIPBOARD_SECONDS, DEFAULTS.clipboardSeconds),
    keepCopy: kept.keepCopy !== false,
    sort: SORTS.find((s) => s === kept.sort) ?? DEFAULTS.sort,
    trashDays: among(kept.trashDays, TRASH_DAYS, DEFAULTS.trashDays),
    recent: Array.isArray(kept.recent) ? kept.recent.filter((r) => typeof r === "string").slice(0, MOST_RECENT) : [],
    generator: {
      kind: kept.generator?.kind === "passphrase" ? "passphrase" : "password",
      password: { ...DEFAULTS.generator.password, ...kept.generator?.password },
      passphrase: { ...DEFAULTS.generator.passphrase, ...kept.generator?.passphrase },
    },
  };
}

export function writePreferences(p: Preferences) {
  try {
    localStorage.setItem(KEY, JSON.stringify(p));
  } catch {
    // storage is off: the choice lasts as long as the page
  }
}

const GROUND = { light: "#f5f4f0", dark: "#111413" }; // --paper, for what the system draws around the page

export function applyTheme(theme: Theme) {
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const ofSystem = meta.media.includes("dark") ? "dark" : "light";
    meta.content = GROUND[theme === "system" ? ofSystem : theme];
  }
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
