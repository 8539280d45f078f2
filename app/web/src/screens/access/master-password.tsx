import { texts } from "../../texts";
import { PasswordField } from "../../ui/field";
import { focusOnce } from "../../ui/focus";

/** The field of the master password of a known user. A hidden username lets password managers pick the right login. */
export function MasterPassword({
  username,
  value,
  onInput,
}: {
  username: string;
  value: string;
  onInput: (password: string) => void;
}) {
  return (
    <>
      <input
        class="visually-hidden"
        type="text"
        autocomplete="username"
        value={username}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      <PasswordField
        label={texts.value.common.masterPassword}
        value={value}
        onInput={onInput}
        autocomplete="current-password"
        required
        inputRef={focusOnce}
      />
    </>
  );
}
