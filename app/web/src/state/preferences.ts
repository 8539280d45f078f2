// The preferences of this device, in localStorage. None of them is secret.
import type { PassphraseRules, PasswordRules } from "../core/protocol.gen";
import { isLanguage, type Language } from "../texts/languages";

export const THEMES = ["system", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];

export const SORTS = ["title", "changed", "created"] as const;

export const DENSITIES = ["comfortable", "compact"] as const;
export type Density = (typeof DENSITIES)[number];

export const LIST_WIDTH = { min: 280, max: 640, usual: 380 }; // pixels

export interface Preferences {
  language: Language | "system";
  theme: Theme;
  autoLockMinutes: number;
  clipboardSeconds: number; // 0: never cleared
  keepCopy: boolean; // keep a sealed copy of the vault on this device, for offline use
  sort: (typeof SORTS)[number];
  reverse: boolean; // the order of sort
  density: Density; // of the list
  listWidth: number; // in a window that is wide enough
  tagsOpen: boolean; // in the sidebar
  trashDays: number; // 0: items stay in the trash until it is emptied
  singleKeys: boolean; // shortcuts of one character, which speech input can press by mistake
  recent: string[]; // recently used in the palette: names of commands and IDs of items
  generator: { kind: "password" | "passphrase"; password: PasswordRules; passphrase: PassphraseRules };
}

/** Locks when the browser closes, instead of after minutes. */
export const UNTIL_CLOSED = 0;
export const AUTO_LOCK_MINUTES = [1, 5, 15, 30, 60, 240, UNTIL_CLOSED];
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
  reverse: false,
  density: "comfortable",
  listWidth: LIST_WIDTH.usual,
  tagsOpen: true,
  trashDays: 30,
  singleKeys: true,
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

/** The key of the preferences in localStorage. */
export const KEY = "vaultsphere.preferences";

/** The nearest width that the list may have. */
export const inListWidth = (width: unknown) =>
  typeof width === "number" ? Math.min(LIST_WIDTH.max, Math.max(LIST_WIDTH.min, width)) : LIST_WIDTH.usual;

/** Reads the stored preferences. A missing or invalid value becomes the default. */
export function readPreferences(): Preferences {
  let stored: Partial<Preferences> = {};
  try {
    stored = JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>;
  } catch {
    // storage is disabled, or the value is malformed: use the defaults
  }
  const theme = stored.theme === "light" || stored.theme === "dark" ? stored.theme : DEFAULTS.theme;
  const among = (value: unknown, choices: number[], fallback: number) =>
    typeof value === "number" && choices.includes(value) ? value : fallback;
  return {
    language: isLanguage(stored.language) ? stored.language : DEFAULTS.language,
    theme,
    autoLockMinutes: among(stored.autoLockMinutes, AUTO_LOCK_MINUTES, DEFAULTS.autoLockMinutes),
    clipboardSeconds: among(stored.clipboardSeconds, CLIPBOARD_SECONDS, DEFAULTS.clipboardSeconds),
    keepCopy: stored.keepCopy !== false,
    sort: SORTS.find((s) => s === stored.sort) ?? DEFAULTS.sort,
    reverse: stored.reverse === true,
    density: DENSITIES.find((d) => d === stored.density) ?? DEFAULTS.density,
    listWidth: inListWidth(stored.listWidth),
    tagsOpen: stored.tagsOpen !== false,
    trashDays: among(stored.trashDays, TRASH_DAYS, DEFAULTS.trashDays),
    singleKeys: stored.singleKeys !== false,
    recent: Array.isArray(stored.recent) ? stored.recent.filter((r) => typeof r === "string").slice(0, MOST_RECENT) : [],
    generator: {
      kind: stored.generator?.kind === "passphrase" ? "passphrase" : "password",
      password: { ...DEFAULTS.generator.password, ...stored.generator?.password },
      passphrase: { ...DEFAULTS.generator.passphrase, ...stored.generator?.passphrase },
    },
  };
}

export function writePreferences(p: Preferences) {
  try {
    localStorage.setItem(KEY, JSON.stringify(p));
  } catch {
    // storage is disabled: the choice lasts until the page is closed
  }
}

const GROUND = { light: "#f5f4f0", dark: "#111413" }; // --paper, for the browser's own bars

export function applyTheme(theme: Theme) {
  for (const meta of document.querySelectorAll<HTMLMetaElement>("meta[name=theme-color]")) {
    const ofSystem = meta.media.includes("dark") ? "dark" : "light";
    meta.content = GROUND[theme === "system" ? ofSystem : theme];
  }
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
