// The tags of the selected items: each is on all of them, on some, or on none.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { MAX_TAG } from "../../core/protocol.gen";
import { retag, type Said } from "../../state/edits";
import { selected } from "../../state/selection";
import { texts } from "../../texts";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { fits } from "../../ui/words";
import { asKnown, knownTags } from "../items/tag-field";

type State = "all" | "some" | "none";
type Work = ReturnType<typeof retag>;

function statesOfSelected(): Map<string, State> {
  const count = new Map<string, number>();
  for (const s of selected.value) for (const t of s.tags ?? []) count.set(t, (count.get(t) ?? 0) + 1);
  const stateOf = (n: number): State => {
    if (n === 0) return "none";
    return n === selected.value.length ? "all" : "some";
  };
  return new Map(knownTags().map((t) => [t, stateOf(count.get(t) ?? 0)]));
}

function TagCheck({ tag, state, onChange }: { tag: string; state: State; onChange: () => void }) {
  const box = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    box.current!.indeterminate = state === "some";
  });
  return (
    <label class="tag-check">
      <input ref={box} type="checkbox" checked={state === "all"} onChange={onChange} />
      <bdi>{tag}</bdi>
    </label>
  );
}

export function BulkTags({ onClose, onRun }: { onClose: () => void; onRun: (work: Work) => void }) {
  const { edits, itemForm, selection: text } = texts.value;
  const [typed, setTyped] = useState("");
  const [before] = useState(statesOfSelected);
  const [states, setStates] = useState(before);
  const name = typed.trim();
  const shown = [...states].filter(([t]) => fits(t, name));
  const tag = asKnown(name, [...states.keys()]);
  const add = [...states].filter(([t, s]) => s === "all" && before.get(t) !== "all").map(([t]) => t);
  const remove = [...states].filter(([t, s]) => s === "none" && (before.get(t) ?? "none") !== "none").map(([t]) => t);

  const set = (t: string, state: State) => setStates(new Map([...states, [t, state]]));
  const next = (t: string, now: State) => {
    if (now === "some") return set(t, "all");
    if (now === "all") return set(t, "none");
    return set(t, before.get(t) === "some" ? "some" : "all");
  };
  const apply = () => {
    const [one, more] = [...add, ...remove];
    const said = (values: Said) => {
      if (more || !one) return edits.retagged(values);
      return add.length > 0 ? edits.tagged({ ...values, tag: one }) : edits.untagged({ ...values, tag: one });
    };
    onRun(retag(add, remove, said));
  };
  const changed = add.length + remove.length > 0;
  return (
    <Dialog title={text.tagsTitle({ count: selected.value.length })} onClose={onClose}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (!tag) return changed && apply();
          set(tag, "all");
          setTyped("");
        }}
      >
        <div class="dialog-body tag-dialog">
          <TextField label={text.tag} value={typed} onInput={setTyped} maxLength={MAX_TAG} />
          {tag && !states.has(tag) && (
            <button type="submit" class="tag-check">
              <Icon name="plus" />
              <bdi>{itemForm.newTag({ tag })}</bdi>
            </button>
          )}
          <div class="tag-checks" role="group" aria-label={text.tags}>
            {shown.map(([t, state]) => (
              <TagCheck key={t} tag={t} state={state} onChange={() => next(t, state)} />
            ))}
          </div>
        </div>
        <footer class="dialog-foot">
          <Button kind="primary" disabled={!changed} onClick={apply}>
            {text.apply}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
