// Asks for a new master password twice and shows its strength. Used by registration, recovery and the settings.
import { useLayoutEffect, useState } from "preact/hooks";
import { texts } from "../../texts";
import { PasswordField } from "../../ui/field";
import { LEVELS, levelOf, StrengthMeter, useStrength } from "../../ui/strength";

const WEAKEST = 2; // anything weaker could be guessed from a stolen database.

export interface Choice {
  password: string;
  ready: boolean;
}

export function NewPassword({
  username,
  onChoice,
  labels = texts.value.newPassword,
}: {
  username: string;
  onChoice: (c: Choice) => void;
  labels?: { first: string; again: string };
}) {
  const text = texts.value.newPassword;
  const [first, setFirst] = useState("");
  const [again, setAgain] = useState("");
  const strength = useStrength(first, [username, "vaultsphere"]);
  const weak = strength !== null && levelOf(strength) < WEAKEST;
  useLayoutEffect(() => onChoice({ password: first, ready: first !== "" && first === again && !weak }), [first, again, weak]);
  return (
    <>
      <PasswordField
        label={labels.first}
        value={first}
        autocomplete="new-password"
        required
        onInput={setFirst}
        hint={
          <>
            <p>
              {text.noReset} {text.least({ level: texts.value.strength[LEVELS[WEAKEST].name].word })}
            </p>
            <StrengthMeter strength={strength} />
          </>
        }
        error={again && weak ? text.tooWeak : null}
      />
      <PasswordField
        label={labels.again}
        value={again}
        autocomplete="new-password"
        required
        onInput={setAgain}
        error={again && !first.startsWith(again) ? text.differs : null}
      />
    </>
  );
}
