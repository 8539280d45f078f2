// The tags in the form of an item: tokens, and an input that suggests the tags of the vault.
import { useState } from "preact/hooks";
import { MAX_TAG } from "../../core/protocol.gen";
import { counts } from "../../state/vault";
import { texts } from "../../texts";
import { IconButton } from "../../ui/controls";
import { TextField } from "../../ui/field";
import { matching, useSuggestions } from "../../ui/suggestions";
import { fold } from "../../ui/words";

const sameTag = (a: string, b: string) => fold(a) === fold(b);

/** A tag of the vault that differs only in case and accents, or the name. */
export const asKnown = (name: string, known: string[]) =>
  known.includes(name) ? name : (known.find((t) => sameTag(t, name)) ?? name);

/** The tags with those typed or pasted, separated by commas. A tag of the vault keeps its case. */
export function withTags(tags: string[], typed: string, known: string[]): string[] {
  const all = [...tags];
  for (const part of typed.split(/[,\n]/)) {
    const name = part.trim();
    if (!name || all.some((t) => sameTag(t, name))) continue;
    all.push(asKnown(name, known));
  }
  return all;
}

export const knownTags = () => counts.value.tags.map(([tag]) => tag);

export function TagField({
  tags,
  typed,
  onType,
  onChange,
}: {
  tags: string[];
  typed: string;
  onType: (text: string) => void;
  onChange: (tags: string[]) => void;
}) {
  const { common, itemForm: text } = texts.value;
  const [said, setSaid] = useState("");
  const known = knownTags();
  const name = typed.trim();
  const add = (more: string[]) => {
    onChange(more);
    onType("");
    const added = more.filter((t) => !tags.includes(t));
    if (added.length > 0) setSaid(text.tagAdded({ tag: added.join(", ") }));
  };
  const remove = (tag: string) => {
    onChange(tags.filter((other) => other !== tag));
    setSaid(text.tagRemoved({ tag }));
  };
  const free = known.filter((t) => !tags.includes(t));
  const options = matching(free, name).map((t) => ({ value: t, label: t }));
  const fresh = name && ![...known, ...tags].some((t) => sameTag(t, name));
  if (fresh) options.push({ value: name, label: text.newTag({ tag: name }) });
  const suggestions = useSuggestions(common.tags, options, (tag) => add([...tags, tag]));

  const onKeyDown = (e: KeyboardEvent) => {
    if (!(e.target instanceof HTMLInputElement) || e.isComposing || suggestions.onKey(e)) return;
    if (e.key === "ArrowDown") suggestions.show();
    else if (e.key === "Backspace" && !typed && tags.length > 0) remove(tags.at(-1)!);
    else if (e.key === "Enter" && name && !e.ctrlKey && !e.metaKey) {
      suggestions.close();
      add(withTags(tags, typed, known));
    } else return;
    e.preventDefault(); // Enter would save the form
  };
  const tokens = tags.length > 0 && (
    <ul class="tags" aria-label={common.tags}>
      {tags.map((t) => (
        <li key={t}>
          <span dir="auto">{t}</span>
          <IconButton icon="close" label={text.removeTag({ tag: t })} onClick={() => remove(t)} />
        </li>
      ))}
    </ul>
  );
  return (
    <div
      class="growing tag-field"
      role="presentation"
      onKeyDown={onKeyDown}
      onPaste={(e) => {
        const pasted = e.clipboardData?.getData("text/plain") ?? "";
        if (!(e.target instanceof HTMLInputElement) || !/[,\n]/.test(pasted.trim())) return;
        e.preventDefault();
        add(withTags(tags, `${typed},${pasted}`, known));
      }}
      onFocusOut={suggestions.close}
    >
      <TextField
        label={common.tags}
        value={typed}
        onInput={(value) => {
          suggestions.show();
          const comma = value.lastIndexOf(",");
          if (comma < 0) return onType(value);
          add(withTags(tags, value.slice(0, comma), known));
          onType(value.slice(comma + 1).trimStart());
        }}
        hint={text.tagsHint}
        maxLength={MAX_TAG}
        above={tokens}
        attributes={suggestions.attributes}
        trailing={
          <>
            {name && (
              <IconButton icon="plus" label={text.addTag({ tag: name })} onClick={() => add(withTags(tags, typed, known))} />
            )}
            {suggestions.popup}
          </>
        }
      />
      <span class="visually-hidden" role="status">
        {said}
      </span>
    </div>
  );
}

/** The username of a login, with those that the vault uses most. */
export function UsernameField({ value, onInput }: { value: string; onInput: (value: string) => void }) {
  const { common } = texts.value;
  const options = (value ? matching(counts.value.usernames, value) : counts.value.usernames.slice(0, 6))
    .filter((u) => u !== value)
    .slice(0, 6)
    .map((u) => ({ value: u, label: u }));
  const suggestions = useSuggestions(common.username, options, onInput);
  return (
    <div
      role="presentation"
      onKeyDown={(e) => {
        if (!suggestions.onKey(e) && e.key === "ArrowDown") suggestions.show();
      }}
      onFocusOut={suggestions.close}
    >
      <TextField
        label={common.username}
        value={value}
        onInput={(typed) => {
          suggestions.show();
          onInput(typed);
        }}
        attributes={suggestions.attributes}
        trailing={suggestions.popup}
      />
    </div>
  );
}
