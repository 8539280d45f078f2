// The tags of the vault, as filters. They are one tab stop: arrow keys move between them.
import { useId, useRef, useState } from "preact/hooks";
import { readOnly } from "../../state/app";
import { editedTag } from "../../state/dialogs";
import { counts, filter } from "../../state/vault";
import { texts } from "../../texts";
import { Icon } from "../../ui/icon";
import { fits } from "../../ui/words";
import { FilterButton } from "./filters";

const MANY = 8; // more tags get a search field

function Search({ value, onInput }: { value: string; onInput: (words: string) => void }) {
  const label = texts.value.filters.findTag;
  return (
    <div class="search tag-search">
      <Icon name="search" />
      <input
        type="search"
        aria-label={label}
        placeholder={label}
        value={value}
        autocomplete="off"
        spellcheck={false}
        onInput={(e) => onInput(e.currentTarget.value)}
        onKeyDown={(e) => {
          if (e.key !== "Escape" || !value) return;
          e.preventDefault();
          e.stopPropagation();
          onInput("");
        }}
      />
    </div>
  );
}

/** For pointers. The menu key and the button at the head of the tag's list do the same. */
function EditButton({ tag, onEdit }: { tag: string; onEdit: () => void }) {
  const label = texts.value.tagDialog.edit({ tag });
  return (
    <button type="button" class="nav-edit" tabIndex={-1} aria-label={label} title={label} onClick={onEdit}>
      <Icon name="edit" />
    </button>
  );
}

/** The buttons, with a search field if there are many. `labelledBy` is the ID of the heading. */
export function TagFilters({ labelledBy, onChosen }: { labelledBy: string; onChosen?: () => void }) {
  const { tags } = counts.value;
  const [words, setWords] = useState("");
  const [focused, setFocused] = useState("");
  const list = useRef<HTMLUListElement>(null);
  const found = tags.filter(([tag]) => fits(tag, words));
  const has = (tag: string) => found.some(([t]) => t === tag);
  const current = filter.value.by === "tag" ? filter.value.tag : "";
  const stop = [focused, current].find(has) ?? found[0]?.[0];

  const edit = (tag: string) => {
    onChosen?.();
    editedTag.value = tag;
  };

  function onKeyDown(e: KeyboardEvent) {
    const buttons = [...list.current!.querySelectorAll<HTMLButtonElement>("button.nav-item")];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[e.key];
    if (to === undefined || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    buttons[to]?.focus();
  }

  return (
    <>
      {tags.length > MANY && <Search value={words} onInput={setWords} />}
      <ul ref={list} class="tag-filters" aria-labelledby={labelledBy} onKeyDown={onKeyDown}>
        {found.map(([tag, count]) => (
          <li
            key={tag}
            onFocusCapture={() => setFocused(tag)}
            onContextMenu={(e) => {
              if (readOnly.value) return;
              e.preventDefault();
              edit(tag);
            }}
          >
            <FilterButton by={{ by: "tag", tag }} count={count} tabIndex={tag === stop ? 0 : -1} onChosen={onChosen} />
            {!readOnly.value && <EditButton tag={tag} onEdit={() => edit(tag)} />}
          </li>
        ))}
      </ul>
      <p class="tag-none" role="status">
        {found.length === 0 && texts.value.filters.noTag}
      </p>
    </>
  );
}

/** The tags in the sidebar, below a heading that folds them. */
export function TagSection({ open, onToggle }: { open: boolean; onToggle: () => void }) {
  const id = useId();
  const { common } = texts.value;
  if (counts.value.tags.length === 0) return null;
  return (
    <section class="tag-section" aria-labelledby={id}>
      <h2>
        <button type="button" class="nav-head" id={id} aria-expanded={open} onClick={onToggle}>
          {common.tags}
          <Icon name="chevron" />
        </button>
      </h2>
      {open && <TagFilters labelledBy={id} />}
    </section>
  );
}
