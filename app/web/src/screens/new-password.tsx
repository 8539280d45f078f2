// Choosing a master password: twice, with its strength. Shared by registration, recovery and the settings.
import { useLayoutEffect, useState } from "preact/hooks";
import { PasswordField } from "../ui/field";
import { levelOf, StrengthMeter, useStrength } from "../ui/strength";

const text = {
  first: "New master password",
  again: "New master password again",
  differs: "The two are not the same.",
  tooWeak: "Too easy to guess for the one password that guards all others.",
};

const WEAKEST = 2; // "Fair": below, a stolen database would give the password away

export interface Choice {
  password: string;
  ready: boolean;
}

export function NewPassword({ username, onChoice, labels = text }:
  { username: string; onChoice: (c: Choice) => void; labels?: { first: string; again: string } }) {
  const [first, setFirst] = useState("");
  const [again, setAgain] = useState("");
  const strength = useStrength(first, [username, "vaultsphere"]);
  const weak = strength !== null && levelOf(strength) < WEAKEST;
  useLayoutEffect(() => onChoice({ password: first, ready: first !== "" && first === again && !weak }), [first, again, weak]);
  return (
    <>
      <PasswordField label={labels.first} value={first} autocomplete="new-password" required onInput={setFirst}
        hint={<StrengthMeter strength={strength} />} error={again && weak ? text.tooWeak : null} />
      <PasswordField label={labels.again} value={again} autocomplete="new-password" required onInput={setAgain}
        error={again && !first.startsWith(again) ? text.differs : null} />
    </>
  );
}
