import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { endSelection, isSelected, selectAll, selected, selecting, selectRange, toggle } from "../src/state/selection.ts";
import { all, filter, trashed } from "../src/state/vault.ts";

const ids = () => selected.value.map((s) => s.id).join("");

beforeEach(() => {
  endSelection();
  filter.value = { by: "all" };
  trashed.value = [];
  all.value = [..."abcdef"].map((id) => ({ id, type: "login", title: id, favourite: id === "b" || id === "e" }));
});

test("toggling selects and deselects", () => {
  toggle("c");
  toggle("a");
  assert.equal(ids(), "ac"); // in list order
  toggle("c");
  assert.equal(ids(), "a");
  assert.deepEqual([isSelected("a"), isSelected("c")], [true, false]);
});

test("a range starts at the last toggled item", () => {
  toggle("f");
  toggle("c");
  selectRange("x", "e");
  assert.equal(ids(), "cdef");
  selectRange("x", "a");
  assert.equal(ids(), "abcdef");
});

test("without a selection a range starts at the active item", () => {
  selectRange("b", "d");
  assert.equal(ids(), "bcd");
});

test("a range needs both ends in the list", () => {
  selectRange("x", "d");
  assert.equal(ids(), "");
  toggle("b");
  selectRange("b", "x");
  assert.equal(ids(), "b");
});

test("hidden and unreadable items are not selected", () => {
  all.value = all.value.map((s) => (s.id === "d" ? { ...s, unreadable: "damaged" } : s));
  selectAll();
  assert.equal(ids(), "abcef");
  filter.value = { by: "favourite" };
  assert.equal(ids(), "be");
  toggle("b"); // also deselects the hidden items
  filter.value = { by: "all" };
  assert.equal(ids(), "e");
  endSelection();
  assert.equal(selecting.value, false);
});
