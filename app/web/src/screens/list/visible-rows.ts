// Which rows of a long list are in sight, so that only those are in the page.
import type { RefObject } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { ROW } from "./row";

const SPARE = 6; // rows kept above and below what is in sight

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

  const top = Math.min(view.top, Math.max(0, count * ROW - view.height)); // a list that shrank scrolls back
  return {
    from: Math.max(0, Math.floor(top / ROW) - SPARE),
    to: Math.min(count, Math.ceil((top + view.height) / ROW) + SPARE),
    page: Math.max(1, Math.floor(view.height / ROW) - 1), // rows
    toTop() {
      if (box.current) box.current.scrollTop = 0;
      setView((v) => ({ ...v, top: 0 }));
    },
    /** Scrolls as little as it takes; the row must be in the page before it is announced. */
    show(index: number) {
      const el = box.current;
      if (!el) return;
      if (index * ROW < el.scrollTop) el.scrollTop = index * ROW;
      else if ((index + 1) * ROW > el.scrollTop + el.clientHeight) el.scrollTop = (index + 1) * ROW - el.clientHeight;
      measure();
    },
    /** Brings a row that is out of sight to the middle. */
    centre(index: number) {
      const el = box.current;
      if (el && (index * ROW < el.scrollTop || (index + 1) * ROW > el.scrollTop + el.clientHeight)) {
        el.scrollTop = index * ROW - (el.clientHeight - ROW) / 2;
      }
    },
  };
}
