// Restoring the whole vault to an earlier state, or undoing one change of it: choose, look at what will change, confirm.
import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { LogLine, Progress, Rewind, Rewound } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { rewind } from "../../state/edits";
import { laterTexts, texts } from "../../texts";
import { when } from "../../texts/dates";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Problem, useTask } from "../../ui/task";
import { effectOf, titleList } from "./effects";

const FIRST = 20;
const STEP = 100;
const TITLES = 4;

function whatHappened({ items, resealed, branch }: LogLine): string {
  const text = laterTexts.value.earlierState;
  const parts = (["added", "changed", "deleted"] as const).flatMap((change) => {
    const titles = items.filter((it) => it.change === change).map((it) => it.title);
    return titles.length > 0 ? [text[change]({ titles: titleList(titles, TITLES) })] : [];
  });
  if (branch) parts.unshift(text.joined);
  if (resealed && parts.length === 0) return text.resealed;
  return parts.join(" ") || text.other;
}

function Line({ line, newest, onChoose }: { line: LogLine; newest: boolean; onChoose: (r: Rewind) => void }) {
  const { restoring } = texts.value;
  const { earlierState: text } = laterTexts.value;
  const date = when(line.time);
  const choose = (undo: boolean) => () => onChoose({ revision: line.revision, undo, ids: [], seen: 0 });
  return (
    <li>
      <div>
        <span dir="auto">{whatHappened(line)}</span>
        <span class="history-time">
          {date} · <bdi>{line.author || restoring.unknownAuthor}</bdi>
        </span>
      </div>
      {line.items.length > 0 && (
        <div class="restore-actions">
          {!newest && (
            <Button kind="plain" label={text.backTo({ date })} onClick={choose(false)}>
              {text.back}
            </Button>
          )}
          <Button kind="quiet" label={text.undoes({ date })} onClick={choose(true)}>
            {text.undo}
          </Button>
        </div>
      )}
    </li>
  );
}

/** The changes of the vault, the newest first. */
function Choose({ onChoose }: { onChoose: (r: Rewind) => void }) {
  const text = laterTexts.value.earlierState;
  const [limit, setLimit] = useState(FIRST);
  const [log, setLog] = useState<{ lines: LogLine[]; more: boolean } | null>(null);
  const task = useTask();
  useEffect(() => task.run(async () => setLog(await api.vaultLog({ limit }))), [limit]);
  const writes = log?.lines.filter((l) => !l.entry) ?? [];
  return (
    <div class="dialog-body">
      <p class="muted">{text.hint}</p>
      <Problem error={task.error} />
      {!log && task.busy && <p role="status">{text.loading}</p>}
      {log && writes.length === 0 && <p>{text.none}</p>}
      {writes.length > 0 && (
        <ul class="history">
          {writes.map((l, i) => (
            <Line key={l.revision} line={l} newest={i === 0} onChoose={onChoose} />
          ))}
        </ul>
      )}
      {log?.more && (
        <Button busy={task.busy} onClick={() => setLimit(limit + STEP)}>
          {text.older}
        </Button>
      )}
    </div>
  );
}

/** What will change, and the button that does it. */
function Preview({ chosen, onBack, onClose }: { chosen: Rewind; onBack: () => void; onClose: () => void }) {
  const { restoring, selection } = texts.value;
  const { earlierState: text } = laterTexts.value;
  const [preview, setPreview] = useState<Rewound | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const task = useTask();
  useEffect(() => task.run(async () => setPreview(await api.previewRewind(chosen, setProgress))), [chosen]);
  const changing = preview?.items.filter((it) => !it.problem).length ?? 0;
  const restore = () =>
    task.run(async () => {
      setProgress(null);
      const done = await rewind({ ...chosen, seen: preview?.seen ?? 0 }, setProgress);
      const restored = done.items.filter((it) => !it.problem).length;
      const stayed = done.items.length - restored;
      const files = done.items.flatMap((it) => it.lost_files ?? []);
      if (stayed > 0) toast(text.stayed({ count: stayed }), "problem");
      if (files.length > 0) toast(restoring.lostFiles({ names: titleList(files, TITLES) }), "problem");
      if (restored > 0) toast(text.restored({ count: restored }));
      onClose();
    });
  return (
    <>
      <div class="dialog-body">
        {preview && <p>{changing > 0 ? text.willChange({ count: changing }) : text.nothing}</p>}
        {!preview && task.busy && <p role="status">{text.comparing}</p>}
        <Problem error={task.error} />
        {task.busy && progress && progress.total > 0 && (
          <p class="muted" role="status">
            {selection.progress(progress)}
          </p>
        )}
        {!!preview?.items.length && (
          <ul class="history">
            {preview.items.map((it) => (
              <li key={it.id} class={it.problem && "restore-stays"}>
                <div>
                  <b dir="auto">{it.title || restoring.untitled}</b>
                  <span class="history-time">{effectOf(it)}</span>
                </div>
              </li>
            ))}
          </ul>
        )}
        {changing > 0 && <p class="muted">{text.keptToo}</p>}
      </div>
      <footer class="dialog-foot">
        <Button kind="plain" onClick={onBack}>
          {text.chooseAnother}
        </Button>
        <Button kind="primary" busy={task.busy && !!preview} disabled={changing === 0} onClick={restore}>
          {text.restore}
        </Button>
      </footer>
    </>
  );
}

export function EarlierState({ onClose }: { onClose: () => void }) {
  const [chosen, setChosen] = useState<Rewind | null>(null);
  return (
    <Dialog title={laterTexts.value.earlierState.title} onClose={onClose} wide>
      {chosen ? <Preview chosen={chosen} onBack={() => setChosen(null)} onClose={onClose} /> : <Choose onChoose={setChosen} />}
    </Dialog>
  );
}
