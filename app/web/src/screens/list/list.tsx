// The list. Only visible rows are in the page, so ten thousand items cost as much as twenty.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Summary } from "../../core/protocol.gen";
import { preferences, readOnly } from "../../state/app";
import { editedTag, paletteOpen } from "../../state/dialogs";
import { quietly, star, trash as toTrash, unstar } from "../../state/edits";
import { shortcutOf } from "../../state/keys";
import { go, href, route } from "../../state/route";
import { endSelection, isSelected, selectAll, selected, selecting, selectRange, toggle } from "../../state/selection";
import { all, counts, filter, positionOf, query, rememberPosition, search, shown } from "../../state/vault";
import { texts } from "../../texts";
import { Button, Empty, IconButton } from "../../ui/controls";
import { focusList } from "../../ui/focus";
import { Icon } from "../../ui/icon";
import { useKeys } from "../../ui/keys";
import { type Actions, readingKeys } from "../items/item-keys";
import { Lazy } from "../shell/lazy";
import { Chips } from "./chips";
import { heading } from "./filters";
import { ListTools } from "./list-header";
import { useLongPress } from "./long-press";
import { Row, rowHeight } from "./row";
import type { OpenMenu } from "./row-actions";
import { Closest, SearchBox, SearchNotes } from "./search-box";
import { SelectBar } from "./selection-bar";
import { Starts } from "./starts";
import { TrashNote } from "./trash";
import { useVisibleRows } from "./visible-rows";

function leaveSelection() {
  endSelection();
  focusList();
}

function NoRows() {
  const { archive, common, list: text, trash } = texts.value;
  if (query.value.trim()) {
    return (
      <Empty icon="search" title={text.noHits({ query: query.value.trim() })}>
        <Closest />
        <p>{text.noHitsBody}</p>
        {filter.value.by !== "all" && (
          <Button icon="search" onClick={() => search(query.value, { by: "all" })}>
            {text.everywhere}
          </Button>
        )}
      </Empty>
    );
  }
  if (filter.value.by === "archive")
    return (
      <Empty icon="archive" title={archive.none}>
        <p>{archive.hint}</p>
      </Empty>
    );
  if (filter.value.by === "trash")
    return (
      <Empty icon="trash" title={trash.none}>
        <p>{trash.noneHint}</p>
      </Empty>
    );
  if (counts.value.by.all === 0 && counts.value.by.archive === 0) {
    return (
      <Empty icon="key" title={text.emptyTitle}>
        {!readOnly.value && (
          <>
            <p>{text.emptyBody}</p>
            <a class="button button-primary" href={href("new")}>
              <Icon name="plus" />
              <span>{common.newItem}</span>
            </a>
          </>
        )}
      </Empty>
    );
  }
  return (
    <Empty icon={filter.value.by === "favourite" ? "star" : "all"} title={text.noneHere}>
      {filter.value.by === "favourite" && <p>{text.favouriteHint}</p>}
    </Empty>
  );
}

function EditTag({ tag }: { tag: string }) {
  return <IconButton icon="edit" label={texts.value.tagDialog.edit({ tag })} onClick={() => (editedTag.value = tag)} />;
}

function Opening() {
  return (
    <div class="rows-loading" role="status">
      <span class="visually-hidden">{texts.value.list.opening}</span>
      {[0, 1, 2, 3, 4, 5, 6].map((i) => (
        <div key={i} class="bone-row" aria-hidden="true">
          <span class="bone bone-tile" />
          <span class="bone bone-line" />
        </div>
      ))}
    </div>
  );
}

export function ListPane() {
  const { common, list: text } = texts.value;
  const { items, total } = shown.value;
  const box = useRef<HTMLDivElement>(null); // scrolls
  const list = useRef<HTMLDivElement>(null); // has the focus
  const [menu, setMenu] = useState<OpenMenu | null>(null);
  const visible = useVisibleRows(box, items.length);
  const current = route.value[0] === "item" ? route.value[1] : undefined;
  const words = query.value + JSON.stringify(filter.value);
  // The active item by its ID: its index changes during searches and syncs.
  const [active, setActiveOf] = useState({ words, id: positionOf(words)?.id ?? "", index: 0 });
  const setActive = (index: number) => setActiveOf({ words, id: items[index]?.id ?? "", index });

  const title = useRef<HTMLHeadingElement>(null);
  const previous = useRef("");
  const centred = useRef<string | undefined>(undefined);

  // A list appears as it was left, but a new search starts at its first result.
  useLayoutEffect(() => {
    const left = previous.current && query.value.trim() ? undefined : positionOf(words);
    setActiveOf({ words, id: left?.id ?? "", index: 0 });
    visible.scrollTo(left?.top ?? 0);
    if (!previous.current) centred.current = left?.opened;
    if (previous.current) endSelection();
    previous.current = words;
  }, [words]);
  useEffect(() => {
    const at = items.findIndex((i) => i.id === current);
    if (!current) centred.current = undefined;
    if (at < 0 || selecting.value || centred.current === current) return; // once: a sync must not move the list
    setActive(at);
    visible.centre(at);
    centred.current = current;
  }, [current, items]);

  // The element that had the focus is gone, such as a form or an item.
  const listShown = !["item", "new"].includes(route.value[0] ?? "");
  const empty = items.length === 0;
  useEffect(() => {
    const at = document.activeElement;
    if (listShown && (!at || at === document.body || at === title.current))
      (list.current ?? title.current)?.focus({ preventScroll: true });
  }, [listShown, empty]);

  const found = items.findIndex((i) => i.id === active.id);
  // If the active item is gone, the item at its index becomes active.
  const near = found >= 0 ? found : Math.max(0, Math.min(active.index, items.length - 1));
  const at = active.words === words ? near : 0;
  const keepPosition = () => {
    if (!box.current?.clientHeight) return; // phones hide the list behind an item
    const top = visible.position();
    rememberPosition(words, top > 0 || at > 0 ? { top, id: items[at]?.id ?? "", opened: current } : null);
  };
  useEffect(keepPosition, [active, current]);

  function move(index: number) {
    const next = Math.max(0, Math.min(items.length - 1, index));
    setActive(next);
    visible.show(next);
    return items[next]!.id;
  }

  function openMenu(index: number, x: number, y: number) {
    const item = items[index];
    if (!item || item.unreadable || selecting.value) return;
    setActive(index);
    setMenu({ item, x, y });
  }
  const openActiveMenu = () => {
    const { left = 0, bottom = 0 } = document.getElementById(`row-${items[at]?.id}`)?.getBoundingClientRect() ?? {};
    openMenu(at, left + 48, bottom - 12);
  };
  function onContextMenu(e: MouseEvent) {
    press.handlers.onContextMenu(e);
    if (e.defaultPrevented || (e as PointerEvent).pointerType === "touch") return;
    e.preventDefault();
    openMenu(rowOf(e).index, e.clientX, e.clientY);
  }

  /** The keys that act on the active row, or on the selected ones. */
  function keysOf(item: Summary): Actions {
    const ids = () => (selecting.value ? selected.value.map((s) => s.id) : [item.id]);
    const open = () => go("item", item.id);
    const remove = () => {
      setActive(at);
      quietly(toTrash(ids()).then(endSelection));
    };
    const writable = filter.value.by !== "trash" && !item.unreadable && !readOnly.value;
    return {
      ...readingKeys(item.id, item.url),
      x: () => toggle(item.id),
      Enter: open,
      " ": selecting.value ? () => toggle(item.id) : open,
      ...(writable && {
        e: () => go("item", item.id, "edit"),
        f: () => quietly((item.favourite ? unstar : star)(ids())),
        Delete: remove,
      }),
    };
  }

  function onKeyDown(e: KeyboardEvent) {
    const item = items[at];
    if (e.target !== list.current) return;
    const key = shortcutOf(e);
    if (key === "ContextMenu" || (key === "F10" && e.shiftKey)) {
      e.preventDefault();
      openActiveMenu();
      return;
    }
    const step = (
      {
        ArrowDown: at + 1,
        ArrowUp: at - 1,
        PageDown: at + visible.page,
        PageUp: at - visible.page,
        Home: 0,
        End: items.length - 1,
      } as Record<string, number>
    )[key];
    if (e.altKey || !item) return;
    const steps = () => {
      const to = move(step!);
      if (e.shiftKey) selectRange(item.id, to);
    };
    const keys = e.ctrlKey || e.metaKey ? { a: selectAll, " ": () => toggle(item.id) } : keysOf(item);
    const action = step !== undefined && !e.ctrlKey && !e.metaKey ? steps : (keys as Actions)[key];
    if (!action) return;
    e.preventDefault();
    action();
  }

  useKeys((e) => (e.key === "Escape" && selecting.value ? leaveSelection : undefined));

  const rowOf = (e: Event) => {
    const index = Number((e.target as Element).closest<HTMLElement>(".row")?.dataset.index);
    return { index, item: items[index] };
  };
  const press = useLongPress((e) => {
    const { item } = rowOf(e);
    if (item) toggle(item.id);
  });

  function onClick(e: MouseEvent) {
    const { index, item } = rowOf(e);
    if (!item || press.swallows()) return;
    const before = items[at];
    const boxed = (e as PointerEvent).pointerType !== "touch" && (e.target as Element).closest(".row-check");
    setActive(index);
    if (e.shiftKey && before) selectRange(before.id, item.id);
    else if (e.ctrlKey || e.metaKey || selecting.value || boxed) toggle(item.id);
    else go("item", item.id);
  }

  const closeMenu = () => {
    setMenu(null);
    const focused = document.activeElement;
    if (focused === document.body || box.current?.contains(focused)) list.current?.focus({ preventScroll: true });
  };
  const rows = items.slice(visible.from, visible.to);

  return (
    <section class="list-pane" id="list" aria-label={text.title} onScrollCapture={keepPosition}>
      <div class="list-head">
        <div class="list-title">
          <h1 ref={title} tabIndex={-1} class={selecting.value ? "visually-hidden" : undefined}>
            {heading(filter.value)}
          </h1>
          {filter.value.by === "tag" && !selecting.value && !readOnly.value && <EditTag tag={filter.value.tag} />}
          {selecting.value ? (
            <SelectBar />
          ) : (
            <div class="list-title-tools">
              <span class="phone-commands">
                <IconButton icon="command" label={texts.value.palette.title} onClick={() => (paletteOpen.value = true)} />
              </span>
              {!readOnly.value && (
                <a class="button button-primary" href={href("new")} aria-label={common.newItem}>
                  <Icon name="plus" />
                  <span>{text.short}</span>
                </a>
              )}
            </div>
          )}
        </div>
        <SearchBox onDown={() => list.current?.focus({ preventScroll: true })} />
        <Chips />
        {filter.value.by === "trash" && !readOnly.value && <TrashNote />}
        <ListTools />
        <SearchNotes />
      </div>
      {all.value === null && <Opening />}
      <div class="rows-none">
        <div role="status" aria-atomic="false">
          {all.value && empty && <NoRows />}
        </div>
        {all.value && counts.value.by.all === 0 && filter.value.by === "all" && !query.value && !readOnly.value && <Starts />}
      </div>
      {all.value && !empty && (
        <div
          class="rows"
          ref={box}
          style={{ "--row-height": `${rowHeight.value}px` }}
          data-selecting={selecting.value}
          data-density={preferences.value.density}
        >
          <div
            class="rows-all"
            id="rows"
            ref={list}
            role="listbox"
            tabIndex={0}
            aria-label={heading(filter.value)}
            aria-multiselectable="true"
            aria-activedescendant={at >= visible.from && at < visible.to ? `row-${items[at]!.id}` : undefined}
            style={{ height: `${items.length * rowHeight.value}px` }}
            onKeyDown={onKeyDown}
            onClick={onClick}
            {...press.handlers}
            onContextMenu={onContextMenu}
          >
            {rows.map((item, i) => (
              <Row
                key={item.id}
                item={item}
                index={visible.from + i}
                total={total}
                current={item.id === current}
                selected={selecting.value ? isSelected(item.id) : null}
                active={visible.from + i === at}
              />
            ))}
          </div>
          <Lazy
            around={() => null}
            show={({ RowActions, RowMenu }) => (
              <>
                {!selecting.value && (
                  <RowActions
                    rows={box}
                    items={rows}
                    first={visible.from}
                    active={at}
                    current={current}
                    onActive={setActive}
                    onMenu={setMenu}
                  />
                )}
                {menu && <RowMenu menu={menu} onClose={closeMenu} />}
              </>
            )}
          />
        </div>
      )}
    </section>
  );
}
