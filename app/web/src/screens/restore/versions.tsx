// The earlier versions of an item, which the server keeps for a while, and a button that restores one.
import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type { Item, ItemHistory, ItemVersion } from "../../core/protocol.gen";
import { copyOpen, toast } from "../../state/app";
import { handled } from "../../state/app-errors";
import { rewindItem } from "../../state/edits";
import { laterTexts, texts } from "../../texts";
import { when } from "../../texts/dates";
import { IconButton } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { Problem, useTask } from "../../ui/task";
import { fieldNames } from "./effects";

function whatChanged({ change, fields, available }: ItemVersion): string {
  const { restoring } = texts.value;
  const { itemVersions: text } = laterTexts.value;
  if (change === "deleted") return restoring.effects.deleted;
  if (change === "added") return text.added;
  const names = fieldNames(fields);
  if (names) return names;
  return available ? text.changed : text.expired;
}

/** A version, the newest of which is the item as it is. */
function Version({
  item,
  version,
  current,
  onRestored,
}: {
  item: Item;
  version: ItemVersion;
  current: boolean;
  onRestored: () => void;
}) {
  const { restoring } = texts.value;
  const { itemVersions: text } = laterTexts.value;
  const task = useTask();
  const date = when(version.time);
  const restore = () =>
    task.run(async () => {
      const problem = await rewindItem(item.id, version.revision, text.restored);
      if (problem) toast(restoring.problems[problem], "problem");
      onRestored();
    });
  return (
    <li>
      <div>
        <span>{whatChanged(version)}</span>
        <span class="history-time">
          {date} · <bdi>{version.author || restoring.unknownAuthor}</bdi>
        </span>
        <Problem error={task.error} />
      </div>
      {current && <span class="badge">{text.current}</span>}
      {!current && version.available && version.change !== "deleted" && !item.trashed && (
        <IconButton icon="restore" label={text.restores({ date })} onClick={restore} />
      )}
    </li>
  );
}

export function Versions({ item }: { item: Item }) {
  const text = laterTexts.value.itemVersions;
  const [open, setOpen] = useState(false);
  const [history, setHistory] = useState<ItemHistory | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [error, setError] = useState<CoreError | null>(null);
  useEffect(() => {
    if (!open) return;
    setError(null);
    let current = true; // the item may change while its history is loading
    api.itemHistory({ id: item.id }).then(
      (answer) => current && setHistory(answer),
      (e: unknown) => {
        const problem = asCoreError(e);
        if (!handled(problem) && current) setError(problem);
      },
    );
    return () => {
      current = false;
    };
  }, [open, item.id, item.modified, attempt]);
  if (copyOpen.value) return null;
  return (
    <details class="details" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        <Icon name="chevron" />
        {text.title}
      </summary>
      <Problem error={error} />
      {!history && !error && <p role="status">{text.loading}</p>}
      {history && (
        <>
          <ul class="history">
            {history.versions.map((v, i) => (
              <Version key={v.revision} item={item} version={v} current={i === 0} onRestored={() => setAttempt(attempt + 1)} />
            ))}
          </ul>
          <p class="muted">{history.more ? text.more : text.kept}</p>
        </>
      )}
    </details>
  );
}
