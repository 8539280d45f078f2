// A password in large numbered characters, to type it on another device.
import { texts } from "../../texts";
import { Dialog } from "../../ui/dialog";
import { runs } from "./secret";

export function LargeType({ value, onClose }: { value: string; onClose: () => void }) {
  const text = texts.value.itemView;
  const characters = runs(value).flatMap(({ kind, text: run }) => [...run].map((c) => ({ kind, c })));
  return (
    <Dialog title={texts.value.common.password} onClose={onClose} wide>
      <div class="dialog-body">
        <ol class="large-type" aria-label={text.largeType}>
          {characters.map(({ kind, c }, i) => (
            <li key={i} class={kind}>
              <span class="mono">{c === " " ? "␣" : c}</span>
            </li>
          ))}
        </ol>
      </div>
    </Dialog>
  );
}
