// The password history of an item, with a button that restores an older password.

import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type { Item, Version } from "../../core/protocol.gen";
import { readOnly } from "../../state/app";
import { handled } from "../../state/app-errors";
import { copySecret } from "../../state/clipboard";
import { quietly, saveOver } from "../../state/edits";
import { texts } from "../../texts";
import { when } from "../../texts/dates";
import { IconButton } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { Problem } from "../../ui/task";
import { Reveal } from "./field-row";
import { Secret } from "./secret";

function OldPassword({ item, old: { version, modified, until, password } }: { item: Item; old: Version }) {
  const { common, history: text } = texts.value;
  const [visible, setVisible] = useState(false);
  // For a password imported from another manager, only its end may be known.
  const time = when(modified ?? until) || text.before;
  const use = () => quietly(saveOver(item, () => api.restoreVersion({ id: item.id, version }), text.restored));
  return (
    <li>
      <div>
        <Secret value={password} visible={visible} />
        <span class="history-time">{!modified && until ? text.until({ date: time }) : time}</span>
      </div>
      <Reveal
        visible={visible}
        show={text.shows({ date: time })}
        hide={text.hides({ date: time })}
        said={common.visible({ label: common.password })}
        onChange={setVisible}
      />
      <IconButton icon="copy" label={text.copies({ date: time })} onClick={() => void copySecret(password, common.password)} />
      {!item.trashed && !readOnly.value && <IconButton icon="restore" label={text.restores({ date: time })} onClick={use} />}
    </li>
  );
}

export function History({ item }: { item: Item }) {
  const text = texts.value.history;
  const has = !!item.password || !!item.password_history?.length;
  const [versions, setVersions] = useState<Version[] | null>(null);
  const [error, setError] = useState<CoreError | null>(null);
  useEffect(() => {
    setVersions(null);
    setError(null);
    if (!has) return;
    let current = true; // the item may change while its history is loading
    api.history({ id: item.id }).then(
      (answer) => current && setVersions(answer.versions),
      (e: unknown) => {
        const problem = asCoreError(e);
        if (!handled(problem) && current) setError(problem);
      },
    );
    return () => {
      current = false;
    };
  }, [has, item.id, item.modified]);
  if (!has) return null;
  return (
    <details class="details">
      <summary>
        <Icon name="chevron" />
        {versions?.length ? text.titleCount({ count: versions.length }) : text.title}
      </summary>
      <Problem error={error} />
      {!versions && !error && <p role="status">{text.loading}</p>}
      {versions?.length === 0 && <p class="muted">{text.none}</p>}
      {!!versions?.length && (
        <ul class="history">
          {versions.map((v) => (
            <OldPassword key={v.version} item={item} old={v} />
          ))}
        </ul>
      )}
    </details>
  );
}
