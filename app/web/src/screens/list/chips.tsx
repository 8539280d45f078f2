// The common filters above the list, for phones and tablets, which have no sidebar.
import { useEffect, useRef, useState } from "preact/hooks";
import { type Filter, filter, query, search } from "../../state/vault";
import { texts } from "../../texts";
import { Icon } from "../../ui/icon";
import { Lazy } from "../shell/lazy";
import { filterGroups, heading, sameFilter } from "./filters";

/** The button of the sheet, and the filters without tags. The chosen tag has a chip too. */
export function Chips() {
  const { filters, list: text } = texts.value;
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(
    () => box.current?.querySelector('[aria-pressed="true"]')?.scrollIntoView({ block: "nearest", inline: "nearest" }),
    [filter.value],
  );
  const chip = (by: Filter) => (
    <button
      key={heading(by)}
      type="button"
      class="chip"
      aria-pressed={sameFilter(filter.value, by)}
      onClick={() => search(query.value, by)}
    >
      <bdi>{by.by === "all" ? text.all : heading(by)}</bdi>
    </button>
  );
  return (
    <div class="filters">
      <button type="button" class="chip chip-open" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <Icon name="filter" />
        <span>{filters.open}</span>
      </button>
      <div ref={box} class="chips" role="group" aria-label={text.show}>
        {filter.value.by === "tag" && chip(filter.value)}
        {filterGroups().flat().map(chip)}
      </div>
      {open && <Lazy show={({ FilterSheet }) => <FilterSheet onClose={() => setOpen(false)} />} />}
    </div>
  );
}
