// Actions on the selected items.

import { useState } from "preact/hooks";
import type { Tell } from "../../core/host";
import type { Progress } from "../../core/protocol.gen";
import { archive, restore, star, trash, unarchive, unstar } from "../../state/edits";
import { endSelection, selected } from "../../state/selection";
import { filter } from "../../state/vault";
import { texts } from "../../texts";
import { IconButton } from "../../ui/controls";
import { focusList } from "../../ui/focus";
import { Problem, useTask } from "../../ui/task";
import { Lazy } from "../shell/lazy";
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
          {progress && (
            <span class="select-progress" role="status">
              <span class="spinner" aria-hidden="true" />
              {text.progress(progress)}
            </span>
          )}
          {!progress && items.length > 0 && tools}
        </span>
      </div>
      <Problem error={task.error} />
      {open === "tags" && <Lazy show={({ BulkTags }) => <BulkTags onClose={() => setOpen(null)} onRun={run} />} />}
      {open === "delete" && <DeletePermanently ids={items.map((s) => s.id)} onClose={() => setOpen(null)} onDeleted={leave} />}
    </>
  );
}
