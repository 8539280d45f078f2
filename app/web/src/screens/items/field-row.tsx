// The rows that show an item: a label, a value, and its actions.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { copyPlain, copySecret } from "../../state/clipboard";
import { texts } from "../../texts";
import { IconButton } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { hostOf, openable } from "../../ui/url";
import { Secret } from "./secret";

export function FieldRow({
  label,
  children,
  actions,
}: {
  label: string;
  children: ComponentChildren;
  actions?: ComponentChildren;
}) {
  return (
    <div class="field-row">
      <dt dir="auto">{label}</dt>
      <dd>
        <div class="field-row-value" dir="auto">
          {children}
        </div>
        {actions && <div class="field-row-actions">{actions}</div>}
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
  const { common } = texts.value;
  if (!value) return null;
  return (
    <FieldRow
      label={label}
      actions={<IconButton icon="copy" label={common.copy({ label })} onClick={() => void copyPlain(value, label)} />}
    >
      {mono ? <span class="mono">{value}</span> : (shown ?? value)}
    </FieldRow>
  );
}

export function SecretRow({
  label,
  value,
  plainWhenShown,
}: {
  label: string;
  value: string | undefined;
  plainWhenShown?: boolean;
}) {
  const { common } = texts.value;
  const [visible, setVisible] = useState(false);
  if (!value) return null;
  return (
    <FieldRow
      label={label}
      actions={
        <>
          <IconButton
            icon={visible ? "eyeOff" : "eye"}
            label={common.show({ label })}
            pressed={visible}
            onClick={() => setVisible(!visible)}
          />
          <IconButton icon="copy" label={common.copy({ label })} onClick={() => void copySecret(value, label)} />
        </>
      }
    >
      <Secret value={value} visible={visible} plain={plainWhenShown} />
    </FieldRow>
  );
}

export function WebsiteRow({ label, url }: { label: string; url: string }) {
  const { itemView: text } = texts.value;
  const link = openable(url);
  const host = hostOf(url);
  return (
    <FieldRow
      label={label}
      actions={
        <>
          {link && (
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
          )}
          <IconButton icon="copy" label={text.copyUrl({ host })} onClick={() => void copyPlain(url, label)} />
        </>
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
