// The border between the list and the item, which changes the width of the list in a wide window.
import { useState } from "preact/hooks";
import { preferences, setPreferences } from "../../state/app";
import { inListWidth, LIST_WIDTH } from "../../state/preferences";
import { texts } from "../../texts";

const STEP = 16; // pixels

export function Resizer() {
  const width = preferences.value.listWidth;
  const [from, setFrom] = useState<number | null>(null); // where the list begins, while the pointer drags
  const resize = (to: number) => setPreferences({ listWidth: inListWidth(Math.round(to)) });

  function onKeyDown(e: KeyboardEvent) {
    const to = {
      ArrowLeft: width - STEP,
      ArrowRight: width + STEP,
      Home: LIST_WIDTH.min,
      End: LIST_WIDTH.max,
      Enter: LIST_WIDTH.usual,
    }[e.key];
    if (to === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    resize(to);
  }

  return (
    <div
      class="resizer"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={texts.value.shell.listWidth}
      aria-controls="list"
      aria-valuenow={width}
      aria-valuemin={LIST_WIDTH.min}
      aria-valuemax={LIST_WIDTH.max}
      data-dragging={from !== null}
      onKeyDown={onKeyDown}
      onDblClick={() => resize(LIST_WIDTH.usual)}
      onPointerDown={(e) => {
        if (e.button !== 0) return;
        e.currentTarget.setPointerCapture(e.pointerId);
        setFrom(e.clientX - width);
      }}
      onPointerMove={(e) => from !== null && resize(e.clientX - from)}
      onLostPointerCapture={() => setFrom(null)}
    />
  );
}
