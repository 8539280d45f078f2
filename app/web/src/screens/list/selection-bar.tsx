// Actions on the selected items.

import { useState } from "preact/hooks";
import type { Tell } from "../../core/host";
import { MAX_TAG, type Progress } from "../../core/protocol.gen";
import { addTag, archive, removeTag, restore, star, trash, unarchive, unstar } from "../../state/edits";
import { endSelection, selected } from "../../state/selection";
import { counts, filter } from "../../state/vault";
import { texts } from "../../texts";
import { Button, IconButton } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { focusList } from "../../ui/focus";
import { Problem, useTask } from "../../ui/task";
import { DeletePermanently } from "./trash";

type Work = (ids: string[], tell: Tell) => Promise<unknown>;

export function SelectBar() {
  const { archive: store, selection: text, trash: bin, itemView } = texts.value;
  const inArchive = filter.value.by === "archive";
  const [open, setOpen] = useState<"tags" | "delete" | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const task = useTask();
  const items = selected.value;
  const allStarred = items.every((s) => s.favourite);

  const leave = () => {
    endSelection();
    focusList();
  };
  const run = (work: Work, after?: () => void) =>
    task.run(async () => {
      setOpen(null);
      setProgress({ done: 0, total: items.length });
      try {
        await work(
          items.map((s) => s.id),
          setProgress,
        );
        after?.();
      } finally {
        setProgress(null);
        if (document.activeElement === document.body) focusList(); // the button or dialog that had the focus is gone
      }
    });
  const tools =
    filter.value.by === "trash" ? (
      <>
        <IconButton icon="restore" label={bin.restore} onClick={() => run(restore, leave)} />
        <IconButton icon="trash" label={bin.deletePermanently} onClick={() => setOpen("delete")} />
      </>
    ) : (
      <>
        <IconButton
          icon="star"
          label={allStarred ? text.unstar : text.star}
          filled={allStarred}
          onClick={() => run(allStarred ? unstar : star)}
        />
        <IconButton icon="tag" label={text.tags} onClick={() => setOpen("tags")} />
        <IconButton
          icon={inArchive ? "restore" : "archive"}
          label={inArchive ? store.unarchive : store.archive}
          onClick={() => run(inArchive ? unarchive : archive, leave)}
        />
        <IconButton icon="trash" label={itemView.remove} onClick={() => run(trash, leave)} />
      </>
    );
  return (
    <>
      <div class="select-bar" role="group" aria-label={text.label}>
        <IconButton icon="close" label={text.end} shortcut="Esc" onClick={leave} />
        <strong>{text.count({ count: items.length })}</strong>
        <span class="select-tools">
          {progress ? (
            <span class="select-progress" role="status">
              <span class="spinner" aria-hidden="true" />
              {text.progress(progress)}
            </span>
          ) : (
            tools
          )}
        </span>
      </div>
      <Problem error={task.error} />
      {open === "tags" && <TagsDialog onClose={() => setOpen(null)} onRun={run} />}
      {open === "delete" && <DeletePermanently ids={items.map((s) => s.id)} onClose={() => setOpen(null)} onDeleted={leave} />}
    </>
  );
}

/** The tags of the selected items, with the number of items for each. */
function tagsOfSelected(): [string, number][] {
  const tags = new Map<string, number>();
  for (const s of selected.value) for (const t of s.tags ?? []) tags.set(t, (tags.get(t) ?? 0) + 1);
  return counts.value.tags.flatMap(([t]) => (tags.has(t) ? [[t, tags.get(t)!]] : []));
}

function TagsDialog({ onClose, onRun }: { onClose: () => void; onRun: (work: Work) => void }) {
  const text = texts.value.selection;
  const [tag, setTag] = useState("");
  const n = selected.value.length;
  const theirs = tagsOfSelected();
  const others = counts.value.tags.map(([t]) => t).filter((t) => theirs.find(([o]) => o === t)?.[1] !== n);
  return (
    <Dialog title={text.tagsTitle({ count: n })} onClose={onClose}>
      <div class="dialog-body tag-dialog">
        <form
          class="tag-new"
          onSubmit={(e) => {
            e.preventDefault();
            if (tag.trim()) onRun(addTag(tag.trim()));
          }}
        >
          <TextField label={text.tag} value={tag} onInput={setTag} maxLength={MAX_TAG} />
          <Button type="submit" kind="primary" disabled={!tag.trim()}>
            {text.add}
          </Button>
        </form>
        {others.length > 0 && (
          <div class="tag-choices" role="group" aria-label={text.add}>
            {others.map((t) => (
              <button key={t} type="button" class="chip" onClick={() => onRun(addTag(t))}>
                + {t}
              </button>
            ))}
          </div>
        )}
        {theirs.length > 0 && (
          <>
            <h3>{text.remove}</h3>
            <div class="tag-choices">
              {theirs.map(([t, count]) => (
                <button
                  key={t}
                  type="button"
                  class="chip"
                  aria-label={text.removeTag({ tag: t, count })}
                  onClick={() => onRun(removeTag(t))}
                >
                  − {t}
                </button>
              ))}
            </div>
          </>
        )}
      </div>
    </Dialog>
  );
}
