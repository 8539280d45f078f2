// The trash: how long items stay in it, and permanent deletion.

import { useState } from "preact/hooks";
import type { Item, Progress } from "../../core/protocol.gen";
import { preferences, readOnly } from "../../state/app";
import { deletePermanently, emptyTrash, quietly, restore } from "../../state/edits";
import { trashed } from "../../state/vault";
import { texts } from "../../texts";
import { dayOf } from "../../texts/dates";
import { Button } from "../../ui/controls";
import { Confirm } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { Problem, useTask } from "../../ui/task";

/** Asks, then deletes the given items, or all in the trash if `ids` is missing. */
export function DeletePermanently({ ids, onClose, onDeleted }: { ids?: string[]; onClose: () => void; onDeleted?: () => void }) {
  const { selection, trash: text } = texts.value;
  const [progress, setProgress] = useState<Progress | null>(null);
  const task = useTask();
  const count = ids?.length ?? trashed.value.length;
  const remove = () =>
    task.run(async () => {
      await (ids ? deletePermanently(ids) : emptyTrash(count, setProgress));
      onClose();
      onDeleted?.();
    });
  return (
    <Confirm
      title={text.deleteTitle({ count })}
      action={text.deletePermanently}
      danger
      busy={task.busy}
      onConfirm={remove}
      onClose={onClose}
    >
      <p>{text.deleteBody}</p>
      {progress && (
        <p class="muted" role="status">
          {selection.progress(progress)}
        </p>
      )}
      <Problem error={task.error} />
    </Confirm>
  );
}

/** Above the list of the trash. */
export function TrashNote() {
  const text = texts.value.trash;
  const [asking, setAsking] = useState(false);
  const { trashDays } = preferences.value;
  return (
    <div class="trash-note">
      <p>{trashDays ? text.keepsDays({ count: trashDays }) : text.keeps}</p>
      {trashed.value.length > 0 && (
        <Button icon="trash" onClick={() => setAsking(true)}>
          {text.empty}
        </Button>
      )}
      {asking && <DeletePermanently onClose={() => setAsking(false)} />}
    </div>
  );
}

/** Above an item that is in the trash. */
export function TrashedNotice({ item, onDeleted }: { item: Item; onDeleted: () => void }) {
  const text = texts.value.trash;
  const [asking, setAsking] = useState(false);
  return (
    <div class="notice trashed">
      <Icon name="trash" />
      <p>
        <b>{text.since({ date: dayOf(item.trashed!) })}</b>
        <span>{item.purge ? text.purge({ date: dayOf(item.purge) }) : text.noPurge}</span>
      </p>
      {!readOnly.value && (
        <div class="actions">
          <Button icon="restore" onClick={() => quietly(restore([item.id]))}>
            {text.restore}
          </Button>
          <Button kind="quiet" onClick={() => setAsking(true)}>
            {text.deletePermanently}
          </Button>
        </div>
      )}
      {asking && <DeletePermanently ids={[item.id]} onClose={() => setAsking(false)} onDeleted={onDeleted} />}
    </div>
  );
}
