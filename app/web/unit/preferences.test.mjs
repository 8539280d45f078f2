import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { applyTheme, DEFAULTS, readPreferences, writePreferences } from "../src/state/preferences.ts";

const keep = (value) =>
  localStorage.setItem("vaultsphere.preferences", typeof value === "string" ? value : JSON.stringify(value));

beforeEach(() => localStorage.clear());

test("choices are stored", () => {
  const chosen = {
    language: "ru",
    theme: "dark",
    autoLockMinutes: 60,
    clipboardSeconds: 0,
    keepCopy: false,
    sort: "created",
    reverse: true,
    density: "compact",
    listWidth: 500,
    tagsOpen: false,
    trashDays: 0,
    singleKeys: false,
    recent: ["command lock"],
    generator: {
      kind: "passphrase",
      password: { ...DEFAULTS.generator.password, length: 32 },
      passphrase: { ...DEFAULTS.generator.passphrase, separator: "." },
    },
  };
  writePreferences(chosen);
  assert.deepEqual(readPreferences(), chosen);
});

test("missing or malformed preferences become defaults", () => {
  assert.deepEqual(readPreferences(), DEFAULTS);
  for (const text of ["{", "[]", "7", '"dark"']) {
    keep(text);
    assert.deepEqual(readPreferences(), DEFAULTS, text);
  }
});

test("an invalid value becomes its default", () => {
  keep({
    language: "tlh",
    theme: "neon",
    autoLockMinutes: 1e9,
    clipboardSeconds: "30",
    keepCopy: "no",
    sort: "colour",
    density: 7,
    listWidth: "wide",
    tagsOpen: 0,
    trashDays: -1,
    singleKeys: 0,
    recent: ["a", 7, null, "b", "c", "d", "e", "f", "g"],
    generator: { kind: "words", password: { length: 9 } },
  });
  assert.deepEqual(readPreferences(), {
    ...DEFAULTS,
    recent: ["a", "b", "c", "d", "e", "f"],
    generator: { ...DEFAULTS.generator, password: { ...DEFAULTS.generator.password, length: 9 } },
  });
  keep({ recent: "lock", language: "constructor" });
  assert.deepEqual(readPreferences(), DEFAULTS);
});

test("preferences work without storage", (t) => {
  const refuse = () => {
    throw new DOMException("denied", "SecurityError");
  };
  t.mock.method(localStorage, "getItem", refuse);
  t.mock.method(localStorage, "setItem", refuse);
  assert.deepEqual(readPreferences(), DEFAULTS);
  writePreferences(DEFAULTS);
});

test("a theme applies to the page and the browser bars", (t) => {
  const metas = [{ media: "(prefers-color-scheme: light)" }, { media: "(prefers-color-scheme: dark)" }];
  t.mock.method(document, "querySelectorAll", () => metas);
  const shown = (theme) => {
    applyTheme(theme);
    return [document.documentElement.dataset.theme, ...metas.map((m) => m.content)];
  };
  assert.deepEqual(shown("dark"), ["dark", "#111413", "#111413"]);
  assert.deepEqual(shown("light"), ["light", "#f5f4f0", "#f5f4f0"]);
  assert.deepEqual(shown("system"), [undefined, "#f5f4f0", "#111413"]);
});
