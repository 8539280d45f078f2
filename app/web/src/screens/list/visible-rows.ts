// Finds the visible rows of a long list, so only these are in the page.
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { rowHeight } from "./row";

const SPARE = 6; // more rows above and below the visible ones
const MARGINS = 12; // pixels; above and below all rows, see .rows-all

/** The element that scrolls the rows, and how far below its top they begin. In a low window the header scrolls with them; see list.css. */
function scrollerOf(rows: HTMLElement): { el: HTMLElement; offset: number } {
  const pane = rows.parentElement!;
  return getComputedStyle(rows).overflowY === "visible" ? { el: pane, offset: rows.offsetTop } : { el: rows, offset: 0 };
}

export function useVisibleRows(box: RefObject<HTMLDivElement | null>, count: number) {
  const step = rowHeight.value;
  const [view, setView] = useState({ top: 0, height: 800 });
  const measure = () => {
    if (!box.current) return;
    const { el, offset } = scrollerOf(box.current);
    setView({ top: Math.max(0, el.scrollTop - offset), height: el.clientHeight });
  };
  const resized = () => {
    const rows = box.current;
    rows?.style.setProperty("--gutter", `${rows.offsetWidth - rows.clientWidth}px`);
    measure();
  };
  const filled = count > 0;
  useLayoutEffect(() => {
    const pane = box.current?.parentElement;
    if (!pane) return;
    const watch = new ResizeObserver(resized);
    watch.observe(box.current!);
    watch.observe(pane);
    const passive = { passive: true, capture: true }; // scroll events of the rows do not bubble
    pane.addEventListener("scroll", measure, passive);
    return () => {
      watch.disconnect();
      pane.removeEventListener("scroll", measure, passive);
    };
  }, [filled]);

  const top = Math.min(view.top, Math.max(0, count * step - view.height)); // the list may have become shorter
  return {
    from: Math.max(0, Math.floor(top / step) - SPARE),
    to: Math.min(count, Math.ceil((top + view.height) / step) + SPARE),
    page: Math.max(1, Math.floor(view.height / step) - 1), // rows
    /** How far the list is scrolled, in pixels. */
    position: () => (box.current ? scrollerOf(box.current).el.scrollTop : 0),
    scrollTo(position: number) {
      if (!box.current) return;
      scrollerOf(box.current).el.scrollTop = position;
      measure();
    },
    /** Scrolls a row into view, as little as possible. The row must be in the page before screen readers announce it. */
    show(index: number) {
      if (!box.current) return;
      const { el, offset } = scrollerOf(box.current);
      const row = offset + index * step;
      if (row < el.scrollTop) el.scrollTop = row;
      const bottom = row + step + MARGINS;
      if (bottom > el.scrollTop + el.clientHeight) el.scrollTop = bottom - el.clientHeight;
      measure();
    },
    /** Scrolls to the middle of the view a row that is not visible. */
    centre(index: number) {
      if (!box.current) return;
      const { el, offset } = scrollerOf(box.current);
      const row = offset + index * step;
      const hidden = row < el.scrollTop || row + step > el.scrollTop + el.clientHeight;
      if (hidden) el.scrollTop = row - (el.clientHeight - step) / 2;
    },
  };
}
