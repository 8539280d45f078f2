import { useEffect, useRef } from "preact/hooks";
import { dismissToast, newestToast, pauseToasts, toasts } from "../state/app";
import { texts } from "../texts";
import { Icon } from "./icon";

/**
 * Toasts are a popover, above any open dialog. Screen readers ignore a closed popover, so a permanent live region repeats them.
 */
export function Toasts() {
  const { common } = texts.value;
  const list = toasts.value;
  const newest = newestToast.value;
  const ref = useRef<HTMLDivElement>(null);
  const pause = () => pauseToasts(ref.current?.matches(":hover, :focus-within") ?? false);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    pause();
    if (box.matches(":popover-open:focus-within")) return; // closing it would lose the focus
    if (box.matches(":popover-open")) box.hidePopover(); // reopening it puts it above newer dialogs
    if (list.length) box.showPopover();
  }, [list]);
  return (
    <>
      <div class="visually-hidden" role="status" aria-live="polite">
        {newest && <span key={newest.id}>{newest.text}</span>}
      </div>
      <div
        ref={ref}
        class="toasts"
        popover="manual"
        onPointerEnter={pause}
        onPointerLeave={pause}
        onFocusIn={pause}
        onFocusOut={pause}
      >
        {list.map((t) => (
          <div key={t.id} class={`toast toast-${t.tone}`}>
            <Icon name={t.tone === "problem" ? "danger" : "check"} />
            <span>{t.text}</span>
            {t.action && (
              <button
                type="button"
                class="toast-action"
                onClick={() => {
                  dismissToast(t.id);
                  t.action?.run();
                }}
              >
                {t.action.label}
              </button>
            )}
            <button type="button" aria-label={common.dismiss} onClick={() => dismissToast(t.id)}>
              <Icon name="close" />
            </button>
          </div>
        ))}
      </div>
    </>
  );
}
