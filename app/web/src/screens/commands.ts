// What the palette can do apart from opening entries: a table. A screen that is added gets a line here.
import { m } from "../messages";
import { LANGUAGES, type Language } from "../messages/languages";
import { copyOpen, setPreferences, toast } from "../state/app";
import { shortcutsListed } from "../state/dialogs";
import { SORTS, THEMES } from "../state/preferences";
import { go } from "../state/route";
import { lock, signOut } from "../state/session";
import { undoLast } from "../state/undo";
import { type Filter, search, syncNow, syncProblem } from "../state/vault";
import type { IconName } from "../ui/icon";
import { TYPES } from "./fields";
import { kindOf } from "./kinds";
import { sortBy } from "./list-head";

export interface Command {
  name: string; // under which it is remembered
  icon: IconName;
  label: () => string;
  keys?: string;
  run: () => void;
}

const place = (name: string, icon: IconName, label: () => string, ...to: string[]): Command => ({
  name,
  icon,
  label: () => m.value.palette.goTo(label()),
  run: () => go(...to),
});

const list = (name: string, icon: IconName, label: () => string, by: Filter): Command => ({
  name,
  icon,
  label: () => m.value.palette.goTo(label()),
  run: () => {
    search("", by);
    go("vault");
  },
});

async function syncAndSay() {
  await syncNow();
  if (!syncProblem.value) toast(m.value.palette.synced);
}

const READS = new Set(["all", "favourites", "trash", "export", "generator", "lock", "help"]);
const HERE = /^(sort|theme|language) /;

/** Those that make sense now: a copy is read, and has no server. */
export const commands = () => (copyOpen.value ? COMMANDS.filter(({ name }) => READS.has(name) || HERE.test(name)) : COMMANDS);

const COMMANDS: Command[] = [
  ...TYPES.map(
    (type): Command => ({
      name: `new ${type}`,
      icon: kindOf(type).icon,
      label: () => m.value.palette.create[type],
      run: () => go("new", type),
      ...(type === "login" && { keys: "N" }),
    }),
  ),
  list("all", "all", () => m.value.common.allEntries, { by: "all" }),
  list("favourites", "star", () => m.value.common.favourites, { by: "favourite" }),
  list("trash", "trash", () => m.value.trash.title, { by: "trash" }),
  place("health", "shield", () => m.value.pages.health, "health"),
  place("import", "import", () => m.value.pages.import, "import"),
  place("export", "upload", () => m.value.pages.export, "export"),
  place("generator", "generate", () => m.value.navigation.generator, "generator"),
  place("settings", "settings", () => m.value.navigation.settings, "settings"),
  { name: "lock", icon: "lock", label: () => m.value.navigation.lock, keys: "Alt L", run: () => void lock("asked") },
  { name: "undo", icon: "restore", label: () => m.value.palette.undo, run: undoLast },
  { name: "sync", icon: "refresh", label: () => m.value.palette.sync, run: () => void syncAndSay() },
  { name: "help", icon: "keyboard", label: () => m.value.shortcuts.title, keys: "?", run: () => (shortcutsListed.value = true) },
  ...SORTS.map(
    (sort): Command => ({
      name: `sort ${sort}`,
      icon: "sort",
      label: () => m.value.palette.sort(m.value.sorting[sort]),
      run: () => sortBy(sort),
    }),
  ),
  ...THEMES.map(
    (theme): Command => ({
      name: `theme ${theme}`,
      icon: "sun",
      label: () => m.value.palette.theme(m.value.settings.themes[theme]),
      run: () => setPreferences({ theme }),
    }),
  ),
  ...(Object.entries(LANGUAGES) as [Language, string][]).map(
    ([language, own]): Command => ({
      name: `language ${language}`,
      icon: "note",
      label: () => m.value.palette.language(own),
      run: () => setPreferences({ language }),
    }),
  ),
  { name: "sign out", icon: "logout", label: () => m.value.common.signOut, run: () => void signOut() },
];
