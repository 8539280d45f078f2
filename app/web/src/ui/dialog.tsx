// Modal dialogs on <dialog>: the browser keeps the focus inside and gives it back; Escape closes.
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { texts } from "../texts";
import { Button, IconButton } from "./controls";

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  wide?: boolean;
}

/** Shows a <dialog> as a modal one for as long as its component is there. */
export function useModal() {
  const ref = useRef<HTMLDialogElement>(null);
  const from = useRef<Element | null>(null);
  useLayoutEffect(() => {
    const dialog = ref.current!;
    from.current = document.activeElement;
    dialog.showModal();
    // At once, not after the next paint: a key that follows quickly must meet the dialog as it will be.
    dialog.querySelector<HTMLElement>("input, textarea, select")?.focus();
    return () => {
      dialog.close();
      if (from.current instanceof HTMLElement && from.current.isConnected) from.current.focus();
    };
  }, []);
  return ref;
}

export function Dialog({ title, onClose, children, wide }: DialogProps) {
  const { common } = texts.value;
  const ref = useModal();
  const id = useId();
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      class={wide ? "dialog dialog-wide" : "dialog"}
      onCancel={(e) => {
        e.preventDefault(); // the caller takes the dialog away, and may ask first
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
