// The palette: one field that finds items and commands. It is a combobox with a listbox, as in the ARIA Authoring Practices.
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import type { Summary } from "../../core/protocol.gen";
import { preferences, setPreferences } from "../../state/app";
import { handled } from "../../state/app-errors";
import { type Copied, copyField } from "../../state/copy-field";
import { go } from "../../state/route";
import { all } from "../../state/vault";
import { texts } from "../../texts";
import { IconButton } from "../../ui/controls";
import { useModal } from "../../ui/dialog";
import { Icon, type IconName } from "../../ui/icon";
import { fits, fold } from "../../ui/words";
import { subtitle } from "../items/item-type";
import { Tile } from "../items/tile";
import { type Command, commands } from "./commands";

interface Choice {
  key: string;
  label: string;
  mark: Summary | IconName;
  more?: string; // after the label
  keywords?: string;
  keys?: string;
  remember?: string; // the key among the recent choices
  stays?: boolean; // keeps the palette open
  run: () => void;
}

interface Group {
  name: string;
  choices: Choice[];
}

const MOST_HITS = 7;
const MOST_RECENT = 6;

const singleKey = (key: string) => (preferences.value.singleKeys ? key : undefined);

const ofCommand = (c: Command): Choice => ({
  key: `command ${c.name}`,
  label: c.label(),
  keywords: c.keywords?.(),
  mark: c.icon,
  keys: c.keys?.length === 1 ? singleKey(c.keys) : c.keys,
  remember: `command ${c.name}`,
  run: c.run,
});

const ofItem = (s: Summary): Choice => ({
  key: `item ${s.id}`,
  label: s.title || texts.value.list.unreadable,
  mark: s,
  more: subtitle(s),
  remember: `item ${s.id}`,
  run: () => go("item", s.id),
});

/** The fields of the best result that can be copied directly. */
function copies(s: Summary): Choice[] {
  const { palette: text } = texts.value;
  const choice = (what: Copied, label: string, key: string): Choice => ({
    key: `${what} ${s.id}`,
    label,
    mark: "copy",
    more: s.title,
    keys: singleKey(key),
    remember: `item ${s.id}`,
    run: () => void copyField(s.id, what),
  });
  if (s.type !== "login" || s.unreadable) return [];
  return [
    choice("password", text.copyPassword, "C"),
    ...(s.username ? [choice("username", text.copyUsername, "U")] : []),
    ...(s.code ? [choice("code", text.copyCode, "T")] : []),
  ];
}

function recent(): Choice[] {
  return preferences.value.recent.flatMap((key) => {
    const item = all.value?.find((s) => `item ${s.id}` === key);
    const command = commands().find((c) => `command ${c.name}` === key);
    return [...(item ? [ofItem(item)] : []), ...(command ? [ofCommand(command)] : [])];
  });
}

async function find(query: string): Promise<Summary[]> {
  return query.trim() ? (await api.list({ query, limit: MOST_HITS })).items : [];
}

/** The latest search results, and whether they belong to the current query. */
function useHits(words: string): { hits: Summary[]; fresh: boolean } {
  const [found, setFound] = useState<{ words: string; hits: Summary[] }>({ words, hits: [] });
  useEffect(() => {
    let current = true;
    const show = (hits: Summary[]) => current && setFound({ words, hits });
    find(words).then(show, (e: unknown) => {
      handled(e);
      show([]);
    });
    return () => {
      current = false;
    };
  }, [words, all.value]); // an indexed item can have a code
  return { hits: found.hits, fresh: found.words === words };
}

export function groupsOf(words: string, hits: Summary[], pick: Copied | null, onPick: (what: Copied) => void): Group[] {
  const { palette: text } = texts.value;
  const asked = words.trim();
  if (pick) {
    const from = asked ? hits : (all.value ?? []).slice(0, MOST_HITS);
    return [
      {
        name: text.items,
        choices: from.map((s) => ({ ...ofItem(s), run: () => void copyField(s.id, pick) })),
      },
    ];
  }
  const picks = (["password", "username", "code"] as const).map(
    (what): Choice => ({ key: `pick ${what}`, label: text.pick[what], mark: "copy", stays: true, run: () => onPick(what) }),
  );
  const offered = [...picks, ...commands().map(ofCommand)];
  const last = recent();
  if (!asked) {
    return [
      { name: text.recent, choices: last },
      { name: text.commands, choices: offered.filter((c) => !last.some((r) => r.key === c.key)) },
    ];
  }
  const items = hits.flatMap((s, i) => (i === 0 ? [ofItem(s), ...copies(s)] : [ofItem(s)]));
  const byLabel = offered.filter((c) => fits(c.label, asked));
  const byKeyword = offered.filter((c) => !byLabel.includes(c) && fits(`${c.label} ${c.keywords ?? ""}`, asked));
  const found = { name: text.commands, choices: [...byLabel, ...byKeyword] };
  const named = found.choices.some((c) => fold(c.label).startsWith(fold(asked)));
  return named ? [found, { name: text.items, choices: items }] : [{ name: text.items, choices: items }, found];
}

export function Palette({ onClose }: { onClose: () => void }) {
  const {
    common,
    palette: text,
    shortcuts: { keys },
  } = texts.value;
  const dialog = useModal();
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [words, setWords] = useState("");
  const [pick, setPick] = useState<Copied | null>(null);
  const [at, setAt] = useState(0);
  const [hasty, setHasty] = useState(false); // Enter was pressed before the results arrived
  const { hits, fresh } = useHits(words);
  const groups = groupsOf(words, hits, pick, (what) => {
    setPick(what);
    setWords("");
  }).filter((g) => g.choices.length > 0);
  const choices = groups.flatMap((g) => g.choices);
  const active = Math.min(at, choices.length - 1);

  useLayoutEffect(() => setAt(0), [words, pick]);
  useLayoutEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }), [active]);

  useEffect(() => {
    if (!hasty || !fresh) return;
    setHasty(false);
    if (choices[active]) run(choices[active]);
  }, [hasty, fresh]);

  function run(choice: Choice) {
    if (!choice.stays) onClose();
    if (choice.remember) {
      const others = preferences.value.recent.filter((r) => r !== choice.remember);
      setPreferences({ recent: [choice.remember, ...others].slice(0, MOST_RECENT) });
    }
    choice.run();
  }

  function onKeyDown(e: KeyboardEvent) {
    const last = choices.length - 1;
    const to = { ArrowDown: active < last ? active + 1 : 0, ArrowUp: active > 0 ? active - 1 : last, PageDown: last, PageUp: 0 }[
      e.key
    ];
    const choice = choices[active];
    if (to !== undefined) setAt(to);
    else if (e.key === "Enter" && !fresh && !e.isComposing) setHasty(true);
    else if (e.key === "Enter" && choice && !e.isComposing) run(choice);
    else if (e.key === "Backspace" && !words && pick) setPick(null);
    else return;
    e.preventDefault();
  }

  let n = 0;
  return (
    <dialog
      ref={dialog}
      class="dialog palette"
      aria-label={text.title}
      onClick={(e) => e.target === e.currentTarget && onClose()}
      onCancel={(e) => {
        e.preventDefault();
        onClose();
      }}
    >
      <div class="palette-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          aria-label={pick ? text.whose[pick] : text.label}
          aria-autocomplete="list"
          aria-expanded={choices.length > 0}
          aria-controls={`${id}-list`}
          aria-activedescendant={choices.length > 0 ? `${id}-${active}` : undefined}
          dir="auto"
          placeholder={pick ? text.whose[pick] : text.placeholder}
          autocomplete="off"
          spellcheck={false}
          value={words}
          onInput={(e) => {
            setHasty(false);
            setWords(e.currentTarget.value);
          }}
          onKeyDown={onKeyDown}
        />
        <IconButton icon="close" label={common.close} onClick={onClose} />
      </div>
      <div
        ref={list}
        class="palette-list"
        id={`${id}-list`}
        role="listbox"
        aria-label={text.title}
        onMouseDown={(e) => e.preventDefault() /* the focus stays in the field */}
      >
        {groups.map((g, i) => (
          <div key={g.name} role="group" aria-labelledby={`${id}-group-${i}`}>
            <p class="palette-head" id={`${id}-group-${i}`} role="presentation">
              {g.name}
            </p>
            {g.choices.map((c) => {
              const index = n++;
              return <Option key={c.key} id={`${id}-${index}`} choice={c} active={index === active} onRun={() => run(c)} />;
            })}
          </div>
        ))}
      </div>
      {choices.length === 0 && <p class="palette-none">{text.none}</p>}
      <p class="palette-foot" aria-hidden="true">
        {(
          [
            ["move", "↑", "↓"],
            ["choose", keys.enter],
            ["close", keys.esc],
          ] as const
        ).map(([what, ...names]) => (
          <span key={what}>
            {names.map((name) => (
              <kbd key={name}>{name}</kbd>
            ))}
            {text.hints[what]}
          </span>
        ))}
      </p>
      <p class="visually-hidden" role="status">
        {words.trim() && text.results({ count: choices.length })}
      </p>
    </dialog>
  );
}

function Option({ id, choice, active, onRun }: { id: string; choice: Choice; active: boolean; onRun: () => void }) {
  const { label, mark, more, keys } = choice;
  return (
    <div class="palette-option" id={id} role="option" aria-selected={active} onClick={onRun}>
      {typeof mark === "string" ? (
        <span class="palette-icon">
          <Icon name={mark} />
        </span>
      ) : (
        <Tile type={mark.type} title={mark.title} unreadable={!!mark.unreadable} />
      )}
      <span class="palette-label" dir="auto">
        {label}
      </span>
      {more && (
        <span class="palette-more" dir="auto">
          {more}
        </span>
      )}
      {keys && <kbd aria-hidden="true">{keys}</kbd>}
    </div>
  );
}
