// The list. Only visible rows are in the page, so ten thousand items cost as much as twenty.

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { copyOpen } from "../../state/app";
import { copyField } from "../../state/copy-field";
import { quietly, trash as toTrash } from "../../state/edits";
import { go, href, route } from "../../state/route";
import { endSelection, isSelected, selectAll, selected, selecting, selectRange, toggle } from "../../state/selection";
import { all, counts, filter, query, search, shown } from "../../state/vault";
import { texts } from "../../texts";
import { Button, Empty } from "../../ui/controls";
import { focusList } from "../../ui/focus";
import { Icon } from "../../ui/icon";
import { Chips, heading, ListTools, SearchBox } from "./list-header";
import { useLongPress } from "./long-press";
import { ROW, Row } from "./row";
import { SelectBar } from "./selection-bar";
import { TrashNote } from "./trash";
import { useVisibleRows } from "./visible-rows";

function NoRows() {
  const { common, list: text, trash } = texts.value;
  if (query.value.trim()) {
    return (
      <Empty icon="search" title={text.noHits({ query: query.value.trim() })}>
        <p>{text.noHitsBody}</p>
        {filter.value.by !== "all" && (
          <Button icon="search" onClick={() => search(query.value, { by: "all" })}>
            {text.everywhere}
          </Button>
        )}
      </Empty>
    );
  }
  if (filter.value.by === "trash")
    return (
      <Empty icon="trash" title={trash.none}>
        <p>{trash.noneHint}</p>
      </Empty>
    );
  if (counts.value.by.all === 0) {
    return (
      <Empty icon="key" title={text.emptyTitle}>
        {!copyOpen.value && (
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
  const box = useRef<HTMLDivElement>(null);
  const visible = useVisibleRows(box, items.length);
  const current = route.value[0] === "item" ? route.value[1] : undefined;
  const words = query.value + JSON.stringify(filter.value);
  // The active item by its ID: its index changes during searches and syncs.
  const [active, setActiveOf] = useState({ words, id: "", index: 0 });
  const setActive = (index: number) => setActiveOf({ words, id: items[index]?.id ?? "", index });

  // A new search starts at its first result.
  useLayoutEffect(() => {
    visible.scrollTo(0);
    endSelection();
  }, [words]);
  useEffect(() => {
    const at = items.findIndex((i) => i.id === current);
    if (at < 0 || selecting.value) return;
    setActive(at);
    visible.centre(at);
  }, [current, items]);

  const found = items.findIndex((i) => i.id === active.id);
  // If the active item is gone, the item at its index becomes active.
  const near = found >= 0 ? found : Math.max(0, Math.min(active.index, items.length - 1));
  const at = active.words === words ? near : 0;

  function move(index: number) {
    const next = Math.max(0, Math.min(items.length - 1, index));
    setActive(next);
    visible.show(next);
    return items[next]!.id;
  }

  function onKeyDown(e: KeyboardEvent) {
    const item = items[at];
    const step = (
      {
        ArrowDown: at + 1,
        ArrowUp: at - 1,
        PageDown: at + visible.page,
        PageUp: at - visible.page,
        Home: 0,
        End: items.length - 1,
      } as Record<string, number>
    )[e.key];
    const mod = e.ctrlKey || e.metaKey;
    if (e.altKey || !item) return;
    if (mod && e.key === "a") selectAll();
    else if (mod ? e.key === " " : e.key === "x" || (e.key === " " && selecting.value)) toggle(item.id);
    else if (mod) return;
    else if (step !== undefined) {
      const to = move(step);
      if (e.shiftKey) selectRange(item.id, to);
    } else if (e.key === "Enter" || e.key === " ") go("item", item.id);
    else if (e.key === "c") void copyField(item.id, "password");
    else if (e.key === "u") void copyField(item.id, "username");
    else if (e.key === "Delete" && filter.value.by !== "trash" && !item.unreadable && !copyOpen.value) {
      setActive(at);
      quietly(toTrash(selecting.value ? selected.value.map((s) => s.id) : [item.id]).then(endSelection));
    } else return;
    e.preventDefault();
  }

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
    setActive(index);
    if (e.shiftKey && before) selectRange(before.id, item.id);
    else if (e.ctrlKey || e.metaKey || selecting.value || (e.target as Element).closest(".row-check")) toggle(item.id);
    else go("item", item.id);
  }

  return (
    <section
      class="list-pane"
      aria-label={text.title}
      onKeyDown={(e) => {
        if (e.key === "Escape" && selecting.value && !e.defaultPrevented && !document.querySelector("dialog[open]")) {
          endSelection();
          focusList();
        }
      }}
    >
      <div class="list-head">
        <div class="list-title">
          <h1 tabIndex={-1} class={selecting.value ? "visually-hidden" : undefined}>
            {heading(filter.value)}
          </h1>
          {selecting.value ? (
            <SelectBar />
          ) : (
            !copyOpen.value && (
              <a class="button button-primary" href={href("new")} aria-label={common.newItem}>
                <Icon name="plus" />
                <span>{text.short}</span>
              </a>
            )
          )}
        </div>
        <SearchBox onDown={() => box.current?.focus()} />
        <Chips />
        {filter.value.by === "trash" && !copyOpen.value && <TrashNote />}
        <ListTools />
      </div>
      {all.value === null && <Opening />}
      {all.value && items.length === 0 && <NoRows />}
      {all.value && items.length > 0 && (
        <div
          class="rows"
          id="rows"
          ref={box}
          role="listbox"
          tabIndex={0}
          aria-label={heading(filter.value)}
          aria-multiselectable="true"
          data-selecting={selecting.value}
          aria-activedescendant={at >= visible.from && at < visible.to ? `row-${items[at]!.id}` : undefined}
          onKeyDown={onKeyDown}
          onClick={onClick}
          {...press.handlers}
        >
          <div class="rows-all" role="presentation" style={{ height: `${items.length * ROW}px` }}>
            {items.slice(visible.from, visible.to).map((item, i) => (
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
        </div>
      )}
    </section>
  );
}
