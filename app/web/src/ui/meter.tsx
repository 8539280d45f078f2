// Progress of slow work, with a cancel button.
import type { Progress } from "../core/protocol.gen";
import { locale, texts } from "../texts";
import { Button } from "./controls";

export function Meter({ label, progress, onCancel }: { label: string; progress: Progress | null; onCancel?: () => void }) {
  const number = (n: number) => n.toLocaleString(locale.value);
  return (
    <div class="meter">
      <p class="meter-label" role="status">
        {label}
      </p>
      <progress aria-label={label} {...(progress ? { value: progress.done, max: Math.max(1, progress.total) } : {})} />
      <p class="meter-foot">
        <span>{progress && progress.total > 0 && `${number(progress.done)} / ${number(progress.total)}`}</span>
        {onCancel && (
          <Button kind="quiet" onClick={onCancel}>
            {texts.value.common.cancel}
          </Button>
        )}
      </p>
    </div>
  );
}
