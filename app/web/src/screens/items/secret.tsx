// A secret on the screen: dots, or its characters with digits and symbols in different colours.
import { texts } from "../../texts";

const DOTS = "••••••••••••"; // always twelve, since the length is secret too

function classOf(c: string) {
  if (/\p{N}/u.test(c)) return "digit";
  return /[\p{L}\s]/u.test(c) ? "letter" : "symbol";
}

/** Splits a value into runs of one character class. A long secret becomes a few elements, not thousands. */
export function runs(value: string): { kind: string; text: string }[] {
  const out: { kind: string; text: string }[] = [];
  for (const c of value) {
    const kind = classOf(c);
    const last = out.at(-1);
    if (last?.kind === kind) last.text += c;
    else out.push({ kind, text: c });
  }
  return out;
}

export function Secret({
  value,
  visible,
  plain,
  ending,
}: {
  value: string;
  visible: boolean;
  plain?: boolean;
  ending?: string; // what a hidden value shows
}) {
  const { common } = texts.value;
  if (!visible) {
    return (
      <span class="secret secret-hidden">
        <span aria-hidden="true">{ending ? `•••• ${ending}` : DOTS}</span>
        <span class="visually-hidden">{ending ? common.hiddenEnding({ ending }) : common.hidden}</span>
      </span>
    );
  }
  return (
    <span class="secret mono">
      {plain
        ? value
        : runs(value).map((r, i) => (
            <span key={i} class={r.kind}>
              {r.text}
            </span>
          ))}
    </span>
  );
}
