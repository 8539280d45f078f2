// The search field, its suggestions for operators, and what the search has to say about them.
import type { Hint } from "../../core/protocol.gen";
import { preferences } from "../../state/app";
import { searchHelpOpen } from "../../state/dialogs";
import { href } from "../../state/route";
import { closest, counts, filter, query, search, shown } from "../../state/vault";
import { texts } from "../../texts";
import { Icon } from "../../ui/icon";
import { matching, type Suggestion, useSuggestions } from "../../ui/suggestions";
import { TYPES } from "../items/fields.gen";
import { heading } from "./filters";

/** The values of the operators; app/client/replica/query.go evaluates them. */
export const VALUES: Record<string, readonly string[]> = {
  type: TYPES,
  has: ["attachment", "field", "note", "password", "tag", "totp", "url", "username"],
  is: ["archived", "exposed", "favourite", "old", "reused", "trashed", "weak"],
};

const quote = (value: string) => `"${value.replaceAll('"', " ")}"`;

/** Suggests values for the operator at the end of a query. Each suggestion is the whole query. */
export function suggestionsFor(words: string, tags: string[]): Suggestion[] {
  const at = /(^|\s)(-?)(type|has|is|tag):(?:"([^"]*)|([^"\s]*))$/i.exec(words);
  if (!at) return [];
  const [, space, not, name, quoted, plain] = at;
  const operator = name!.toLowerCase();
  const before = words.slice(0, at.index) + space + not + operator;
  const values = matching([...(VALUES[operator] ?? tags)], quoted ?? plain ?? "");
  if (values.length === 1 && values[0] === plain) return [];
  return values.map((value) => ({
    value: `${before}:${/^[^\s"]+$/.test(value) ? value : quote(value)} `,
    label: value,
  }));
}

export function SearchBox({ onDown }: { onDown: () => void }) {
  const text = texts.value.list;
  const options = suggestionsFor(
    query.value,
    counts.value.tags.map(([tag]) => tag),
  );
  const suggestions = useSuggestions(text.suggestions, options, (words) => search(words));
  const place = filter.value.by === "all" ? text.placeholder : text.within({ place: heading(filter.value) });
  return (
    <div class="search" role="search">
      <Icon name="search" />
      <input
        id="search"
        type="search"
        {...suggestions.attributes}
        aria-label={text.search}
        placeholder={place}
        value={query.value}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        onInput={(e) => {
          suggestions.show();
          search(e.currentTarget.value);
        }}
        onBlur={suggestions.close}
        onKeyDown={(e) => {
          if (suggestions.onKey(e)) return;
          if (e.key === "Escape" && query.value) {
            e.preventDefault();
            search("");
          } else if (e.key === "ArrowDown" || e.key === "Enter") {
            e.preventDefault();
            onDown();
          }
        }}
      />
      {query.value ? (
        <button type="button" class="search-clear" aria-label={text.clear} onClick={() => search("")}>
          <Icon name="close" />
        </button>
      ) : (
        <>
          {preferences.value.singleKeys && <kbd aria-hidden="true">/</kbd>}
          <button
            type="button"
            class="search-clear"
            aria-label={text.help}
            title={text.help}
            onClick={() => (searchHelpOpen.value = true)}
          >
            <Icon name="unknown" />
          </button>
        </>
      )}
      {suggestions.popup}
    </div>
  );
}

function remark({ code, word = "" }: Hint): string {
  const { hints } = texts.value.list;
  switch (code) {
    case "unknown_operator":
      return hints.unknown_operator({ word });
    case "unknown_value":
      return hints.unknown_value({ word });
    default:
      return hints[code];
  }
}

/** What the core remarks about the query, and where it searched. */
export function SearchNotes() {
  const text = texts.value.list;
  if (!query.value.trim()) return null;
  const { hints, total } = shown.value;
  return (
    <>
      {hints?.map((h) => (
        <p key={h.code + (h.word ?? "")} class="list-note">
          {remark(h)}
          {h.code.startsWith("unknown") && (
            <>
              {" "}
              <button type="button" class="link" onClick={() => (searchHelpOpen.value = true)}>
                {text.help}
              </button>
            </>
          )}
        </p>
      ))}
      {filter.value.by !== "all" && total > 0 && (
        <p class="list-note">
          {text.only({ place: heading(filter.value) })}{" "}
          <button type="button" class="link" onClick={() => search(query.value, { by: "all" })}>
            {text.everywhere}
          </button>
        </p>
      )}
    </>
  );
}

export function Closest() {
  if (closest.value.length === 0) return null;
  return (
    <div class="closest">
      <p>{texts.value.list.closest}</p>
      <ul>
        {closest.value.map((s) => (
          <li key={s.id}>
            <a class="button" href={href("item", s.id)}>
              <bdi>{s.title}</bdi>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
