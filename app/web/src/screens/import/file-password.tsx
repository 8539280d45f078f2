import { useState } from "preact/hooks";
import { m } from "../../messages";
import { Button } from "../../ui/controls";
import { PasswordField } from "../../ui/field";

interface FileSecret {
  password: string;
  key_file?: string;
}

const base64 = async (file: File) =>
  btoa(Array.from(new Uint8Array(await file.arrayBuffer()), (b) => String.fromCodePoint(b)).join(""));

const MAX_KEY_FILE = 1 << 20;

export function FilePassword({ file, wrong, onPassword, onCancel }:
  { file: File; wrong: boolean; onPassword: (secret: FileSecret) => void; onCancel: () => void }) {
  const { common, import: text } = m.value;
  const [password, setPassword] = useState("");
  const [keyFile, setKeyFile] = useState<File | null>(null);
  const keepass = /\.kdbx?$/i.test(file.name);
  const tooLarge = keyFile !== null && keyFile.size > MAX_KEY_FILE;
  return (
    <form class="card stack" onSubmit={async (e) => {
      e.preventDefault();
      if (tooLarge || !(password || keyFile)) return;
      onPassword({ password, ...(keyFile && { key_file: await base64(keyFile) }) });
    }}>
      <p>{text.protected(file.name)}</p>
      <PasswordField label={text.filePassword} value={password} autocomplete="off" onInput={setPassword}
        error={wrong ? text.wrongPassword : null} />
      {keepass && (
        <div class="field">
          <label for="key-file">{text.keyFile}</label>
          <input id="key-file" type="file" onChange={(e) => setKeyFile(e.currentTarget.files?.[0] ?? null)} />
          {tooLarge && <p class="field-error" role="alert">{text.keyFileTooLarge}</p>}
        </div>
      )}
      <div class="buttons">
        <Button type="submit" kind="primary" disabled={!password && !keyFile}>{text.open}</Button>
        <Button kind="quiet" onClick={onCancel}>{common.cancel}</Button>
      </div>
    </form>
  );
}
