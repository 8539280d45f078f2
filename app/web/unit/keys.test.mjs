import assert from "node:assert/strict";
import { test } from "node:test";
import { preferences } from "../src/state/app.ts";
import { keyOf, shortcutOf } from "../src/state/keys.ts";
import { DEFAULTS } from "../src/state/preferences.ts";

const press = (key, code, more) => ({ key, code, shiftKey: false, altKey: false, ctrlKey: false, metaKey: false, ...more });

test("shortcuts work on every layout", () => {
  for (const [layout, key, code, more, wanted] of [
    ["US", "c", "KeyC", {}, "c"],
    ["US with Caps Lock", "C", "KeyC", {}, "c"],
    ["Russian", "с", "KeyC", {}, "c"],
    ["Russian with Caps Lock", "С", "KeyC", {}, "c"],
    ["Russian", "л", "KeyK", { ctrlKey: true }, "k"],
    ["Russian", "д", "KeyL", { altKey: true }, "l"],
    ["Russian", ".", "Slash", {}, "/"],
    ["Russian", ",", "Slash", { shiftKey: true }, "?"],
    ["Russian", "?", "Digit7", { shiftKey: true }, "?"],
    ["Greek", "ν", "KeyN", {}, "n"],
    ["Hebrew", "מ", "KeyN", {}, "n"],
    ["Arabic", "ظ", "Slash", {}, "/"],
    ["Korean", "ㅊ", "KeyC", {}, "c"],
    ["Georgian", "ნ", "KeyN", {}, "n"],
    ["German", "-", "Slash", {}, "-"],
    ["German", "/", "Digit7", { shiftKey: true }, "/"],
    ["German", "z", "KeyY", { ctrlKey: true }, "z"],
    ["French", "a", "KeyQ", { ctrlKey: true }, "a"],
    ["Dvorak", "c", "KeyI", {}, "c"],
    ["Dvorak", "l", "KeyP", { altKey: true }, "l"],
    ["Dvorak", "n", "KeyL", { altKey: true }, "n"],
    ["Mac", "¬", "KeyL", { altKey: true }, "l"],
    ["Polish on a Mac", "ł", "KeyL", { altKey: true }, "l"],
    ["Turkish", "ı", "KeyI", {}, "ı"],
    ["any", "Delete", "Delete", {}, "Delete"],
    ["any", " ", "Space", {}, " "],
    ["any", "Process", "KeyC", {}, "Process"], // an input method is composing
  ]) {
    assert.equal(keyOf(press(key, code, more)), wanted, `${layout}: ${key}`);
  }
});

test("single-key shortcuts can be turned off", () => {
  const keys = [press("c", "KeyC"), press("с", "KeyC"), press("/", "Slash"), press("?", "Slash", { shiftKey: true })];
  const others = [
    press(" ", "Space"),
    press("Delete", "Delete"),
    press("a", "KeyA", { ctrlKey: true }),
    press("l", "KeyL", { altKey: true }),
  ];
  assert.deepEqual(keys.map(shortcutOf), ["c", "c", "/", "?"]);
  preferences.value = { ...DEFAULTS, singleKeys: false };
  assert.deepEqual(keys.map(shortcutOf), ["", "", "", ""]);
  assert.deepEqual(others.map(shortcutOf), [" ", "Delete", "a", "l"]);
  preferences.value = DEFAULTS;
});
