// Form fields with labels.
import { type ComponentChildren, createContext, type Ref } from "preact";
import { useContext, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { texts } from "../texts";
import { Icon } from "./icon";

interface TextProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  error?: string | null;
  type?: "text" | "url" | "email" | "tel" | "date";
  autocomplete?: string;
  inputMode?: "text" | "numeric" | "url" | "email" | "tel";
  maxLength?: number;
  required?: boolean;
  mono?: boolean;
  placeholder?: string;
  inputRef?: Ref<HTMLInputElement>;
  above?: ComponentChildren; // between the label and the input
  trailing?: ComponentChildren;
  class?: string;
  attributes?: object; // of a combobox
}

/**
 * Whether fields contain data of the vault, not the credentials that open it. The browser's password manager must not fill them: it
 * would fill in the master password. They are not readonly until focused, since screen readers would announce it, and iOS opens no
 * keyboard for an input that stops being readonly on focus.
 */
export const OwnFields = createContext(false);

type Box = HTMLInputElement | HTMLTextAreaElement;

/** Whether the user caused the event, not a form filler. */
const byPerson = (own: boolean, e: { currentTarget: Box; isTrusted: boolean }) =>
  !own || (e.isTrusted && !e.currentTarget.matches(":autofill"));

/** The attributes and the handler of an input: fields of the vault accept only input from the user. */
function useBox(value: string, onInput: (value: string) => void, autocomplete: string, secret = false) {
  const own = useContext(OwnFields);
  const id = useId();
  // Browsers ignore "off" on anything like a login form. They do not fill these two from saved passwords.
  const unfilled = secret ? "new-password" : "one-time-code";
  return {
    id,
    value,
    dir: "auto" as const,
    autocomplete: own ? unfilled : autocomplete,
    name: own ? `vault-${id}` : undefined,
    onInput: (e: { currentTarget: Box; isTrusted: boolean }) => {
      const box = e.currentTarget;
      if (byPerson(own, e)) onInput(box.value);
      else box.value = value;
    },
  };
}

const described = (id: string, hint: unknown, error: unknown) =>
  [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ") || undefined;

function Below({ id, hint, error }: { id: string; hint?: ComponentChildren; error?: string | null }) {
  return (
    <>
      {hint && (
        <div class="field-hint" id={`${id}-hint`}>
          {hint}
        </div>
      )}
      {error && (
        <p class="field-error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </>
  );
}

export function TextField(props: TextProps) {
  const { label, value, onInput, hint, error, type = "text", above, trailing, inputRef, mono } = props;
  const { id, ...box } = useBox(value, onInput, props.autocomplete ?? "off");
  return (
    <div class={`field ${props.class ?? ""}`}>
      <label for={id}>{label}</label>
      {above}
      <div class="input-row">
        <input
          id={id}
          {...box}
          {...props.attributes}
          ref={inputRef}
          type={type as "text"}
          class={mono ? "mono" : undefined}
          inputMode={props.inputMode}
          maxLength={props.maxLength}
          required={props.required}
          placeholder={props.placeholder}
          spellcheck={false}
          autocapitalize="none"
          aria-invalid={error ? true : undefined}
          aria-describedby={described(id, hint, error)}
        />
        {trailing}
      </div>
      <Below id={id} hint={hint} error={error} />
    </div>
  );
}

interface PasswordProps extends Omit<TextProps, "type"> {
  autocomplete: "current-password" | "new-password" | "off";
}

/** A password field with a button that reveals the password. */
export function PasswordField(props: PasswordProps) {
  const { common } = texts.value;
  const [visible, setVisible] = useState(false);
  const { label, value, onInput, hint, error, inputRef, trailing } = props;
  const { id, ...box } = useBox(value, onInput, props.autocomplete, true);
  const reveal = visible ? common.hide({ label }) : common.show({ label });
  return (
    <div class={`field ${props.class ?? ""}`}>
      <label for={id}>{label}</label>
      <div class="input-row">
        <input
          id={id}
          {...box}
          ref={inputRef}
          type={(visible ? "text" : "password") as "text"}
          class="mono"
          required={props.required}
          spellcheck={false}
          autocapitalize="none"
          aria-invalid={error ? true : undefined}
          aria-describedby={described(id, hint, error)}
        />
        <button type="button" class="input-button" aria-label={reveal} title={reveal} onClick={() => setVisible(!visible)}>
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
  const { id, ...box } = useBox(value, onInput, "off");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        {...box}
        ref={areaRef}
        rows={rows}
        class={mono ? "mono" : undefined}
        spellcheck={false}
        autocapitalize="none"
        aria-invalid={error ? true : undefined}
        aria-describedby={described(id, hint, error)}
      />
      <Below id={id} hint={hint} error={error} />
    </div>
  );
}

export function Select<T extends string | number>({
  label,
  value,
  options,
  onChange,
  hideLabel,
}: {
  label: string;
  value: T;
  options: { value: T; label: string }[];
  onChange: (value: T) => void;
  hideLabel?: boolean;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id} class={hideLabel ? "visually-hidden" : undefined}>
        {label}
      </label>
      <div class="select">
        <select
          id={id}
          value={String(value)}
          onChange={(e) => {
            const chosen = options.find((o) => String(o.value) === e.currentTarget.value);
            if (chosen) onChange(chosen.value);
          }}
        >
          {options.map((o) => (
            <option key={o.value} value={String(o.value)}>
              {o.label}
            </option>
          ))}
        </select>
        <Icon name="chevron" />
      </div>
    </div>
  );
}

export function Check({
  label,
  checked,
  onChange,
  hint,
}: {
  label: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
  hint?: string;
}) {
  const own = useContext(OwnFields);
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(e) => {
          if (byPerson(own, e)) onChange(e.currentTarget.checked);
          else e.currentTarget.checked = checked;
        }}
      />
      <label for={id}>{label}</label>
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** A few choices side by side. They are radio buttons, so arrow keys move between them. */
export function Segments<T extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: T;
  options: { value: T; label: string }[];
  onChange: (value: T) => void;
}) {
  const own = useContext(OwnFields);
  const name = useId();
  const set = useRef<HTMLFieldSetElement>(null);
  useLayoutEffect(() => {
    const chosen = set.current?.querySelector<HTMLInputElement>("input:checked")?.labels?.[0]; // none for a value of a later version
    if (chosen) set.current!.scrollLeft = chosen.offsetLeft + chosen.offsetWidth / 2 - set.current!.clientWidth / 2;
  }, [value]);
  return (
    <fieldset ref={set} class="segments">
      <legend class="visually-hidden">{label}</legend>
      {options.map((o) => (
        <label key={o.value}>
          <input
            type="radio"
            name={name}
            value={o.value}
            checked={o.value === value}
            onChange={(e) => {
              if (byPerson(own, e)) onChange(o.value);
              else for (const box of set.current!.querySelectorAll("input")) box.checked = box.value === value;
            }}
          />
          <span>{o.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function Slider({
  label,
  value,
  min,
  max,
  shown,
  onInput,
}: {
  label: string;
  value: number;
  min: number;
  max: number;
  shown: string;
  onInput: (value: number) => void;
}) {
  const id = useId();
  return (
    <div class="field slider">
      <label for={id}>{label}</label>
      <span aria-hidden="true">{shown}</span>
      <input
        id={id}
        type="range"
        min={min}
        max={max}
        value={value}
        aria-valuetext={shown}
        onInput={(e) => onInput(Number(e.currentTarget.value))}
      />
    </div>
  );
}
