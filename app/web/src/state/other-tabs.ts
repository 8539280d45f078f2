// Preferences apply in all tabs of this browser.
import * as api from "../core/api.gen";
import { preferences } from "./app";
import { handled } from "./app-errors";
import { applyTheme, KEY, readPreferences } from "./preferences";
import { all, refresh } from "./vault";

/** Applies the preferences that another tab has stored. */
function adopt() {
  const before = preferences.value;
  const now = readPreferences();
  preferences.value = now;
  applyTheme(now.theme);
  // The core of each tab writes to the cache, so each has to stop.
  if (now.keepCopy !== before.keepCopy) api.keepCopy({ on: now.keepCopy, force: false }).catch(() => undefined);
  if (all.value && (now.sort !== before.sort || now.reverse !== before.reverse)) refresh().catch(handled);
}

export const followPreferences = () =>
  addEventListener("storage", ({ key }) => {
    if (key === KEY || key === null) adopt(); // null: the storage was cleared
  });
