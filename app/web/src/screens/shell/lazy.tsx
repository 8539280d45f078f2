// Loads the screens of later.ts, and shows them.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { loadLaterTexts, texts } from "../../texts";
import { Button } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import type * as later from "./later";

declare const LATER_URL: string; // defined by build.mjs

type Screens = typeof later;

const screens = signal<Screens | null>(null);
const missing = signal(false); // the last attempt failed

let attempts = 0;
let loading = false;

/** Loads the screens, unless they are loaded already. */
export async function loadScreens() {
  if (screens.value || loading) return;
  loading = true;
  missing.value = false;
  // Some browsers never ask again for a script that they could not load, so each attempt has another URL.
  const again = attempts++ ? `?${attempts}` : "";
  try {
    const [loaded] = await Promise.all([import(LATER_URL + again) as Promise<Screens>, loadLaterTexts(again)]);
    screens.value = loaded;
  } catch {
    missing.value = true;
  } finally {
    loading = false;
  }
}

interface LazyProps {
  show: (screens: Screens) => ComponentChildren;
  around?: (waiting: ComponentChildren) => ComponentChildren; // what to show until then
}

/** Shows one of the screens, which may have to be loaded first. */
export function Lazy({ show, around = (waiting) => waiting }: LazyProps) {
  useEffect(() => void loadScreens(), []);
  if (screens.value) return <>{show(screens.value)}</>;
  const text = texts.value.starting;
  return (
    <>
      {around(
        <div class="lazy">{missing.value ? <Missing /> : <span class="spinner" role="status" aria-label={text.loading} />}</div>,
      )}
    </>
  );
}

/** A screen that could not be loaded. After an update, the server no longer has the files of this page. */
function Missing() {
  const { common, newVersion, shell: text } = texts.value;
  return (
    <div class="problem" role="alert">
      <Icon name="danger" />
      <div>
        <p>{text.missing}</p>
        <p class="buttons">
          <Button icon="refresh" onClick={() => void loadScreens()}>
            {common.tryAgain}
          </Button>
          <Button onClick={() => location.reload()}>{newVersion.reload}</Button>
        </p>
      </div>
    </div>
  );
}
