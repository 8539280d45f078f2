// The actions of one row: buttons beside it and a menu. They are not inside the row, since options contain no controls.
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Summary } from "../../core/protocol.gen";
import { texts } from "../../texts";
import { focusList } from "../../ui/focus";
import { Icon } from "../../ui/icon";
import { Menu } from "../../ui/menu";
import { copyActions, itemActions } from "./item-actions";
import { rowHeight, targeted } from "./row";

/** A menu that is open: of which item, and where. */
export interface OpenMenu {
  item: Summary;
  x: number;
  y: number;
}

/** The row that has the actions: the one under the mouse, else the active one while the list has the keyboard. */
function useTarget(rows: RefObject<HTMLElement | null>) {
  const [hovered, setHovered] = useState("");
  const [keyboard, setKeyboard] = useState(false);
  useEffect(() => {
    const el = rows.current!;
    const listeners = {
      pointerover(e: PointerEvent) {
        const on = e.target as Element;
        if (e.pointerType === "mouse" && !on.closest(".row-actions, .menu")) setHovered(on.closest(".row")?.id ?? "");
      },
      pointerleave: () => setHovered(""),
      keydown() {
        setHovered("");
        setKeyboard(true);
      },
      focusin: (e: FocusEvent) => setKeyboard((e.target as Element).matches(":focus-visible")),
      focusout(e: FocusEvent) {
        if (!el.contains(e.relatedTarget as Node | null)) setKeyboard(false);
      },
    };
    const all = Object.entries(listeners) as [string, EventListener][];
    for (const [name, listener] of all) el.addEventListener(name, listener);
    return () => {
      for (const [name, listener] of all) el.removeEventListener(name, listener);
    };
  }, []);
  return { hovered, keyboard };
}

export function RowActions({
  rows,
  items,
  first,
  active,
  current,
  onActive,
  onMenu,
}: {
  rows: RefObject<HTMLElement | null>; // the element that contains the rows and these actions
  items: Summary[]; // those in the page
  first: number; // the index of the first of them
  active: number;
  current: string | undefined; // ID of the item that is open
  onActive: (index: number) => void;
  onMenu: (menu: OpenMenu) => void;
}) {
  const text = texts.value.rowActions;
  const { hovered, keyboard } = useTarget(rows);
  const bar = useRef<HTMLDivElement>(null);
  const under = items.findIndex((s) => `row-${s.id}` === hovered);
  const at = under < 0 && keyboard ? active - first : under;
  const item = items[at];
  useLayoutEffect(() => {
    targeted.value = item?.id ?? "";
    return () => {
      targeted.value = "";
    };
  }, [item?.id]);
  // The open item has its own buttons beside the list.
  if (!item || item.id === current || itemActions(item).length === 0) return null;

  function onKeyDown(e: KeyboardEvent) {
    const buttons = [...bar.current!.querySelectorAll("button")];
    const on = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowRight: on + 1, ArrowLeft: on - 1, Home: 0, End: buttons.length - 1 }[e.key];
    if (e.key === "Escape") focusList();
    else if (to === undefined) return;
    else buttons[to]?.focus();
    e.preventDefault();
    e.stopPropagation();
  }
  const openMenu = (e: { currentTarget: Element }) => {
    const { left, bottom } = e.currentTarget.getBoundingClientRect();
    onMenu({ item, x: left, y: bottom + 4 });
  };
  const copies = copyActions(item);
  return (
    <div
      ref={bar}
      class="row-actions"
      role="toolbar"
      aria-label={text.label({ title: item.title })}
      style={{ transform: `translateY(${(first + at) * rowHeight.value}px)` }}
      onFocusCapture={() => onActive(first + at)}
      onKeyDown={onKeyDown}
    >
      {copies.map(({ label, icon, run }, i) => (
        <button
          key={label}
          type="button"
          class="icon-button"
          aria-label={label}
          title={label}
          tabIndex={i ? -1 : 0}
          onClick={run}
        >
          <Icon name={icon} />
        </button>
      ))}
      <button
        type="button"
        class="icon-button"
        aria-label={text.more}
        title={text.more}
        aria-haspopup="menu"
        tabIndex={copies.length ? -1 : 0}
        onClick={openMenu}
      >
        <Icon name="more" />
      </button>
    </div>
  );
}

export function RowMenu({ menu, onClose }: { menu: OpenMenu; onClose: () => void }) {
  const { item, x, y } = menu;
  if (itemActions(item).length === 0) return null;
  return (
    <Menu label={texts.value.rowActions.label({ title: item.title })} x={x} y={y} items={itemActions(item)} onClose={onClose} />
  );
}
