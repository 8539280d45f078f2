// The items that were deleted permanently and can still come back.
import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { DeletedItem } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { rewindItem } from "../../state/edits";
import { texts } from "../../texts";
import { when } from "../../texts/dates";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Problem, useTask } from "../../ui/task";

function Row({ item, onRestored }: { item: DeletedItem; onRestored: () => void }) {
  const { edits, recentlyDeleted: text, restoring, trash } = texts.value;
  const task = useTask();
  const title = item.title || restoring.untitled;
  const restore = () =>
    task.run(async () => {
      const problem = await rewindItem(item.id, item.revision);
      toast(problem ? restoring.problems[problem] : edits.restored({ count: 1, title }), problem ? "problem" : "plain");
      onRestored();
    });
  return (
    <li>
      <div>
        <b dir="auto">{title}</b>
        <span class="history-time">
          {text.deleted({ date: when(item.time) })} · <bdi>{item.author || restoring.unknownAuthor}</bdi>
        </span>
        <Problem error={task.error} />
      </div>
      <Button icon="restore" label={text.restores({ title })} busy={task.busy} onClick={restore}>
        {trash.restore}
      </Button>
    </li>
  );
}

export function RecentlyDeleted({ onClose }: { onClose: () => void }) {
  const text = texts.value.recentlyDeleted;
  const [items, setItems] = useState<DeletedItem[] | null>(null);
  const task = useTask();
  const read = () => task.run(async () => setItems((await api.deletedItems()).items));
  useEffect(read, []);
  return (
    <Dialog title={text.title} onClose={onClose} wide>
      <div class="dialog-body">
        <p class="muted">{text.hint}</p>
        <Problem error={task.error} />
        {!items && task.busy && <p role="status">{text.loading}</p>}
        {items?.length === 0 && <p>{text.none}</p>}
        {!!items?.length && (
          <ul class="history">
            {items.map((it) => (
              <Row key={it.id} item={it} onRestored={read} />
            ))}
          </ul>
        )}
      </div>
    </Dialog>
  );
}
