// Finds the visible rows of a long list, so only these are in the page.
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { ROW } from "./row";

const SPARE = 6; // more rows above and below the visible ones

export function useVisibleRows(box: RefObject<HTMLDivElement | null>, count: number) {
  const [view, setView] = useState({ top: 0, height: 800 });
  const measure = () => {
    const el = box.current;
    if (el) setView({ top: el.scrollTop, height: el.clientHeight });
  };
  const filled = count > 0;
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const watch = new ResizeObserver(measure);
    watch.observe(el);
    el.addEventListener("scroll", measure, { passive: true });
    return () => {
      watch.disconnect();
      el.removeEventListener("scroll", measure);
    };
  }, [filled]);

  const top = Math.min(view.top, Math.max(0, count * ROW - view.height)); // the list may have become shorter
  return {
    from: Math.max(0, Math.floor(top / ROW) - SPARE),
    to: Math.min(count, Math.ceil((top + view.height) / ROW) + SPARE),
    page: Math.max(1, Math.floor(view.height / ROW) - 1), // rows
    toTop() {
      if (box.current) box.current.scrollTop = 0;
      setView((v) => ({ ...v, top: 0 }));
    },
    /** Scrolls a row into view, as little as possible. The row must be in the page before screen readers announce it. */
    show(index: number) {
      const el = box.current;
      if (!el) return;
      if (index * ROW < el.scrollTop) el.scrollTop = index * ROW;
      else if ((index + 1) * ROW > el.scrollTop + el.clientHeight) el.scrollTop = (index + 1) * ROW - el.clientHeight;
      measure();
    },
    /** Scrolls to the middle of the view a row that is not visible. */
    centre(index: number) {
      const el = box.current;
      if (el && (index * ROW < el.scrollTop || (index + 1) * ROW > el.scrollTop + el.clientHeight)) {
        el.scrollTop = index * ROW - (el.clientHeight - ROW) / 2;
      }
    },
  };
}
