import { dismissToast, toasts } from "../state/app";
import { Icon } from "./icon";

/** The region stays in the page while it is empty, or screen readers would miss the first message. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((t) => (
        <div key={t.id} class={`toast toast-${t.tone}`}>
          <Icon name={t.tone === "problem" ? "danger" : "check"} />
          <span>{t.text}</span>
          <button type="button" aria-label="Dismiss" onClick={() => dismissToast(t.id)}><Icon name="close" /></button>
        </div>
      ))}
    </div>
  );
}
