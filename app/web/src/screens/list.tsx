// Search and the list. Only the rows in sight are in the page, so that ten thousand cost as much as twenty.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "../core/api";
import type { Summary } from "../core/types";
import { m } from "../messages";
import { copyPlain, copySecret } from "../state/clipboard";
import { toast } from "../state/app";
import { go, href, route } from "../state/route";
import { fail } from "../state/session";
import { all, counts, filter, query, search, shown, type Filter } from "../state/vault";
import { Empty } from "../ui/controls";
import { Icon } from "../ui/icon";
import { kindOf, subtitle, TYPES } from "./kinds";
import { Tile } from "./tile";

const ROW = 60; // --row-height in list.css
const SPARE = 6; // rows kept above and below what is in sight

const heading = (f: Filter) =>
  f.by === "favourite" ? m.value.common.favourites
    : f.by === "type" ? kindOf(f.type).many
      : f.by === "tag" ? f.tag : m.value.common.allEntries;

function SearchBox({ onDown }: { onDown: () => void }) {
  const text = m.value.list;
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input id="search" type="search" aria-label={text.search} placeholder={text.placeholder} value={query.value}
        autocomplete="off" spellcheck={false} onInput={(e) => search(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key === "Escape" && query.value) {
            e.preventDefault();
            search("");
          } else if (e.key === "ArrowDown" || e.key === "Enter") {
            e.preventDefault();
            onDown();
          }
        }} />
      {query.value
        ? <button type="button" class="search-clear" aria-label={text.clear} onClick={() => search("")}><Icon name="close" /></button>
        : <kbd aria-hidden="true">/</kbd>}
    </div>
  );
}

/** The phone and the tablet have no sidebar; there the types stand above the list. */
function Chips() {
  const { common, list: text } = m.value;
  const chip = (by: Filter, label: string) => (
    <button key={label} type="button" class="chip" aria-pressed={JSON.stringify(filter.value) === JSON.stringify(by)}
      onClick={() => search(query.value, by)}>{label}</button>
  );
  return (
    <div class="chips" role="group" aria-label={text.show}>
      {chip({ by: "all" }, text.all)}
      {chip({ by: "favourite" }, common.favourites)}
      {TYPES.map((type) => chip({ by: "type", type }, kindOf(type).many))}
      {counts.value.tags.map(([tag]) => chip({ by: "tag", tag }, tag))}
    </div>
  );
}

function NoRows() {
  const { common, list: text } = m.value;
  if (query.value.trim()) {
    return <Empty icon="search" title={text.noHits(query.value.trim())}><p>{text.noHitsBody}</p></Empty>;
  }
  if (counts.value.by.all === 0) {
    return (
      <Empty icon="key" title={text.emptyTitle}>
        <p>{text.emptyBody}</p>
        <a class="button button-primary" href={href("new")}><Icon name="plus" /><span>{common.newEntry}</span></a>
      </Empty>
    );
  }
  return (
    <Empty icon={filter.value.by === "favourite" ? "star" : "all"} title={text.noneHere}>
      {filter.value.by === "favourite" && <p>{text.favouriteHint}</p>}
    </Empty>
  );
}

function Row({ item, index, total, selected, active }:
  { item: Summary; index: number; total: number; selected: boolean; active: boolean }) {
  const { common, list: text } = m.value;
  const name = item.unreadable ? item.title || text.unreadable : item.title;
  return (
    <div class="row" role="option" id={`row-${item.id}`} aria-selected={selected} aria-posinset={index + 1}
      aria-setsize={total} data-active={active} data-index={index} style={{ transform: `translateY(${index * ROW}px)` }}>
      <Tile type={item.type} title={name} unreadable={item.unreadable} />
      <span class="row-text">
        <span class="row-title">{name}</span>
        <span class="row-sub">{subtitle(item)}</span>
      </span>
      {item.pending && <span class="row-wait" title={text.pending}><Icon name="wait" />
        <span class="visually-hidden">{text.pending}</span></span>}
      {item.favourite && <span class="row-star" title={common.favourite}><Icon name="star" filled /></span>}
      <span class="visually-hidden">{kindOf(item.type).one}</span>
    </div>
  );
}

async function copyFrom(item: Summary, what: "password" | "username") {
  const { common, list: text } = m.value;
  if (what === "username") {
    if (item.username) await copyPlain(item.username, common.username);
    return;
  }
  try {
    const { password } = await api.get({ id: item.id });
    if (password) await copySecret(password, common.password);
    else toast(text.noPassword);
  } catch (e) {
    if (!fail(e)) toast(text.notOpened, "problem");
  }
}

export function ListPane() {
  const { common, list: text } = m.value;
  const { items, total } = shown.value;
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const current = route.value[0] === "entry" ? route.value[1] : undefined;
  const words = query.value + JSON.stringify(filter.value);
  // The entry that the keyboard stands on, by its id: its place changes while answers arrive and devices sync.
  const [active, setActiveOf] = useState({ words, id: "" });
  const setActive = (index: number) => setActiveOf({ words, id: items[index]?.id ?? "" });

  // A new search starts at its best hit.
  useLayoutEffect(() => {
    if (box.current) box.current.scrollTop = 0;
    setView((v) => ({ ...v, top: 0 }));
  }, [words]);
  useEffect(() => {
    const at = items.findIndex((i) => i.id === current);
    if (at < 0) return;
    setActive(at);
    const el = box.current;
    if (el && (at * ROW < el.scrollTop || (at + 1) * ROW > el.scrollTop + el.clientHeight)) {
      el.scrollTop = at * ROW - (el.clientHeight - ROW) / 2;
    }
  }, [current, items]);
  const filled = items.length > 0;
  useLayoutEffect(() => {
    const el = box.current;
    if (!el) return;
    const measure = () => setView({ top: el.scrollTop, height: el.clientHeight });
    const watch = new ResizeObserver(measure);
    watch.observe(el);
    el.addEventListener("scroll", measure, { passive: true });
    return () => {
      watch.disconnect();
      el.removeEventListener("scroll", measure);
    };
  }, [filled]);

  const at = active.words === words ? Math.max(0, items.findIndex((i) => i.id === active.id)) : 0;
  const top = Math.min(view.top, Math.max(0, items.length * ROW - view.height)); // a list that shrank scrolls back
  const from = Math.max(0, Math.floor(top / ROW) - SPARE);
  const to = Math.min(items.length, Math.ceil((top + view.height) / ROW) + SPARE);

  function move(index: number) {
    const next = Math.max(0, Math.min(items.length - 1, index));
    setActive(next);
    const el = box.current;
    if (el) {
      if (next * ROW < el.scrollTop) el.scrollTop = next * ROW;
      else if ((next + 1) * ROW > el.scrollTop + el.clientHeight) el.scrollTop = (next + 1) * ROW - el.clientHeight;
      setView({ top: el.scrollTop, height: el.clientHeight }); // the row must be in the page before it is announced
    }
  }

  function onKeyDown(e: KeyboardEvent) {
    const page = Math.max(1, Math.floor(view.height / ROW) - 1);
    const item = items[at];
    const steps: Record<string, number> = {
      ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: items.length - 1,
    };
    const step = steps[e.key];
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    if (step !== undefined) move(step);
    else if (!item) return;
    else if (e.key === "Enter" || e.key === " ") go("entry", item.id);
    else if (e.key === "c") void copyFrom(item, "password");
    else if (e.key === "u") void copyFrom(item, "username");
    else return;
    e.preventDefault();
  }

  return (
    <section class="list-pane" aria-label={text.title}>
      <div class="list-head">
        <div class="list-title">
          <h1 tabIndex={-1}>{heading(filter.value)}</h1>
          <a class="button button-primary" href={href("new")} aria-label={common.newEntry}>
            <Icon name="plus" /><span>{text.short}</span>
          </a>
        </div>
        <SearchBox onDown={() => box.current?.focus()} />
        <Chips />
      </div>
      {all.value === null
        ? <div class="rows-loading" role="status"><span class="visually-hidden">{text.opening}</span>
          {[0, 1, 2, 3, 4, 5, 6].map((i) => <div key={i} class="bone-row" aria-hidden="true"><span class="bone bone-tile" /><span class="bone bone-line" /></div>)}
        </div>
        : items.length === 0
          ? <NoRows />
          : (
            <div class="rows" ref={box} role="listbox" tabIndex={0} aria-label={heading(filter.value)}
              aria-activedescendant={at >= from && at < to ? `row-${items[at]!.id}` : undefined} title={undefined}
              onKeyDown={onKeyDown}
              onClick={(e) => {
                const row = (e.target as Element).closest<HTMLElement>(".row");
                const item = items[Number(row?.dataset.index)];
                if (row && item) go("entry", item.id);
              }}>
              <div class="rows-all" role="presentation" style={{ height: `${items.length * ROW}px` }}>
                {items.slice(from, to).map((item, i) => (
                  <Row key={item.id} item={item} index={from + i} total={total} selected={item.id === current}
                    active={from + i === at} />
                ))}
              </div>
            </div>
          )}
      <p class="list-foot" role="status">{all.value !== null && items.length > 0 && common.entries(total)}</p>
    </section>
  );
}
