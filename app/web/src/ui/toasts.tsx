import { useEffect, useRef } from "preact/hooks";
import { dismissToast, toasts } from "../state/app";
import { texts } from "../texts";
import { Icon } from "./icon";

/**
 * Toasts are shown as a popover, above any dialog that is open; a popover that is closed is not there for screen
 * readers, so a region that is always there says the same.
 */
export function Toasts() {
  const { common } = texts.value;
  const list = toasts.value;
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    if (box.matches(":popover-open")) box.hidePopover(); // showing it again puts it above newer dialogs
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
