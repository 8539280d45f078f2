import { useEffect, useState } from "preact/hooks";
import * as api from "../core/api";
import type { Version } from "../core/types";
import { m } from "../messages";
import { copySecret } from "../state/clipboard";
import { IconButton } from "../ui/controls";
import { Icon } from "../ui/icon";
import { Problem, useTask } from "../ui/task";
import { when } from "./kinds";
import { Secret } from "./secret";

/** Of a password that another manager kept, only its end is known. */
const timeOf = (v: Version) => v.modified ?? v.until;

export function History({ id, modified, hasPassword }: { id: string; modified?: string; hasPassword: boolean }) {
  const { common, history: text } = m.value;
  const [open, setOpen] = useState(false);
  const [versions, setVersions] = useState<Version[] | null>(null);
  const [visible, setVisible] = useState<number | null>(null);
  const task = useTask();
  useEffect(() => {
    setVersions(null);
    if (open) task.run(async () => setVersions((await api.history({ id })).versions));
  }, [open, id, modified]);
  if (!hasPassword) return null;
  return (
    <details class="details" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary><Icon name="chevron" />{text.title}</summary>
      <Problem error={task.error} />
      {task.busy && <p role="status">{text.loading}</p>}
      {versions?.length === 0 && <p class="muted">{text.none}</p>}
      {!!versions?.length && (
        <ul class="history">
          {versions.map((v) => (
            <li key={v.version}>
              <div><Secret value={v.password} visible={visible === v.version} /><time dateTime={timeOf(v)}>{when(timeOf(v))}</time></div>
              <IconButton icon={visible === v.version ? "eyeOff" : "eye"} label={text.shows(when(timeOf(v)))}
                pressed={visible === v.version} onClick={() => setVisible(visible === v.version ? null : v.version)} />
              <IconButton icon="copy" label={text.copies(when(timeOf(v)))}
                onClick={() => void copySecret(v.password, common.password)} />
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}
