// Modal dialogs with <dialog>: the browser traps the focus and returns it, and Escape closes.
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { texts } from "../texts";
import { Button, IconButton } from "./controls";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
  sheet?: boolean; // at the bottom of a phone
}

/** Shows a <dialog> as modal while its component is mounted. */
export function useModal() {
  const ref = useRef<HTMLDialogElement>(null);
  const from = useRef<Element | null>(null);
  useLayoutEffect(() => {
    const dialog = ref.current!;
    from.current = document.activeElement;
    dialog.showModal();
    // Before the next paint: a key pressed right after must reach the open dialog.
    // A sheet starts at its first button: a field would open the keyboard of a phone.
    if (!dialog.matches(".dialog-sheet")) dialog.querySelector<HTMLElement>("input, textarea, select")?.focus();
    return () => {
      dialog.close();
      if (from.current instanceof HTMLElement && from.current.isConnected) from.current.focus();
    };
  }, []);
  return ref;
}

export function Dialog({ title, onClose, children, wide, sheet }: DialogProps) {
  const { common } = texts.value;
  const ref = useModal();
  const id = useId();
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      class={`dialog${wide ? " dialog-wide" : ""}${sheet ? " dialog-sheet" : ""}`}
      onCancel={(e) => {
        e.preventDefault(); // the caller closes the dialog, and may ask first
        onClose();
      }}
    >
      <header class="dialog-head">
        <h2 id={id}>{title}</h2>
        <IconButton icon="close" label={common.close} onClick={onClose} />
      </header>
      {children}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  children: ComponentChildren;
  action: string;
  cancel?: string;
  danger?: boolean;
  busy?: boolean;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({
  title,
  children,
  action,
  cancel = texts.value.common.cancel,
  danger,
  busy,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const first = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => first.current?.focus(), []);
  return (
    <Dialog title={title} onClose={onClose}>
      <div class="dialog-body">{children}</div>
      <footer class="dialog-foot">
        <Button kind="plain" onClick={onClose} buttonRef={first}>
          {cancel}
        </Button>
        <Button kind={danger ? "danger" : "primary"} busy={busy} onClick={onConfirm}>
          {action}
        </Button>
      </footer>
    </Dialog>
  );
}
