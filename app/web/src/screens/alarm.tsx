import type { ErrorCode } from "../core/protocol.gen";
import { m } from "../messages";
import { boot, signOut } from "../state/session";
import { Button, Heading } from "../ui/controls";
import { Icon } from "../ui/icon";

type Code = keyof typeof m.value.alarm.codes;

/** The server's vault is not the one this user sealed. It takes the whole page, and nothing of the vault is shown. */
export function Alarm({ code, message }: { code: ErrorCode; message: string }) {
  const { common, alarm: text } = m.value;
  const { title, meaning } = text.codes[code as Code] ?? text.codes.vault_altered;
  return (
    <div class="alarm">
      <main class="panel panel-wide" aria-live="assertive">
        <span class="alarm-icon"><Icon name="danger" /></span>
        <Heading title={title}>{title}</Heading>
        <p class="lead">{meaning}</p>
        <h2>{text.found}</h2>
        <p class="finding mono" lang="en">{message}</p>
        <h2>{text.next}</h2>
        <ol>{Object.entries(text.steps).map(([key, step]) => <li key={key}>{step}</li>)}</ol>
        <div class="actions">
          <Button kind="primary" icon="logout" onClick={() => void signOut()}>{common.signOut}</Button>
          <Button icon="refresh" onClick={() => void boot()}>{text.again}</Button>
        </div>
      </main>
    </div>
  );
}
