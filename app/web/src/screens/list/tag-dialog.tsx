// Renames, merges and deletes a tag.
import { useState } from "preact/hooks";
import { MAX_TAG } from "../../core/protocol.gen";
import { deleteTag, renameTag } from "../../state/edits";
import { counts } from "../../state/vault";
import { texts } from "../../texts";
import { Button } from "../../ui/controls";
import { Confirm, Dialog } from "../../ui/dialog";
import { TextField } from "../../ui/field";
import { Problem, useTask } from "../../ui/task";
import { asKnown } from "../items/tag-field";

export function TagDialog({ tag, onClose: close }: { tag: string; onClose: () => void }) {
  const { common, tagDialog: text } = texts.value;
  const [name, setName] = useState(tag);
  const [merging, setMerging] = useState(false);
  const task = useTask();
  const others = counts.value.tags.map(([t]) => t).filter((t) => t !== tag);
  const count = counts.value.tags.find(([t]) => t === tag)?.[1] ?? 0;
  const wanted = asKnown(name.trim(), others);
  const exists = others.includes(wanted);
  const run = (work: () => Promise<void>) =>
    task.run(async () => {
      await work();
      close();
    });
  const rename = () => {
    if (!wanted || wanted === tag) return close();
    if (exists && !merging) return setMerging(true);
    run(() => renameTag(tag, wanted));
  };
  if (merging) {
    return (
      <Confirm title={text.mergeTitle({ tag: wanted })} action={text.merge} busy={task.busy} onConfirm={rename} onClose={close}>
        <p>{text.mergeBody({ from: tag, to: wanted, count })}</p>
        <Problem error={task.error} />
      </Confirm>
    );
  }
  return (
    <Dialog title={text.title} onClose={close}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          rename();
        }}
      >
        <div class="dialog-body">
          <TextField label={text.name} value={name} onInput={setName} maxLength={MAX_TAG} hint={common.items({ count })} />
          <Problem error={task.error} />
        </div>
        <footer class="dialog-foot dialog-foot-split">
          <Button kind="quiet" icon="trash" onClick={() => run(() => deleteTag(tag))}>
            {text.remove}
          </Button>
          <Button type="submit" kind="primary" busy={task.busy} disabled={!wanted}>
            {text.rename}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
