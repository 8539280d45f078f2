// Opens or deletes one of the sealed copies on this device.

import { useEffect, useState } from "preact/hooks";
import { asCoreError } from "../../core/error";
import { restart } from "../../core/host";
import { core, toast } from "../../state/app";
import { copies, deleteCopy, findCopies } from "../../state/copies";
import { replace } from "../../state/route";
import { openCopy, vaultClosed } from "../../state/session";
import { texts } from "../../texts";
import { Button, Heading, Working } from "../../ui/controls";
import { Confirm } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { Problem, useTask } from "../../ui/task";
import { about } from "./copy-list";
import { Frame } from "./frame";
import { MasterPassword } from "./master-password";

export function CopyScreen({ id }: { id: string }) {
  const { common, copies: text } = texts.value;
  const [password, setPassword] = useState("");
  const [asking, setAsking] = useState(false);
  const [read, setRead] = useState(false);
  const task = useTask();
  const deletion = useTask();
  const { ready } = core.value;
  useEffect(() => {
    if (ready)
      void vaultClosed()
        .then(findCopies)
        .then(() => setRead(true));
  }, [ready]);
  const copy = copies.value.copies.find((c) => c.id === id);
  const back = () => replace("sign-in");

  const open = () =>
    task.run(async () => {
      try {
        await openCopy(id, password);
      } catch (e) {
        if (asCoreError(e).code === "wrong_password") setPassword("");
        throw e;
      }
    });
  const remove = () =>
    deletion.run(async () => {
      await deleteCopy(id);
      toast(text.removed);
      back();
    });

  return (
    <Frame>
      <Heading title={text.openTitle} focus={false}>
        {text.openTitle}
      </Heading>
      {read && !copy && (
        <p class="lead" role="alert">
          {text.gone}
        </p>
      )}
      {copy && (
        <>
          <p class="username">
            <Icon name="identity" />
            <span>
              <bdi>{copy.username}</bdi>
              {copy.since && <span class="muted"> · {about({ ...copy, changes: 0 })}</span>}
            </span>
          </p>
          <p class="lead">{text.openLead}</p>
          {copy.changes > 0 && (
            <p class="notice">
              <Icon name="wait" />
              <span>{text.unsent({ count: copy.changes })}</span>
            </p>
          )}
          <form
            class="stack"
            onSubmit={(e) => {
              e.preventDefault();
              if (password) open();
            }}
          >
            <MasterPassword username={copy.username} value={password} onInput={setPassword} />
            <Problem error={task.error} />
            {task.busy ? (
              <Working onCancel={restart}>{common.derivingKey}</Working>
            ) : (
              <Button type="submit" kind="primary" icon="eye" wide>
                {text.open}
              </Button>
            )}
          </form>
        </>
      )}
      <nav class="panel-links" aria-label={common.otherWays}>
        <button type="button" class="link" onClick={back}>
          {text.back}
        </button>
        {copy && (
          <button type="button" class="link link-danger" onClick={() => setAsking(true)}>
            {text.remove}
          </button>
        )}
      </nav>
      {asking && copy && (
        <Confirm
          title={text.removeTitle}
          action={text.remove}
          danger
          busy={deletion.busy}
          onConfirm={remove}
          onClose={() => setAsking(false)}
        >
          <p>{text.removeBody}</p>
          {copy.changes > 0 && (
            <p>
              <b>{text.removeLoses({ count: copy.changes })}</b>
            </p>
          )}
          <Problem error={deletion.error} />
        </Confirm>
      )}
    </Frame>
  );
}
