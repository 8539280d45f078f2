import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { Session } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { laterTexts, texts } from "../../texts";
import { when } from "../../texts/dates";
import { AskPassword } from "../../ui/ask-password";
import { Button } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { Problem, useTask } from "../../ui/task";

export function Sessions() {
  const { common } = texts.value;
  const { sessions: text } = laterTexts.value;
  const [sessions, setSessions] = useState<Session[] | null>(null);
  const [ending, setEnding] = useState<Session | null>(); // null: all others
  const task = useTask();
  const read = async () => setSessions((await api.sessions()).sessions);
  useEffect(() => task.run(read), []);
  const end = async (password: string) => {
    if (ending) await api.endSession({ id: ending.id, password });
    else await api.endOtherSessions({ password });
    setEnding(undefined);
    await read();
    toast(text.revoked);
  };
  const current = sessions?.filter((s) => s.current) ?? [];
  const others = sessions?.filter((s) => !s.current) ?? [];
  return (
    <>
      <Problem error={task.error} />
      {!sessions && task.busy && (
        <p class="setting muted" role="status">
          {text.reading}
        </p>
      )}
      <ul class="sessions">
        {[...current, ...others].map((s) => (
          <li key={s.id} class="setting">
            <span class="session-icon">
              <Icon name="device" />
            </span>
            <div class="setting-text">
              <h3>
                <bdi>{s.device}</bdi>
                {s.current && <span class="badge">{text.current}</span>}
              </h3>
              <p>{text.times({ seen: when(s.last_seen), created: when(s.created) })}</p>
            </div>
            {!s.current && (
              <div class="setting-control">
                <button
                  type="button"
                  class="button button-plain"
                  aria-label={text.revokeName({ device: s.device })}
                  onClick={() => setEnding(s)}
                >
                  <span>{common.signOut}</span>
                </button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <div class="setting">
          <Button onClick={() => setEnding(null)}>{text.others}</Button>
        </div>
      )}
      {ending !== undefined && (
        <Dialog title={ending ? text.revokeName({ device: ending.device }) : text.others} onClose={() => setEnding(undefined)}>
          <AskPassword lead={common.askMaster} action={common.signOut} danger onPassword={end} />
        </Dialog>
      )}
    </>
  );
}
