// The generator: a page of its own, and a dialog beside the password field of a form.
import { useEffect, useState } from "preact/hooks";
import * as api from "../core/api";
import type { Generated, PassphraseRules, PasswordRules } from "../core/types";
import { preferences, setPreferences } from "../state/app";
import { copySecret } from "../state/clipboard";
import { Button, Heading, IconButton } from "../ui/controls";
import { Check, Segments, Select, Slider } from "../ui/field";
import { Problem, useTask } from "../ui/task";
import { Secret } from "./secret";

const text = {
  title: "Generator",
  lead: "Made on this device, from its own source of randomness. Nothing is kept until you save it in an entry.",
  kind: "What to make",
  password: "Password",
  passphrase: "Passphrase",
  length: "Length",
  words: "Words",
  lower: "a–z",
  upper: "A–Z",
  digits: "0–9",
  symbols: "Symbols such as ! % & ?",
  ambiguous: "Leave out characters that look alike, such as l, 1, I, O and 0",
  separator: "Between the words",
  capitalize: "Capitalise the words",
  number: "Add a number",
  again: "Make another",
  copy: "Copy",
  bits: (n: number) => `${Math.floor(n)} bits of entropy`,
  verdicts: ["weak", "fair", "strong", "very strong"],
};

const SEPARATORS = [
  { value: "-", label: "Hyphen" }, { value: " ", label: "Space" }, { value: ".", label: "Full stop" },
  { value: "_", label: "Underscore" },
];

const verdict = (bits: number) => (bits < 45 ? 0 : bits < 60 ? 1 : bits < 90 ? 2 : 3);

function PasswordChoices({ rules, onChange }: { rules: PasswordRules; onChange: (r: PasswordRules) => void }) {
  const classes = [
    ["lower", text.lower], ["upper", text.upper], ["digits", text.digits], ["symbols", text.symbols],
  ] as const;
  const set = (part: Partial<PasswordRules>) => {
    const next = { ...rules, ...part };
    if (!classes.some(([c]) => next[c])) return; // one kind of character must stay
    onChange({ ...next, min_digits: next.digits ? 1 : 0, min_symbols: next.symbols ? 1 : 0 });
  };
  return (
    <>
      <Slider label={text.length} value={rules.length} min={8} max={64} unit="characters" onInput={(length) => set({ length })} />
      <div class="checks">
        {classes.map(([c, label]) => <Check key={c} label={label} checked={rules[c]} onChange={(on) => set({ [c]: on })} />)}
      </div>
      <Check label={text.ambiguous} checked={rules.avoid_ambiguous} onChange={(on) => set({ avoid_ambiguous: on })} />
    </>
  );
}

function PassphraseChoices({ rules, onChange }: { rules: PassphraseRules; onChange: (r: PassphraseRules) => void }) {
  return (
    <>
      <Slider label={text.words} value={rules.words} min={3} max={12} unit="words"
        onInput={(words) => onChange({ ...rules, words })} />
      <Select label={text.separator} value={rules.separator} options={SEPARATORS}
        onChange={(separator) => onChange({ ...rules, separator })} />
      <div class="checks">
        <Check label={text.capitalize} checked={rules.capitalize} onChange={(capitalize) => onChange({ ...rules, capitalize })} />
        <Check label={text.number} checked={rules.number} onChange={(on) => onChange({ ...rules, number: on })} />
      </div>
    </>
  );
}

export function Generator({ onUse, useLabel }: { onUse?: (value: string) => void; useLabel?: string }) {
  const choices = preferences.value.generator;
  const [made, setMade] = useState<Generated | null>(null);
  const [turn, setTurn] = useState(0);
  const task = useTask();
  const wanted = JSON.stringify(choices);

  useEffect(() => {
    let current = true;
    const make = choices.kind === "password"
      ? api.generatePassword(choices.password)
      : api.generatePassphrase(choices.passphrase);
    make.then((g) => current && setMade(g), (e: Error) => current && task.refuse(e.message));
    return () => {
      current = false;
    };
  }, [wanted, turn]);

  const set = (part: Partial<typeof choices>) => {
    task.clear();
    setPreferences({ generator: { ...choices, ...part } });
  };
  const level = made ? verdict(made.entropy_bits) : 0;
  return (
    <div class="generator stack">
      <div class="generated">
        <output class="generated-value" aria-label="Generated">{made && <Secret value={made.value} visible />}</output>
        <div class="generated-tools">
          <IconButton icon="refresh" label={text.again} onClick={() => setTurn(turn + 1)} />
          <IconButton icon="copy" label={text.copy}
            onClick={() => made && void copySecret(made.value, choices.kind === "password" ? text.password : text.passphrase)} />
        </div>
      </div>
      <div class="strength" data-score={made ? level + 1 : "none"}>
        <div class="strength-bar" aria-hidden="true">{[0, 1, 2, 3].map((i) => <span key={i} data-on={level >= i && !!made} />)}</div>
        <p><strong>{made && text.bits(made.entropy_bits)}</strong>{made && `, ${text.verdicts[level]}`}</p>
      </div>
      <Problem error={task.error} />
      <Segments label={text.kind} value={choices.kind} onChange={(kind) => set({ kind })}
        options={[{ value: "password", label: text.password }, { value: "passphrase", label: text.passphrase }]} />
      {choices.kind === "password"
        ? <PasswordChoices rules={choices.password} onChange={(password) => set({ password })} />
        : <PassphraseChoices rules={choices.passphrase} onChange={(passphrase) => set({ passphrase })} />}
      {onUse && (
        <Button kind="primary" wide disabled={!made} onClick={() => made && onUse(made.value)}>{useLabel}</Button>
      )}
    </div>
  );
}

export function GeneratorPage() {
  return (
    <div class="column">
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{text.lead}</p>
      <div class="card"><Generator /></div>
    </div>
  );
}
