import { useState } from "preact/hooks";
import type { CoreError } from "../../core/error";
import { laterTexts, texts } from "../../texts";
import { Button } from "../../ui/controls";
import { OwnFields, PasswordField } from "../../ui/field";
import { explain } from "../../ui/task";

interface FileSecret {
  password: string;
  no_password: boolean;
  key_file?: string;
}

const base64 = (file: File) =>
  new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).replace(/^[^,]*,/, ""));
    reader.onerror = () => reject(reader.error!);
    reader.readAsDataURL(file);
  });

/** Any file may be a key file, also a picture. */
const MAX_KEY_FILE = 16 << 20;

/** keepass: a KeePass database, which may have a key file and an empty password. */
export function FilePassword({
  file,
  keepass,
  wrong,
  onPassword,
  onCancel,
}: {
  file: File;
  keepass: boolean;
  wrong: CoreError | null;
  onPassword: (secret: FileSecret) => void;
  onCancel: () => void;
}) {
  const { common } = texts.value;
  const { import: text } = laterTexts.value;
  const [password, setPassword] = useState("");
  const [keyFile, setKeyFile] = useState<File | null>(null);
  const tooLarge = keyFile !== null && keyFile.size > MAX_KEY_FILE;
  const nothing = !password && !keyFile && !keepass;
  return (
    <form
      class="card stack"
      onSubmit={async (e) => {
        e.preventDefault();
        if (tooLarge || nothing) return;
        onPassword({ password, no_password: !password, ...(keyFile && { key_file: await base64(keyFile) }) });
      }}
    >
      <p>{text.protected({ name: file.name })}</p>
      <OwnFields.Provider value={true}>
        <PasswordField
          label={text.filePassword}
          value={password}
          autocomplete="off"
          onInput={setPassword}
          error={wrong ? explain(wrong) : null}
        />
      </OwnFields.Provider>
      {keepass && (
        <div class="field">
          <label for="key-file">{text.keyFile}</label>
          <input id="key-file" type="file" onChange={(e) => setKeyFile(e.currentTarget.files?.[0] ?? null)} />
          {tooLarge && (
            <p class="field-error" role="alert">
              {text.keyFileTooLarge}
            </p>
          )}
        </div>
      )}
      <div class="buttons">
        <Button type="submit" kind="primary" disabled={nothing}>
          {text.open}
        </Button>
        <Button kind="quiet" onClick={onCancel}>
          {common.cancel}
        </Button>
      </div>
    </form>
  );
}
