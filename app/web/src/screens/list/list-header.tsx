// The header of the list: search, count and sort order.
import { preferences, readOnly, setPreferences } from "../../state/app";
import { handled } from "../../state/app-errors";
import { SORTS } from "../../state/preferences";
import { beginSelection, selectAll, selected, selecting } from "../../state/selection";
import { all, indexing, refresh, shown } from "../../state/vault";
import { texts } from "../../texts";
import { Icon } from "../../ui/icon";

/** Chooses the sort order on this device. */
export function sortBy(sort: (typeof SORTS)[number]) {
  setPreferences({ sort });
  refresh().catch(handled);
}

function SortSelect() {
  const text = texts.value.sorting;
  return (
    <label class="sort">
      <span class="visually-hidden">{text.label}</span>
      <Icon name="sort" />
      <select
        value={preferences.value.sort}
        onChange={(e) => {
          const chosen = SORTS.find((s) => s === e.currentTarget.value);
          if (chosen) sortBy(chosen);
        }}
      >
        {SORTS.map((s) => (
          <option key={s} value={s}>
            {text[s]}
          </option>
        ))}
      </select>
    </label>
  );
}

function Reverse() {
  const { reverse } = preferences.value;
  const change = () => {
    setPreferences({ reverse: !reverse });
    refresh().catch(handled);
  };
  return (
    <button
      type="button"
      class="icon-button sort-reverse"
      aria-label={texts.value.sorting.reverse}
      title={texts.value.sorting.reverse}
      aria-pressed={reverse}
      onClick={change}
    >
      <Icon name={reverse ? "up" : "down"} />
    </button>
  );
}

/** The number of items, their order, and whether the search is complete. */
export function ListTools() {
  const { common, list, selection } = texts.value;
  const { total, complete } = shown.value;
  const { done, total: unread } = indexing.value ?? { done: 0, total: 0 };
  const count = selecting.value ? selection.count({ count: selected.value.length }) : common.items({ count: total });
  return (
    <>
      <div class="list-tools">
        <p class={selecting.value ? "list-foot visually-hidden" : "list-foot"} role="status">
          {all.value !== null && total > 0 && count}
        </p>
        {selecting.value && (
          <button type="button" class="link" onClick={selectAll}>
            {selection.all({ count: total })}
          </button>
        )}
        {!selecting.value && !readOnly.value && total > 0 && (
          <button type="button" class="link select-start" onClick={beginSelection}>
            {selection.start}
          </button>
        )}
        {total > 0 && (
          <span class="sorting">
            <SortSelect />
            <Reverse />
          </span>
        )}
      </div>
      {!complete && <p class="list-note">{list.indexing({ percent: unread ? Math.floor((100 * done) / unread) : 0 })}</p>}
    </>
  );
}
