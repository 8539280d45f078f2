// Labelled inputs.
import type { ComponentChildren, Ref } from "preact";
import { useId, useState } from "preact/hooks";
import { m } from "../messages";
import { Icon } from "./icon";

interface TextProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | null;
  type?: "text" | "url" | "email" | "tel";
  autocomplete?: string;
  inputMode?: "text" | "numeric" | "url" | "email" | "tel";
  maxLength?: number;
  required?: boolean;
  mono?: boolean;
  placeholder?: string;
  inputRef?: Ref<HTMLInputElement>;
  trailing?: ComponentChildren;
  class?: string;
}

const described = (id: string, hint: unknown, error: unknown) =>
  [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;

function Below({ id, hint, error }: { id: string; hint?: ComponentChildren; error?: string | null }) {
  return (
    <>
      {hint && <div class="field-hint" id={`${id}-hint`}>{hint}</div>}
      {error && <p class="field-error" id={`${id}-error`} role="alert">{error}</p>}
    </>
  );
}

export function TextField(props: TextProps) {
  const id = useId();
  const { label, value, onInput, hint, error, type = "text", trailing, inputRef, mono } = props;
  return (
    <div class={`field ${props.class ?? ""}`}>
      <label for={id}>{label}</label>
      <div class="input-row">
        <input id={id} ref={inputRef} type={type as "text"} value={value} class={mono ? "mono" : undefined}
          autocomplete={props.autocomplete ?? "off"} inputMode={props.inputMode} maxLength={props.maxLength}
          required={props.required} placeholder={props.placeholder} spellcheck={false} autocapitalize="none"
          aria-invalid={error ? true : undefined} aria-describedby={described(id, hint, error)}
          onInput={(e) => onInput(e.currentTarget.value)} />
        {trailing}
      </div>
      <Below id={id} hint={hint} error={error} />
    </div>
  );
}

interface PasswordProps extends Omit<TextProps, "type"> {
  autocomplete: "current-password" | "new-password" | "off";
}

/** A password with a button that shows it. */
export function PasswordField(props: PasswordProps) {
  const { common } = m.value;
  const id = useId();
  const [visible, setVisible] = useState(false);
  const { label, value, onInput, hint, error, inputRef, trailing } = props;
  return (
    <div class={`field ${props.class ?? ""}`}>
      <label for={id}>{label}</label>
      <div class="input-row">
        <input id={id} ref={inputRef} type={(visible ? "text" : "password") as "text"} value={value} class="mono"
          autocomplete={props.autocomplete} required={props.required} spellcheck={false} autocapitalize="none"
          aria-invalid={error ? true : undefined} aria-describedby={described(id, hint, error)}
          onInput={(e) => onInput(e.currentTarget.value)} />
        <button type="button" class="input-button" aria-label={common.show(label)} aria-pressed={visible}
          title={visible ? common.hideSecret : common.showSecret} onClick={() => setVisible(!visible)}>
          <Icon name={visible ? "eyeOff" : "eye"} />
        </button>
        {trailing}
      </div>
      <Below id={id} hint={hint} error={error} />
    </div>
  );
}

interface AreaProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | null;
  rows?: number;
  mono?: boolean;
  areaRef?: Ref<HTMLTextAreaElement>;
}

export function TextArea({ label, value, onInput, hint, error, rows = 4, mono, areaRef }: AreaProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea id={id} ref={areaRef} rows={rows} value={value} class={mono ? "mono" : undefined} spellcheck={false}
        autocomplete="off" autocapitalize="none" aria-invalid={error ? true : undefined}
        aria-describedby={described(id, hint, error)} onInput={(e) => onInput(e.currentTarget.value)} />
      <Below id={id} hint={hint} error={error} />
    </div>
  );
}

export function Select<T extends string | number>({ label, value, options, onChange, hideLabel }:
  { label: string; value: T; options: { value: T; label: string }[]; onChange: (value: T) => void;
    hideLabel?: boolean }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={hideLabel ? "visually-hidden" : undefined}>{label}</label>
      <div class="select">
        <select id={id} value={String(value)} onChange={(e) => {
          const chosen = options.find((o) => String(o.value) === e.currentTarget.value);
          if (chosen) onChange(chosen.value);
        }}>
          {options.map((o) => <option key={o.value} value={String(o.value)}>{o.label}</option>)}
        </select>
        <Icon name="chevron" />
      </div>
    </div>
  );
}

export function Check({ label, checked, onChange, hint }:
  { label: string; checked: boolean; onChange: (checked: boolean) => void; hint?: string }) {
  const id = useId();
  return (
    <div class="check">
      <input id={id} type="checkbox" checked={checked} aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(e) => onChange(e.currentTarget.checked)} />
      <label for={id}>{label}</label>
      {hint && <p class="field-hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

/** A few choices side by side; radio buttons underneath, so arrows move between them. */
export function Segments<T extends string>({ label, value, options, onChange }:
  { label: string; value: T; options: { value: T; label: string }[]; onChange: (value: T) => void }) {
  const name = useId();
  return (
    <fieldset class="segments">
      <legend class="visually-hidden">{label}</legend>
      {options.map((o) => (
        <label key={o.value}>
          <input type="radio" name={name} value={o.value} checked={o.value === value} onChange={() => onChange(o.value)} />
          <span>{o.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Slider({ label, value, min, max, shown, onInput }:
  { label: string; value: number; min: number; max: number; shown: string; onInput: (value: number) => void }) {
  const id = useId();
  return (
    <div class="field slider">
      <label for={id}>{label}</label>
      <output for={id}>{shown}</output>
      <input id={id} type="range" min={min} max={max} value={value} aria-valuetext={shown}
        onInput={(e) => onInput(Number(e.currentTarget.value))} />
    </div>
  );
}
