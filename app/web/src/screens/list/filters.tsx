// The filters of the list, as buttons in the sidebar and in the filter sheet.
import { go, pageOf, route } from "../../state/route";
import { counts, type Filter, filter, query, search } from "../../state/vault";
import { locale, texts } from "../../texts";
import { Icon, type IconName } from "../../ui/icon";
import { TYPES } from "../items/fields.gen";
import { kindOf } from "../items/item-type";

export function heading(f: Filter): string {
  const { archive, common, trash } = texts.value;
  switch (f.by) {
    case "all":
      return common.allItems;
    case "favourite":
      return common.favourites;
    case "type":
      return kindOf(f.type).many;
    case "tag":
      return f.tag;
    case "archive":
      return archive.title;
    case "trash":
      return trash.title;
  }
}

const iconOf = (f: Filter): IconName => {
  if (f.by === "type") return kindOf(f.type).icon;
  return ({ all: "all", favourite: "star", tag: "tag", archive: "archive", trash: "trash" } as const)[f.by];
};

export const sameFilter = (a: Filter, b: Filter) => JSON.stringify(a) === JSON.stringify(b);

const countOf = (f: Filter): number | undefined => {
  const { by, tags } = counts.value;
  if (f.by === "tag") return tags.find(([tag]) => tag === f.tag)?.[1];
  return by[f.by === "type" ? f.type : f.by];
};

/** The filter as an operator of the search. */
function termOf(by: Filter): string {
  switch (by.by) {
    case "all":
      return "";
    case "favourite":
      return "is:favourite";
    case "archive":
      return "is:archived";
    case "trash":
      return "is:trashed";
    case "type":
      return `type:${by.type}`;
    case "tag":
      return `tag:"${by.tag.replaceAll('"', " ")}"`;
  }
}

/** Adds a filter to the words of the search, or takes it out again. */
export function withFilter(words: string, by: Filter): string {
  const term = termOf(by);
  const rest = words.replace(term, " ").replace(/\s+/g, " ").trim();
  if (!term || words.includes(term)) return rest;
  return `${rest} ${term} `.trimStart();
}

const GROUPS: Filter[][] = [
  [{ by: "all" }, { by: "favourite" }],
  TYPES.map((type) => ({ by: "type", type })),
  [{ by: "archive" }, { by: "trash" }],
];

/** The filters without tags, in groups. Types and an archive without items are left out. */
export const filterGroups = () =>
  GROUPS.map((group) =>
    group.filter((f) => (f.by !== "type" && f.by !== "archive") || countOf(f) || sameFilter(f, filter.value)),
  ).filter((group) => group.length > 0);

export function FilterButton({
  by,
  count = countOf(by),
  tabIndex,
  onChosen,
}: {
  by: Filter;
  count?: number;
  tabIndex?: number;
  onChosen?: () => void;
}) {
  const inVault = !pageOf(route.value);
  const label = heading(by);
  return (
    <button
      type="button"
      class="nav-item"
      title={by.by === "tag" ? label : undefined}
      tabIndex={tabIndex}
      aria-current={inVault && sameFilter(filter.value, by) ? "true" : undefined}
      onClick={(e) => {
        onChosen?.();
        if (e.ctrlKey || e.metaKey) search(withFilter(query.value, by));
        else search(query.value, by);
        go("vault");
      }}
    >
      <Icon name={iconOf(by)} />
      <span class="nav-label" dir="auto">
        {label}
      </span>
      {!!count && <span class="nav-count">{count.toLocaleString(locale.value)}</span>}
    </button>
  );
}
