import { useEffect, useRef } from "preact/hooks";
import { dismissToast, toasts } from "../state/app";
import { texts } from "../texts";
import { Icon } from "./icon";

/**
 * Toasts are a popover, above any open dialog. Screen readers ignore a closed popover, so a permanent live region repeats them.
 */
export function Toasts() {
  const { common } = texts.value;
  const list = toasts.value;
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    if (box.matches(":popover-open")) box.hidePopover(); // reopening it puts it above newer dialogs
    if (list.length) box.showPopover();
  }, [list]);
  return (
    <>
      <div class="visually-hidden" role="status" aria-live="polite">
        {list[list.length - 1]?.text}
      </div>
      <div ref={ref} class="toasts" popover="manual">
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
