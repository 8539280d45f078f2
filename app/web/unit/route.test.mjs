import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import {
  blockedHash,
  discardAndLeave,
  go,
  guard,
  guarded,
  href,
  pageOf,
  replace,
  route,
  stay,
  unguard,
} from "../src/state/route.ts";

beforeEach(() => {
  unguard();
  stay();
  location.hash = "#/vault";
});

test("the hash is split at slashes and each part decoded; a stray percent sign is no error", () => {
  for (const [hash, parts] of [
    ["", [""]],
    ["#/", [""]],
    ["#/item/a%2Fb/edit", ["item", "a/b", "edit"]],
    ["#settings", ["settings"]],
    ["#/item/100%", ["item", "100%"]],
    ["#/item/%C3%A9", ["item", "é"]],
  ]) {
    location.hash = hash;
    assert.deepEqual(route.value, parts, hash);
  }
});

test("a link encodes what it is made of, so that the route gives it back", () => {
  const parts = ["item", "a/b#c?d%e é"];
  assert.equal(href(...parts), "#/item/a%2Fb%23c%3Fd%25e%20%C3%A9");
  go(...parts);
  assert.deepEqual(route.value, parts);
  replace("vault");
  assert.deepEqual([location.hash, route.value], ["#/vault", ["vault"]]);
});

test("only the screens beside the vault are pages", () => {
  assert.equal(pageOf(["settings"]), "settings");
  for (const parts of [["vault"], ["item", "settings"], [""], []]) assert.equal(pageOf(parts), undefined);
});

test("a form with changes keeps the route back until it is left or kept", () => {
  let dirty = true;
  const leave = guard(() => dirty);
  assert.equal(guarded.value, true);
  go("settings");
  assert.deepEqual([blockedHash.value, location.hash, route.value], ["#/settings", "#/vault", ["vault"]]);
  stay();
  assert.deepEqual([blockedHash.value, route.value], [null, ["vault"]]);
  go("settings");
  discardAndLeave();
  assert.deepEqual([blockedHash.value, route.value, guarded.value], [null, ["settings"], false]);
  dirty = false;
  leave();
});

test("a form without changes holds nothing back", () => {
  guard(() => false);
  go("health");
  assert.deepEqual([blockedHash.value, route.value], [null, ["health"]]);
});

test("taking away an old guard leaves the one that took its place", () => {
  const old = guard(() => false);
  guard(() => true);
  old();
  go("export");
  assert.equal(blockedHash.value, "#/export");
});

test("the browser asks before a page with changes is closed, and only then", () => {
  const close = () => {
    const e = new Event("beforeunload", { cancelable: true });
    dispatchEvent(e);
    return e.defaultPrevented;
  };
  assert.equal(close(), false);
  guard(() => true);
  assert.equal(close(), true);
});
