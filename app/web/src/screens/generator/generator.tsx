// The password generator: its page, and the dialog that a form opens.
import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { Generated, PassphraseRules, PasswordRules } from "../../core/protocol.gen";
import { preferences, setPreferences } from "../../state/app";
import { copySecret } from "../../state/clipboard";
import { laterTexts, texts } from "../../texts";
import { Button, Heading, IconButton } from "../../ui/controls";
import { Check, Segments, Select, Slider, TextField } from "../../ui/field";
import { Spoken } from "../../ui/spoken";
import { Problem, useTask } from "../../ui/task";
import { Secret } from "../items/secret";

const SEPARATORS = { hyphen: "-", space: " ", stop: ".", underscore: "_" };
const VERDICTS = ["weak", "fair", "strong", "veryStrong"] as const;

const VERDICT_BITS = [45, 60, 90]; // the bits of entropy at which the next verdict starts

export const verdict = (bits: number) => VERDICT_BITS.filter((least) => bits >= least).length;

const CLASSES = ["lower", "upper", "digits", "symbols"] as const;
const LEAST = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const leastOf = (rules: PasswordRules, c: (typeof CLASSES)[number]) => Math.max(1, rules[`min_${c}`] ?? 1);

/** Applies a change and keeps the rules possible: a disabled class has no minimum, and the minimums fit the length. */
export function changed(rules: PasswordRules, part: Partial<PasswordRules>): PasswordRules {
  const next = { ...rules, ...part };
  for (const c of CLASSES) next[`min_${c}`] = next[c] ? leastOf(next, c) : 0;
  next.length = Math.max(
    next.length,
    CLASSES.reduce((n, c) => n + (next[`min_${c}`] ?? 0), 0),
  );
  return next;
}

function PasswordChoices({ rules, onChange }: { rules: PasswordRules; onChange: (r: PasswordRules) => void }) {
  const text = laterTexts.value.generator;
  const set = (part: Partial<PasswordRules>) => {
    const next = changed(rules, part);
    if (CLASSES.some((c) => next[c])) onChange(next); // at least one class stays enabled
  };
  return (
    <>
      <Slider
        label={text.length}
        value={rules.length}
        min={8}
        max={64}
        shown={text.characters({ count: rules.length })}
        onInput={(length) => set({ length })}
      />
      <div class="classes">
        {CLASSES.map((c) => (
          <div key={c} class="class">
            <Check label={text[c]} checked={rules[c]} onChange={(on) => set({ [c]: on })} />
            {rules[c] && (
              <Select
                label={text.least({ name: text[c] })}
                hideLabel
                value={leastOf(rules, c)}
                onChange={(n) => set({ [`min_${c}`]: n })}
                options={LEAST.map((n) => ({ value: n, label: text.atLeast({ count: n }) }))}
              />
            )}
          </div>
        ))}
      </div>
      {rules.symbols && (
        <TextField
          label={text.symbolSet}
          value={rules.symbol_set ?? ""}
          mono
          maxLength={40}
          placeholder="!#$%&()*+,-./:;<=>?@[]^_{|}~"
          onInput={(symbol_set) => set({ symbol_set })}
        />
      )}
      <Check label={text.ambiguous} checked={rules.avoid_ambiguous} onChange={(on) => set({ avoid_ambiguous: on })} />
    </>
  );
}

function PassphraseChoices({ rules, onChange }: { rules: PassphraseRules; onChange: (r: PassphraseRules) => void }) {
  const text = laterTexts.value.generator;
  const separators = Object.entries(SEPARATORS).map(([name, value]) => ({
    value,
    label: text.separators[name as keyof typeof SEPARATORS],
  }));
  return (
    <>
      <Slider
        label={text.words}
        value={rules.words}
        min={3}
        max={12}
        shown={text.wordCount({ count: rules.words })}
        onInput={(words) => onChange({ ...rules, words })}
      />
      <Select
        label={text.separator}
        value={rules.separator}
        options={separators}
        onChange={(separator) => onChange({ ...rules, separator })}
      />
      <div class="checks">
        <Check label={text.capitalize} checked={rules.capitalize} onChange={(capitalize) => onChange({ ...rules, capitalize })} />
        <Check label={text.number} checked={rules.number} onChange={(on) => onChange({ ...rules, number: on })} />
      </div>
    </>
  );
}

export function Generator({ onUse, useLabel }: { onUse?: (value: string) => void; useLabel?: string }) {
  const { common, strength } = texts.value;
  const { generator: text } = laterTexts.value;
  const choices = preferences.value.generator;
  const [made, setMade] = useState<Generated | null>(null);
  const [attempt, setAttempt] = useState(0);
  const task = useTask();
  const wanted = JSON.stringify(choices);

  useEffect(() => {
    let current = true;
    const make =
      choices.kind === "password" ? api.generatePassword(choices.password) : api.generatePassphrase(choices.passphrase);
    make.then(
      (g) => current && setMade(g),
      (e: unknown) => current && task.refuse(e),
    );
    return () => {
      current = false;
    };
  }, [wanted, attempt]);

  const set = (part: Partial<typeof choices>) => {
    task.clear();
    setPreferences({ generator: { ...choices, ...part } });
  };
  const level = made ? verdict(made.entropy_bits) : 0;
  return (
    <div class="stack">
      <div class="generated">
        <p class="visually-hidden">{text.generated}</p>
        <p class="generated-value">{made && <Secret value={made.value} visible />}</p>
        <Spoken text={made ? text.made[choices.kind] : ""} turn={made?.value} />
        <div class="generated-tools">
          <IconButton icon="refresh" label={text.again} onClick={() => setAttempt(attempt + 1)} />
          <IconButton
            icon="copy"
            label={text.copy}
            onClick={() => made && void copySecret(made.value, choices.kind === "password" ? common.password : text.passphrase)}
          />
        </div>
      </div>
      <div class="strength" data-score={made ? level + 1 : "none"}>
        <div class="strength-bar" aria-hidden="true">
          {[0, 1, 2, 3].map((i) => (
            <span key={i} data-on={level >= i && !!made} />
          ))}
        </div>
        <p>
          <strong>{made && strength[VERDICTS[level]!].word}</strong>
          {made && `, ${text.bits({ count: Math.floor(made.entropy_bits) })}`}
        </p>
      </div>
      <Problem error={task.error} />
      <Segments
        label={text.kind}
        value={choices.kind}
        onChange={(kind) => set({ kind })}
        options={[
          { value: "password", label: common.password },
          { value: "passphrase", label: text.passphrase },
        ]}
      />
      {choices.kind === "password" ? (
        <PasswordChoices rules={choices.password} onChange={(password) => set({ password })} />
      ) : (
        <PassphraseChoices rules={choices.passphrase} onChange={(passphrase) => set({ passphrase })} />
      )}
      {onUse && (
        <Button kind="primary" wide disabled={!made} onClick={() => made && onUse(made.value)}>
          {useLabel}
        </Button>
      )}
    </div>
  );
}

export function GeneratorPage() {
  const text = laterTexts.value.generator;
  return (
    <div class="column">
      <Heading title={text.title}>{text.title}</Heading>
      <p class="lead">{text.lead}</p>
      <div class="card">
        <Generator />
      </div>
    </div>
  );
}
