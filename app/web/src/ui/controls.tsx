// Buttons and small components that all screens use.
import type { ComponentChildren, Ref } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { core, loaded } from "../state/app";
import { NAME, texts } from "../texts";
import { Icon, type IconName } from "./icon";

interface ButtonProps {
  children?: ComponentChildren;
  label?: string; // the accessible name, if it says more than the children
  icon?: IconName;
  kind?: "primary" | "plain" | "quiet" | "danger";
  type?: "button" | "submit";
  busy?: boolean;
  disabled?: boolean;
  wide?: boolean;
  onClick?: () => void;
  buttonRef?: Ref<HTMLButtonElement>;
}

/** A busy button stays focusable and is announced as busy, but does nothing. */
export function Button({
  children,
  label,
  icon,
  kind = "plain",
  type = "button",
  busy,
  disabled,
  wide,
  onClick,
  buttonRef,
}: ButtonProps) {
  return (
    <button
      type={type}
      ref={buttonRef}
      class={`button button-${kind}${wide ? " button-wide" : ""}`}
      aria-label={label}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={(e) => {
        if (busy) e.preventDefault();
        else onClick?.();
      }}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  pressed?: boolean;
  filled?: boolean;
  onClick: () => void;
  shortcut?: string;
}

export function IconButton({ icon, label, pressed, filled, onClick, shortcut }: IconButtonProps) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={shortcut ? `${label} (${shortcut})` : label}
      aria-pressed={pressed}
      onClick={onClick}
    >
      <Icon name={icon} filled={filled} />
    </button>
  );
}

/** The heading of a screen. It gets the focus when the screen appears, and sets the title of the page. */
export function Heading({
  children,
  title,
  focus = true,
  level = 1,
  hint,
}: {
  children: ComponentChildren;
  title: string;
  focus?: boolean;
  level?: 1 | 2;
  hint?: string; // on hover
}) {
  const ref = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => {
    document.title = `${title} · ${NAME}`;
    if (focus) ref.current?.focus({ preventScroll: false });
  }, [title, focus]);
  return level === 1 ? (
    <h1 ref={ref} tabIndex={-1} dir="auto">
      {children}
    </h1>
  ) : (
    <h2 ref={ref} tabIndex={-1} dir="auto" title={hint}>
      {children}
    </h2>
  );
}

/** How much of the core has arrived. */
export function CoreProgress() {
  const text = texts.value.starting;
  return (
    <div class="loading">
      <progress value={loaded.value} max={1} aria-label={text.loading} />
      <p role="status">{loaded.value < 1 ? text.loading : text.starting}</p>
    </div>
  );
}

/** Slow work with a description and a cancel button. Work that waits for the core shows how much of it has arrived. */
export function Working({ children, onCancel }: { children: ComponentChildren; onCancel?: () => void }) {
  const { common } = texts.value;
  return (
    <div class="working">
      {core.value.ready ? (
        <>
          <span class="spinner" aria-hidden="true" />
          <span role="status">{children}</span>
        </>
      ) : (
        <CoreProgress />
      )}
      {onCancel && (
        <Button kind="quiet" onClick={onCancel}>
          {common.cancel}
        </Button>
      )}
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-icon">
        <Icon name={icon} />
      </span>
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
