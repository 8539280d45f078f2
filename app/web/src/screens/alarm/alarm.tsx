// The page of a vault in alarm: the cause, the differences, and the ways out.
import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError } from "../../core/error";
import type { ChangeKind, Difference, OtherState } from "../../core/protocol.gen";
import { alarm, toast } from "../../state/app";
import { go, href } from "../../state/route";
import { notifyTabs } from "../../state/tabs";
import { refresh, syncNow, waiting } from "../../state/vault";
import { texts } from "../../texts";
import { when } from "../../texts/dates";
import { AskPassword } from "../../ui/ask-password";
import { Button, Heading } from "../../ui/controls";
import { Dialog } from "../../ui/dialog";
import { describe, Problem, useTask } from "../../ui/task";

const KINDS: ChangeKind[] = ["deleted", "changed", "added"];
const FIRST = 50; // names of a kind that are shown

function Names({ kind, list }: { kind: ChangeKind; list: Difference[] }) {
  const text = texts.value.inAlarm;
  if (list.length === 0) return null;
  return (
    <>
      <h3>{text.kinds[kind]({ count: list.length })}</h3>
      <ul class="alarm-names">
        {list.slice(0, FIRST).map((d) => (
          <li key={d.id} dir="auto">
            {d.title || text.unnamed}
          </li>
        ))}
      </ul>
      {list.length > FIRST && <p class="muted">{text.more({ count: list.length - FIRST })}</p>}
    </>
  );
}

function Differences({ other }: { other: OtherState }) {
  const text = texts.value.inAlarm;
  return (
    <>
      {other.differences.length === 0 && <p>{text.same}</p>}
      {KINDS.map((kind) => (
        <Names key={kind} kind={kind} list={other.differences.filter((d) => d.kind === kind)} />
      ))}
    </>
  );
}

/** The cause, and who signed it. */
function Cause() {
  const text = texts.value.inAlarm;
  const { finding, object, number, author, since } = alarm.value ?? { finding: { code: "vault_other" as const }, since: 0 };
  return (
    <ul class="alarm-cause">
      <li>{describe(finding)}</li>
      {object && author && (
        <li>
          {object === "entry"
            ? text.entry({ number: number ?? 0, name: author })
            : text.write({ number: number ?? 0, name: author })}
        </li>
      )}
      <li>{text.since({ time: when(new Date(since).toISOString()) })}</li>
    </ul>
  );
}

export function AlarmPage() {
  const text = texts.value.inAlarm;
  const [other, setOther] = useState<OtherState | null>(null);
  const [unsigned, setUnsigned] = useState(false);
  const [exported, setExported] = useState(false);
  const [accepting, setAccepting] = useState(false);
  const look = useTask();
  const task = useTask();
  const compare = async () => {
    setOther(null);
    try {
      setOther(await api.otherState());
      setUnsigned(false);
    } catch (e) {
      if (asCoreError(e).code !== "vault_altered") throw e;
      setUnsigned(true); // the vault that this device verified stays open
      return;
    }
    const state = await api.alarm();
    if (state.alarm) alarm.value = state.alarm; // it may now name the author
  };
  useEffect(() => look.run(compare), []);
  const ended = async (said: string) => {
    notifyTabs("changed");
    await syncNow();
    await refresh();
    go("vault");
    toast(said);
  };
  const again = () =>
    task.run(async () => {
      await syncNow();
      if (!alarm.value) {
        go("vault");
        toast(text.over);
        return;
      }
      await compare();
      toast(text.still);
    });
  const together = () =>
    task.run(async () => {
      const done = await api.bringTogether();
      await ended(text.together({ count: done.unreadable.length }));
    });
  const unsent = waiting.value.pending;
  return (
    <div class="column alarm-page">
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{text.lead}</p>
      {unsent > 0 && <p>{text.unsent({ count: unsent })}</p>}
      <section class="card">
        <h2>{text.cause}</h2>
        <Cause />
        <p>{text.likely}</p>
      </section>
      <section class="card" aria-busy={look.busy}>
        <h2>{text.differences}</h2>
        {look.busy && <p role="status">{text.comparing}</p>}
        <Problem error={look.error} />
        {unsigned && <p>{text.unsigned}</p>}
        {other && (
          <>
            <p>{text.revisions({ device: other.verified, server: other.revision })}</p>
            <Differences other={other} />
          </>
        )}
      </section>
      <section class="card">
        <h2>{text.ways}</h2>
        <Problem error={task.error} />
        <ol class="alarm-ways">
          <li>
            <p>{text.againHint}</p>
            <Button icon="refresh" disabled={task.busy} onClick={again}>
              {text.again}
            </Button>
          </li>
          <li>
            <p>{text.exportHint}</p>
            <a class="button button-plain" href={href("export")} onClick={() => setExported(true)}>
              {text.export}
            </a>
          </li>
          <li>
            <p>{other && !other.mergeable ? text.notMergeable : text.mergeHint}</p>
            <Button kind="primary" disabled={task.busy || !other?.mergeable} onClick={together}>
              {text.merge}
            </Button>
          </li>
          <li>
            <p>{text.acceptHint}</p>
            <Button kind="danger" disabled={task.busy || !other} onClick={() => setAccepting(true)}>
              {text.accept}
            </Button>
          </li>
        </ol>
      </section>
      {accepting && other && (
        <Dialog title={text.accept} onClose={() => setAccepting(false)}>
          <AskPassword
            lead={text.acceptLead({ server: other.revision, device: other.verified })}
            action={text.acceptAction}
            danger
            onPassword={async (password) => {
              await api.acceptServers({ password, head: other.head });
              setAccepting(false);
              await ended(text.accepted);
            }}
          >
            <Differences other={other} />
            {!exported && (
              <p>
                {text.exportFirst} <a href={href("export")}>{text.export}</a>
              </p>
            )}
          </AskPassword>
        </Dialog>
      )}
    </div>
  );
}
