// The filters on phones and tablets, which have no sidebar: the common ones above the list, all of them in a sheet.
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { counts, type Filter, filter, query, search } from "../../state/vault";
import { texts } from "../../texts";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icon";
import { FilterButton, filterGroups, heading, sameFilter } from "./filters";
import { TagFilters } from "./tag-filters";

function FilterSheet({ onClose }: { onClose: () => void }) {
  const { common, filters: text } = texts.value;
  const id = useId();
  return (
    <Dialog title={text.title} sheet onClose={onClose}>
      <div class="dialog-body filter-sheet">
        {filterGroups().map((group) => (
          <div key={heading(group[0]!)} class="nav-group">
            {group.map((by) => (
              <FilterButton key={heading(by)} by={by} onChosen={onClose} />
            ))}
          </div>
        ))}
        {counts.value.tags.length > 0 && (
          <section aria-labelledby={id}>
            <h3 id={id}>{common.tags}</h3>
            <TagFilters labelledBy={id} onChosen={onClose} />
          </section>
        )}
      </div>
    </Dialog>
  );
}

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
      {open && <FilterSheet onClose={() => setOpen(false)} />}
    </div>
  );
}
