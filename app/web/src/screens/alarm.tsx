import { boot, signOut } from "../state/session";
import { Button, Heading } from "../ui/controls";
import { Icon } from "../ui/icon";

const titles: Record<string, string> = {
  vault_altered: "Your vault was changed from outside",
  vault_rolled_back: "The server shows an older vault",
  kdf_refused: "The server asked for unsafe key settings",
};

const meaning: Record<string, string> = {
  vault_altered: "What the server sent does not carry the seal of your own devices. Something was altered, dropped, added or put in another place. VaultSphere shows none of it rather than something false.",
  vault_rolled_back: "This device has seen a newer state of your vault than the server sends now. A backup may have been restored, or somebody is holding your changes back.",
  kdf_refused: "The settings with which your key is to be derived are outside the safe bounds, or are not those that your vault was sealed with. Your password was not used with them.",
};

const text = {
  found: "What was found",
  next: "What to do",
  steps: [
    "Do not type your master password again, here or on other devices, until you know the reason.",
    "Tell whoever runs this server, with the words above. Ask whether a backup was restored.",
    "Another device that still has your vault open can show you its entries. Copy what matters from it.",
  ],
  again: "Check again",
  signOut: "Sign out",
};

/** The server's vault is not the one this user sealed. It takes the whole page, and nothing of the vault is shown. */
export function Alarm({ code, message }: { code: string; message: string }) {
  const title = titles[code] ?? "Your vault cannot be trusted";
  return (
    <div class="alarm">
      <main class="panel panel-wide" aria-live="assertive">
        <span class="alarm-icon"><Icon name="danger" /></span>
        <Heading title={title}>{title}</Heading>
        <p class="lead">{meaning[code]}</p>
        <h2>{text.found}</h2>
        <p class="finding mono">{message}</p>
        <h2>{text.next}</h2>
        <ol>{text.steps.map((s) => <li key={s}>{s}</li>)}</ol>
        <div class="actions">
          <Button kind="primary" icon="logout" onClick={() => void signOut()}>{text.signOut}</Button>
          <Button icon="refresh" onClick={() => void boot()}>{text.again}</Button>
        </div>
      </main>
    </div>
  );
}
