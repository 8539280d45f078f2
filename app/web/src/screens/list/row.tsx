import { computed, signal } from "@preact/signals";
import type { Summary } from "../../core/protocol.gen";
import { preferences, readOnly } from "../../state/app";
import type { Density } from "../../state/preferences";
import { texts } from "../../texts";
import { Icon } from "../../ui/icon";
import { kindOf, subtitle } from "../items/item-type";
import { Tile } from "../items/tile";

const HEIGHTS: Record<Density, number> = { comfortable: 60, compact: 44 }; // pixels

/** The height of a row in pixels; --row-height in the styles. */
export const rowHeight = computed(() => HEIGHTS[preferences.value.density]);

/** ID of the item whose actions are shown. */
export const targeted = signal("");

/** One item in the list. Its check mark is for pointers; keys are handled by the list. */
export function Row({
  item,
  index,
  total,
  current,
  selected,
  active,
}: {
  item: Summary;
  index: number;
  total: number;
  current: boolean;
  selected: boolean | null;
  active: boolean;
}) {
  const { common, list: text } = texts.value;
  const name = item.unreadable ? item.title || text.unreadable : item.title;
  return (
    <div
      class="row"
      role="option"
      id={`row-${item.id}`}
      aria-selected={selected ?? current}
      aria-posinset={index + 1}
      aria-setsize={total}
      data-active={active}
      data-current={current}
      data-targeted={targeted.value === item.id}
      data-index={index}
      style={{ transform: `translateY(${index * rowHeight.value}px)` }}
    >
      <span class="row-mark">
        <Tile type={item.type} title={name} unreadable={!!item.unreadable} />
        {!item.unreadable && !readOnly.value && (
          <span class="row-check" data-on={!!selected}>
            <span>{selected && <Icon name="check" />}</span>
          </span>
        )}
      </span>
      <span class="row-text">
        <span class="row-title" dir="auto">
          {name}
        </span>
        <span class="row-sub" dir="auto">
          {subtitle(item)}
        </span>
      </span>
      {item.pending && (
        <span class="row-pending" title={text.pending}>
          <Icon name="wait" />
          <span class="visually-hidden">{text.pending}</span>
        </span>
      )}
      {item.favourite && (
        <span class="row-star" title={common.favourite}>
          <Icon name="star" filled />
        </span>
      )}
      <span class="visually-hidden">{kindOf(item.type).one}</span>
    </div>
  );
}
