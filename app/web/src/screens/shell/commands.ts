// The commands of the palette. A new screen gets a row here.

import { copyOpen, setPreferences, toast } from "../../state/app";
import { shortcutsListed } from "../../state/dialogs";
import { SORTS, THEMES } from "../../state/preferences";
import { go, type Page } from "../../state/route";
import { lock, signOut } from "../../state/session";
import { administrator } from "../../state/standing";
import { undoLast } from "../../state/undo";
import { type Filter, search, syncNow, syncProblem } from "../../state/vault";
import { laterTexts, texts } from "../../texts";
import { LANGUAGES, type Language } from "../../texts/languages";
import type { IconName } from "../../ui/icon";
import { TYPES } from "../items/fields.gen";
import { kindOf } from "../items/item-type";
import { sortBy } from "../list/list-header";

export interface Command {
  name: string; // the key among the recent commands
  icon: IconName;
  label: () => string;
  keywords?: () => string; // other words that find it
  keys?: string;
  run: () => void;
}

const place = (name: Exclude<Page, "alarm">, icon: IconName, label: () => string): Command => ({
  name,
  icon,
  label: () => texts.value.palette.goTo({ place: label() }),
  keywords: () => texts.value.palette.keywords[name],
  run: () => go(name),
});

const list = (name: string, icon: IconName, label: () => string, by: Filter): Command => ({
  name,
  icon,
  label: () => texts.value.palette.goTo({ place: label() }),
  run: () => {
    search("", by);
    go("vault");
  },
});

async function syncAndSay() {
  await syncNow();
  if (!syncProblem.value) toast(texts.value.palette.synced);
}

const READS = new Set(["all", "favourites", "archive", "trash", "export", "generator", "lock", "help"]);
const HERE = /^(sort|theme|language) /;

/** The commands that are available now. A copy is read-only and has no server. */
export function commands() {
  if (copyOpen.value) return COMMANDS.filter(({ name }) => READS.has(name) || HERE.test(name));
  return administrator.value ? COMMANDS : COMMANDS.filter(({ name }) => name !== "admin");
}

const COMMANDS: Command[] = [
  ...TYPES.map(
    (type): Command => ({
      name: `new ${type}`,
      icon: kindOf(type).icon,
      label: () => texts.value.palette.create[type],
      keywords: () => texts.value.palette.keywords.create,
      run: () => go("new", type),
      ...(type === "login" && { keys: "N" }),
    }),
  ),
  list("all", "all", () => texts.value.common.allItems, { by: "all" }),
  list("favourites", "star", () => texts.value.common.favourites, { by: "favourite" }),
  list("archive", "archive", () => texts.value.archive.title, { by: "archive" }),
  list("trash", "trash", () => texts.value.trash.title, { by: "trash" }),
  place("health", "shield", () => texts.value.pages.health),
  place("import", "import", () => texts.value.pages.import),
  place("export", "upload", () => texts.value.pages.export),
  place("generator", "generate", () => texts.value.navigation.generator),
  place("settings", "settings", () => texts.value.navigation.settings),
  place("people", "people", () => texts.value.pages.people),
  place("admin", "license", () => texts.value.admin.title),
  {
    name: "lock",
    icon: "lock",
    label: () => texts.value.navigation.lock,
    keywords: () => texts.value.palette.keywords.lock,
    keys: "Alt L",
    run: () => void lock("asked"),
  },
  {
    name: "undo",
    icon: "restore",
    label: () => texts.value.palette.undo,
    keywords: () => texts.value.palette.keywords.undo,
    run: undoLast,
  },
  {
    name: "sync",
    icon: "refresh",
    label: () => texts.value.palette.sync,
    keywords: () => texts.value.palette.keywords.sync,
    run: () => void syncAndSay(),
  },
  {
    name: "help",
    icon: "keyboard",
    label: () => texts.value.shortcuts.title,
    keywords: () => texts.value.palette.keywords.help,
    keys: "?",
    run: () => (shortcutsListed.value = true),
  },
  ...SORTS.map(
    (sort): Command => ({
      name: `sort ${sort}`,
      icon: "sort",
      label: () => texts.value.palette.sort({ name: texts.value.sorting[sort] }),
      keywords: () => texts.value.palette.keywords.sort,
      run: () => sortBy(sort),
    }),
  ),
  ...THEMES.map(
    (theme): Command => ({
      name: `theme ${theme}`,
      icon: "sun",
      label: () => texts.value.palette.theme({ name: laterTexts.value.settings.themes[theme] }),
      keywords: () => texts.value.palette.keywords.themes[theme],
      run: () => setPreferences({ theme }),
    }),
  ),
  ...(Object.entries(LANGUAGES) as [Language, string][]).map(
    ([language, own]): Command => ({
      name: `language ${language}`,
      icon: "note",
      label: () => texts.value.palette.language({ name: own }),
      keywords: () => texts.value.palette.keywords.language,
      run: () => setPreferences({ language }),
    }),
  ),
  {
    name: "sign out",
    icon: "logout",
    label: () => texts.value.common.signOut,
    keywords: () => texts.value.palette.keywords.signOut,
    run: () => void signOut(),
  },
];
