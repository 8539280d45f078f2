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

test("an entry is selected by a toggle and let go of by the next", () => {
  toggle("c");
  toggle("a");
  assert.equal(ids(), "ac"); // in the order of the list
  toggle("c");
  assert.equal(ids(), "a");
  assert.deepEqual([isSelected("a"), isSelected("c")], [true, false]);
});

test("a range goes from the entry that was toggled last, up or down, and adds to what is selected", () => {
  toggle("f");
  toggle("c");
  selectRange("x", "e");
  assert.equal(ids(), "cdef");
  selectRange("x", "a");
  assert.equal(ids(), "abcdef");
});

test("without a selection a range begins at the entry that has the keyboard", () => {
  selectRange("b", "d");
  assert.equal(ids(), "bcd");
});

test("a range from or to an entry that is not in the list selects nothing more", () => {
  selectRange("x", "d");
  assert.equal(ids(), "");
  toggle("b");
  selectRange("b", "x");
  assert.equal(ids(), "b");
});

test("what is not shown, or cannot be opened, is not selected", () => {
  all.value = all.value.map((s) => (s.id === "d" ? { ...s, unreadable: "damaged" } : s));
  selectAll();
  assert.equal(ids(), "abcef");
  filter.value = { by: "favourite" };
  assert.equal(ids(), "be");
  toggle("b"); // forgets what is out of sight
  filter.value = { by: "all" };
  assert.equal(ids(), "e");
  endSelection();
  assert.equal(selecting.value, false);
});
