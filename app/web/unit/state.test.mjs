// Toasts, auto-lock, clipboard and device names.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import {
  clearConfirmations,
  dismissToast,
  muteToasts,
  newestToast,
  pauseToasts,
  preferences,
  setPreferences,
  toast,
  toasts,
} from "../src/state/app.ts";
import { activeElsewhere, startIdleClock, stopIdleClock } from "../src/state/autolock.ts";
import { clearClipboardNow, copyPlain, copySecret } from "../src/state/clipboard.ts";
import { deviceName } from "../src/state/device.ts";
import { DEFAULTS, readPreferences } from "../src/state/preferences.ts";
import { turns } from "./core.mjs";

const MINUTE = 60_000;

let clipboard;
beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  preferences.value = DEFAULTS;
  toasts.value = [];
  clipboard = "";
  navigator.permissions = { query: async () => ({ state: "granted" }) };
  navigator.clipboard = {
    readText: async () => clipboard,
    writeText: async (text) => {
      clipboard = text;
    },
  };
});
afterEach(() => {
  stopIdleClock();
  mock.timers.reset();
});

const shown = () => toasts.value.map((t) => t.text);

test("toasts disappear, those with a button last", () => {
  toast("plain");
  toast("problem", "problem");
  toast("button", "plain", { label: "Undo", run() {} });
  mock.timers.tick(4500);
  assert.deepEqual(shown(), ["problem", "button"]);
  mock.timers.tick(3500);
  assert.deepEqual(shown(), ["button"]);
  mock.timers.tick(2000);
  assert.deepEqual(shown(), []);
});

test("three toasts are shown at most", () => {
  const ids = ["a", "b", "c", "d"].map((text) => toast(text, "problem"));
  assert.deepEqual(shown(), ["b", "c", "d"]);
  dismissToast(ids[2]);
  dismissToast(ids[0]); // the limit has already removed it
  assert.deepEqual(shown(), ["b", "d"]);
});

test("a new page clears the toasts that only confirm", () => {
  toast("Password copied");
  toast("No network", "problem");
  toast("Mail moved to trash", "plain", { label: "Undo", run() {} });
  clearConfirmations();
  assert.deepEqual(shown(), ["No network", "Mail moved to trash"]);
  toast("Undone", "brief");
  mock.timers.tick(2000);
  assert.deepEqual(shown(), ["No network", "Mail moved to trash"]);
});

test("a toast replaces the one of its kind", () => {
  const action = { label: "Undo", run() {} };
  toast("Password copied");
  toast("No network", "problem");
  toast("Moved to trash", "plain", action);
  mock.timers.tick(4000);
  toast("Username copied");
  toast("No network", "problem");
  toast("2 items moved to trash", "plain", action);
  assert.deepEqual(shown(), ["Username copied", "No network", "2 items moved to trash"]);
  mock.timers.tick(4000);
  assert.deepEqual(shown(), ["Username copied", "No network", "2 items moved to trash"]);
});

test("toasts stay while they are paused", () => {
  toast("copied");
  mock.timers.tick(4000);
  pauseToasts(true);
  toast("no network", "problem");
  mock.timers.tick(MINUTE);
  assert.deepEqual(shown(), ["copied", "no network"]);
  pauseToasts(false);
  mock.timers.tick(4499);
  assert.deepEqual(shown(), ["copied", "no network"]);
  mock.timers.tick(1);
  assert.deepEqual(shown(), ["no network"]);
});

test("an older toast is not announced again", () => {
  toast("copied");
  const id = toast("moved", "plain", { label: "Undo", run() {} });
  assert.equal(newestToast.value.text, "moved");
  dismissToast(id);
  assert.deepEqual([shown(), newestToast.value], [["copied"], undefined]);
});

test("a closing vault shows no toasts", () => {
  toast("before");
  muteToasts(true);
  toast("from a call that was running");
  assert.deepEqual(shown(), []);
  muteToasts(false);
  toast("after");
  assert.deepEqual(shown(), ["after"]);
});

test("a preference is stored immediately", () => {
  setPreferences({ trashDays: 90, theme: "dark" });
  assert.deepEqual([readPreferences().trashDays, document.documentElement.dataset.theme], [90, "dark"]);
});

test("an idle page locks, and activity delays it", () => {
  let locked = 0;
  startIdleClock(() => {
    locked++;
    stopIdleClock();
  });
  mock.timers.tick(4 * MINUTE);
  dispatchEvent(new Event("keydown"));
  mock.timers.tick(4 * MINUTE);
  activeElsewhere(); // in another tab
  mock.timers.tick(5 * MINUTE - 1000);
  assert.equal(locked, 0);
  mock.timers.tick(1000);
  assert.equal(locked, 1);
  mock.timers.tick(60 * MINUTE);
  assert.equal(locked, 1);
});

test("a machine that slept past the limit locks on waking", () => {
  let locked = 0;
  startIdleClock(() => locked++);
  mock.timers.setTime(Date.now() + 60 * MINUTE); // no timer ran
  dispatchEvent(new Event("pointerdown"));
  assert.ok(locked > 0);
});

test("a page that becomes visible checks the clock", () => {
  let locked = 0;
  startIdleClock(() => {
    locked++;
    stopIdleClock();
  });
  mock.timers.setTime(Date.now() + 60 * MINUTE);
  document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(locked, 1);
});

test("a copied secret is cleared in time", async () => {
  await copySecret("s3cret", "Password");
  assert.deepEqual([clipboard, shown()], ["s3cret", ["Password copied. Clears in 30 seconds."]]);
  mock.timers.tick(29_999);
  await turns();
  assert.equal(clipboard, "s3cret");
  mock.timers.tick(1);
  await turns();
  assert.equal(clipboard, "");
});

test("the time starts at the last copy", async () => {
  await copySecret("first", "Password");
  mock.timers.tick(20_000);
  await copySecret("second", "Password");
  mock.timers.tick(20_000);
  await turns();
  assert.equal(clipboard, "second");
  mock.timers.tick(10_000);
  await turns();
  assert.equal(clipboard, "");
});

test("other clipboard content stays", async () => {
  await copySecret("s3cret", "Password");
  clipboard = "from elsewhere";
  mock.timers.tick(30_000);
  await turns();
  assert.equal(clipboard, "from elsewhere");
  navigator.permissions = { query: async () => Promise.reject(new TypeError("clipboard-read is unknown")) };
  await copySecret("s3cret", "Password");
  clipboard = "from elsewhere";
  mock.timers.tick(30_000);
  await turns();
  assert.equal(clipboard, "");
});

test("clearing is retried when the page has the focus", async () => {
  await copySecret("s3cret", "Password");
  const { writeText } = navigator.clipboard;
  navigator.clipboard.writeText = async () => Promise.reject(new DOMException("not focused"));
  mock.timers.tick(30_000);
  await turns();
  assert.equal(clipboard, "s3cret");
  navigator.clipboard.writeText = writeText;
  dispatchEvent(new Event("focus"));
  await turns();
  assert.equal(clipboard, "");
});

test("locking clears the clipboard", async () => {
  await copySecret("s3cret", "Password");
  clearClipboardNow();
  await turns();
  assert.equal(clipboard, "");
  setPreferences({ clipboardSeconds: 0 });
  await copySecret("s3cret", "Password");
  assert.equal(shown().at(-1), "Password copied");
  clearClipboardNow();
  mock.timers.tick(60 * MINUTE);
  await turns();
  assert.equal(clipboard, "s3cret");
});

test("plain values stay, and a refusal is shown", async () => {
  await copyPlain("ada", "Username");
  mock.timers.tick(60 * MINUTE);
  await turns();
  assert.equal(clipboard, "ada");
  navigator.clipboard.writeText = async () => Promise.reject(new DOMException("denied"));
  for (const copy of [copyPlain, copySecret]) {
    await copy("x", "Password");
    assert.match(shown().at(-1), /Couldn’t copy/);
  }
});

test("a session is named after browser and system", () => {
  const names = {
    "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0": "Firefox on Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 Edg/156.0":
      "Edge on Windows",
    "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36 OPR/120.0":
      "Opera on Windows",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36":
      "Chrome on Android",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/156.0 Mobile Safari/604.1":
      "Chrome on iPhone",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15":
      "Safari on macOS",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36":
      "Chrome on ChromeOS",
    "curl/8": "Browser",
  };
  const { userAgent } = navigator;
  for (const [ua, name] of Object.entries(names)) {
    navigator.userAgent = ua;
    assert.equal(deviceName(), name);
  }
  navigator.userAgent = userAgent;
});
