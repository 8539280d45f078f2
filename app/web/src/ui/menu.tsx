// Context menus, as in the ARIA Authoring Practices. The popover API shows them above everything and closes them on a click outside.
import { useLayoutEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./icon";
import { fold } from "./words";

export interface MenuItem {
  label: string;
  icon: IconName;
  key?: string; // its shortcut
  danger?: boolean;
  run: () => void;
}

const GAP = 8; // pixels to the edges of the window

/** Shows the items near a point. The focus returns to where it was before an item runs. */
export function Menu({
  label,
  x,
  y,
  items,
  onClose,
}: {
  label: string;
  x: number;
  y: number;
  items: MenuItem[];
  onClose: () => void;
}) {
  const ref = useRef<HTMLDivElement>(null);
  const from = useRef<Element | null>(null);
  const buttons = () => [...ref.current!.querySelectorAll<HTMLElement>('[role="menuitem"]')];

  useLayoutEffect(() => {
    const menu = ref.current!;
    from.current = document.activeElement;
    menu.showPopover();
    const { width, height } = menu.getBoundingClientRect();
    menu.style.left = `${Math.max(GAP, Math.min(x, innerWidth - width - GAP))}px`;
    menu.style.top = `${Math.max(GAP, Math.min(y, innerHeight - height - GAP))}px`;
    buttons()[0]?.focus({ preventScroll: true });
  }, [x, y]);

  const leave = () => {
    if (from.current instanceof HTMLElement && from.current.isConnected) from.current.focus({ preventScroll: true });
    onClose();
  };
  const choose = (item: MenuItem) => {
    leave();
    item.run();
  };

  function onKeyDown(e: KeyboardEvent) {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    e.stopPropagation(); // the shortcuts of the page
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const starting = () => [...all.slice(at + 1), ...all].findIndex((b) => fold(b.textContent).startsWith(fold(e.key)));
    const named = e.key.length === 1 && e.key !== " " ? starting() : -1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[e.key] ?? (named >= 0 ? at + 1 + named : undefined);
    if (e.key === "Escape" || e.key === "Tab") leave();
    else if (to === undefined) return;
    else all.at(to % all.length)!.focus();
    e.preventDefault();
  }

  return (
    <div
      ref={ref}
      class="menu"
      role="menu"
      tabIndex={-1}
      aria-label={label}
      popover="auto"
      onKeyDown={onKeyDown}
      onToggle={(e) => e.newState === "closed" && onClose()}
      onContextMenu={(e) => e.preventDefault()}
    >
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={item.danger ? "menu-item menu-danger" : "menu-item"}
          onClick={() => choose(item)}
        >
          <Icon name={item.icon} />
          <span>{item.label}</span>
          {item.key && <kbd aria-hidden="true">{item.key}</kbd>}
        </button>
      ))}
    </div>
  );
}
