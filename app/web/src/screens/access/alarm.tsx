// The alarm about an altered vault.
import { useState } from "preact/hooks";
import type { ErrorCode, Finding } from "../../core/protocol.gen";
import { go } from "../../state/route";
import { boot, signOut } from "../../state/session";
import { texts } from "../../texts";
import { Button, Heading } from "../../ui/controls";
import { Confirm } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { describe } from "../../ui/task";
import { useCopies } from "./copy-list";

type Code = keyof typeof texts.value.alarm.codes;

/**
 * Shown when the server does not have the vault that this user sealed. It fills the page and shows nothing of the vault. Actions that
 * keep the good copy on this device come first, and sign-out, which deletes it, last.
 */
export function Alarm({ code, findings }: { code: ErrorCode; findings: Finding[] }) {
  const { common, copies: copyText, alarm: text } = texts.value;
  const [asking, setAsking] = useState(false);
  const copy = useCopies().copies[0]; // the copy of this session is first
  const { title, meaning } = text.codes[code as Code] ?? text.codes.vault_altered;
  const { stop, tell, copy: here } = text.steps;
  return (
    <div class="alarm">
      <main class="panel panel-wide" aria-live="assertive">
        <span class="alarm-icon">
          <Icon name="danger" />
        </span>
        <Heading title={title}>{title}</Heading>
        <p class="lead">{meaning}</p>
        {findings.length > 0 && (
          <>
            <h2>{text.found}</h2>
            <ul class="finding">
              {findings.map((finding, i) => (
                <li key={i}>{describe(finding)}</li>
              ))}
            </ul>
          </>
        )}
        <h2>{text.next}</h2>
        <ol>
          <li>{copy ? here : text.noCopy}</li>
          <li>{stop}</li>
          <li>{tell}</li>
        </ol>
        <div class="actions">
          {copy && (
            <Button kind="primary" icon="eye" onClick={() => go("copy", copy.id)}>
              {copyText.openHere}
            </Button>
          )}
          <Button kind={copy ? "plain" : "primary"} icon="refresh" onClick={() => void boot()}>
            {text.again}
          </Button>
          <Button kind="quiet" icon="logout" onClick={() => (copy ? setAsking(true) : void signOut())}>
            {copy ? text.signOut : common.signOut}
          </Button>
        </div>
      </main>
      {asking && (
        <Confirm
          title={text.signOutTitle}
          action={text.signOut}
          danger
          onClose={() => setAsking(false)}
          onConfirm={() => {
            setAsking(false);
            void signOut(true);
          }}
        >
          <p>{text.signOutBody}</p>
        </Confirm>
      )}
    </div>
  );
}
