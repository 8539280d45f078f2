// The rows that show an item: a label, a value, and its actions.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { copyPlain, copySecret } from "../../state/clipboard";
import { texts } from "../../texts";
import { IconButton } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { hostOf, openable } from "../../ui/url";
import { Secret } from "./secret";

/** Whether a click in a row asks for a copy. It may also use a control in the row, or select a part of the text. */
const asksForCopy = (e: MouseEvent) =>
  !(e.target as Element).closest("a, button, input, select, textarea") && !getSelection()?.toString();

/** A click anywhere in a row with `onCopy` copies the value, like its button. */
export function FieldRow({
  label,
  children,
  actions,
  copyLabel,
  onCopy,
}: {
  label: string;
  children: ComponentChildren;
  actions?: ComponentChildren;
  copyLabel?: string; // of the button, if the label of the row does not tell rows apart
  onCopy?: () => void;
}) {
  const { common } = texts.value;
  return (
    <div class="field-row" data-copies={!!onCopy} onClick={onCopy && ((e) => asksForCopy(e) && onCopy())}>
      <dt dir="auto">{label}</dt>
      <dd>
        <div class="field-row-value" dir="auto">
          {children}
        </div>
        {(actions || onCopy) && (
          <div class="field-row-actions">
            {onCopy && (
              <span class="copy-hint" aria-hidden="true">
                {common.copyHint}
              </span>
            )}
            {actions}
            {onCopy && <IconButton icon="copy" label={copyLabel ?? common.copy({ label })} onClick={onCopy} />}
          </div>
        )}
      </dd>
    </div>
  );
}

interface PlainProps {
  label: string;
  value: string | undefined;
  mono?: boolean;
  shown?: string; // in place of the value, which is copied
}

export function PlainRow({ label, value, mono, shown }: PlainProps) {
  if (!value) return null;
  return (
    <FieldRow label={label} onCopy={() => void copyPlain(value, label)}>
      {mono ? <span class="mono">{value}</span> : (shown ?? value)}
    </FieldRow>
  );
}

/** The button that reveals a secret. Screen readers hear what it did. */
export function Reveal({
  visible,
  show,
  hide,
  said,
  onChange,
}: {
  visible: boolean;
  show: string;
  hide: string;
  said: string; // once the secret is visible
  onChange: (visible: boolean) => void;
}) {
  return (
    <>
      <span class="visually-hidden" role="status">
        {visible && said}
      </span>
      <IconButton icon={visible ? "eyeOff" : "eye"} label={visible ? hide : show} onClick={() => onChange(!visible)} />
    </>
  );
}

interface SecretProps {
  label: string;
  value: string | undefined;
  plainWhenShown?: boolean;
  ending?: string; // the end of a hidden value, which stays visible
  shown?: string; // the value as it is easier to read
}

export function SecretRow({ label, value, plainWhenShown, ending, shown }: SecretProps) {
  const { common } = texts.value;
  const [visible, setVisible] = useState(false);
  if (!value) return null;
  return (
    <FieldRow
      label={label}
      onCopy={() => void copySecret(value, label)}
      actions={
        <Reveal
          visible={visible}
          show={common.show({ label })}
          hide={common.hide({ label })}
          said={common.visible({ label })}
          onChange={setVisible}
        />
      }
    >
      <Secret value={shown ?? value} visible={visible} plain={plainWhenShown} ending={ending} />
    </FieldRow>
  );
}

/** The digits of a card number in groups, as they are printed on the card. Anything else stays as it is. */
export function grouped(number: string): string {
  if (!/^[\d\s-]+$/.test(number)) return number;
  const digits = number.replace(/\D/g, "");
  const groups = digits.length === 15 ? /^(\d{4})(\d{6})(\d{5})$/ : /(\d{4})(?=\d)/g;
  return digits.replace(groups, digits.length === 15 ? "$1 $2 $3" : "$1 ");
}

const LAST = 4;

/** Tells the card from others, and gives away no more than a receipt does. */
function lastDigits(number: string | undefined) {
  const digits = (number ?? "").replace(/\D/g, "");
  return digits.length > LAST ? digits.slice(-LAST) : undefined;
}

export const CardNumberRow = ({ label, value }: { label: string; value: string | undefined }) => (
  <SecretRow label={label} value={value} shown={value && grouped(value)} ending={lastDigits(value)} plainWhenShown />
);

export function WebsiteRow({ label, url }: { label: string; url: string }) {
  const { itemView: text } = texts.value;
  const link = openable(url);
  const host = hostOf(url);
  return (
    <FieldRow
      label={label}
      copyLabel={text.copyUrl({ host })}
      onCopy={() => void copyPlain(url, label)}
      actions={
        link && (
          <a
            class="icon-button"
            href={link}
            target="_blank"
            rel="noopener noreferrer"
            aria-label={text.open({ host })}
            title={text.open({ host })}
          >
            <Icon name="open" />
          </a>
        )
      }
    >
      {link ? (
        <a href={link} target="_blank" rel="noopener noreferrer">
          {url}
        </a>
      ) : (
        <span title={text.unsafe}>{url}</span>
      )}
    </FieldRow>
  );
}
