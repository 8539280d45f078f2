// The form that adds or edits an item.

import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { type Field, type Item, type ItemType, MAX_TITLE } from "../../core/protocol.gen";
import { phase } from "../../state/app";
import { dropDraft, keepDraft } from "../../state/draft";
import { keyOf } from "../../state/keys";
import { go, guard } from "../../state/route";
import { texts } from "../../texts";
import { Button, Heading } from "../../ui/controls";
import { Confirm, Dialog } from "../../ui/dialog";
import { Check, OwnFields, PasswordField, Segments, TextArea, TextField } from "../../ui/field";
import { focusOnce } from "../../ui/focus";
import { Icon } from "../../ui/icon";
import { useKeys } from "../../ui/keys";
import { StrengthMeter, useStrength } from "../../ui/strength";
import { Problem, useTask } from "../../ui/task";
import { Generator } from "../generator/generator";
import { PARTS, TYPES } from "./fields.gen";
import { kindOf } from "./item-type";
import { CustomFields, siteName, Urls } from "./list-fields";
import { isBadKey, OneTimeField } from "./one-time-code";
import { PartForm } from "./part-form";
import { knownTags, TagField, UsernameField, withTags } from "./tag-field";

/** The item as the form edits it: lists have an empty row, which saving removes. */
export const edited = (item: Item): Item => ({ ...item, urls: item.urls?.length ? item.urls : [""], fields: item.fields ?? [] });

const LOGIN: (keyof Item)[] = ["username", "password", "urls", "match", "totp"];

/** What only this type has: the part of its name, or the values of a login. */
const ownOf = (type: ItemType) => (type === "login" ? LOGIN : PARTS.filter((part) => part === type));

/** The item as another type, without the parts of the other types. `typed` has what was typed under the types before. */
export function retyped(item: Item, type: ItemType, typed: Partial<Item>): Item {
  const next = { ...typed, ...item, type };
  for (const other of TYPES) if (other !== type) for (const part of ownOf(other)) delete next[part];
  return next;
}

export const tidy = (item: Item): Item => ({
  ...item,
  title: item.title.trim(),
  urls: item.urls?.filter((u) => u.trim()),
});

export function ItemForm({
  item,
  restored,
  generator = false,
  onSave,
  onDone,
}: {
  item: Item;
  restored?: Item; // the draft from before the vault was locked
  generator?: boolean; // open at first
  onSave: (item: Item) => Promise<string>;
  onDone: (saved?: string) => void;
}) {
  const { common, itemForm: text } = texts.value;
  const start = useMemo(() => edited(item), [item.id]);
  const [draft, setDraft] = useState(() => (restored ? edited(restored) : start));
  const [tag, setTag] = useState(""); // in the input field
  const [untitled, setUntitled] = useState(false);
  const [keyDoubted, setKeyDoubted] = useState(false); // the dialog about a bad authenticator key is open
  const accepted = useRef(start.totp ?? ""); // the authenticator key that is not questioned
  const typed = useRef<Partial<Item>>({}); // under other types
  const [generating, setGenerating] = useState(generator);
  const titleRef = useRef<HTMLInputElement>(null);
  const task = useTask();
  const dirty = useRef(false);
  const drafted = useRef(false); // this form has stored a draft
  const strength = useStrength(draft.password ?? "", [draft.title, draft.username ?? ""]);

  const whole = { ...draft, tags: withTags(draft.tags ?? [], tag, knownTags()) };
  const now = JSON.stringify(whole);
  dirty.current = now !== JSON.stringify({ ...start, tags: start.tags ?? [] });
  useEffect(() => guard(() => dirty.current), []);
  // In the same frame as the change: the vault may be locked in the next one.
  useLayoutEffect(() => {
    if (dirty.current) keepDraft(whole);
    else if (drafted.current) dropDraft();
    drafted.current ||= dirty.current;
  }, [now]);
  // A form that closes while the vault is open was saved or discarded.
  useEffect(
    () => () => {
      if (drafted.current && phase.value.at === "unlocked") dropDraft();
    },
    [],
  );

  const change = (part: Partial<Item>) => {
    setUntitled(false);
    setDraft((d) => ({ ...d, ...part }));
  };
  const nameBySite = (url: string) => {
    if (!draft.title.trim() && siteName(url)) change({ title: siteName(url) });
  };
  const changeType = (type: ItemType) => {
    typed.current = { ...typed.current, ...draft };
    setUntitled(false);
    setDraft(retyped(draft, type, typed.current));
  };
  const save = () => {
    if (!draft.title.trim()) {
      setUntitled(true);
      titleRef.current?.focus();
      return;
    }
    task.run(async () => {
      const wanted = tidy(whole);
      if (await isBadKey(wanted.totp ?? "", accepted.current)) {
        setKeyDoubted(true);
        return;
      }
      if (Object.values(wanted.match ?? {}).includes("regexp")) await api.checkPatterns(wanted);
      const id = await onSave(wanted);
      dirty.current = false;
      onDone(id);
    });
  };
  const cancel = () => (item.id ? go("item", item.id) : go("vault"));
  useKeys((e) => {
    const command = (e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey;
    if (command && ["s", "Enter"].includes(keyOf(e))) return save;
    return e.key === "Escape" && !dirty.current ? cancel : undefined;
  });
  const heading = item.id ? text.editTitle({ title: item.title }) : common.newItem;

  return (
    <OwnFields.Provider value={true}>
      <form
        class="item item-form"
        noValidate
        onSubmit={(e) => {
          e.preventDefault();
          save();
        }}
      >
        <div class="item-bar">
          <Heading title={heading} level={2} focus={!!item.id}>
            {heading}
          </Heading>
          <div class="item-tools">
            <Button kind="quiet" onClick={cancel}>
              {common.cancel}
            </Button>
            <Button type="submit" kind="primary" icon="check" busy={task.busy}>
              {text.save}
            </Button>
          </div>
        </div>
        <Problem error={task.error} />
        {!item.id && (
          <Segments<ItemType>
            label={text.type}
            value={draft.type}
            onChange={changeType}
            options={TYPES.map((t) => ({ value: t, label: kindOf(t).one }))}
          />
        )}
        <TextField
          label={text.title}
          value={draft.title}
          onInput={(title) => change({ title })}
          required
          maxLength={MAX_TITLE}
          error={untitled ? text.titleNeeded : null}
          placeholder={draft.type === "login" ? text.titleExample : undefined}
          inputRef={(el: HTMLInputElement | null) => {
            titleRef.current = el;
            if (!item.id) focusOnce(el);
          }}
        />
        {draft.type === "login" && (
          <>
            <UsernameField value={draft.username ?? ""} onInput={(username) => change({ username })} />
            <PasswordField
              label={common.password}
              value={draft.password ?? ""}
              autocomplete="off"
              onInput={(password) => change({ password })}
              hint={draft.password ? <StrengthMeter strength={strength} /> : undefined}
              trailing={
                <button
                  type="button"
                  class="button button-plain generate"
                  aria-label={text.generate}
                  title={text.generate}
                  onClick={() => setGenerating(true)}
                >
                  <Icon name="generate" />
                  <span>{text.generateShort}</span>
                </button>
              }
            />
            <Urls urls={draft.urls ?? []} match={draft.match ?? {}} onChange={change} onLeave={nameBySite} />
            <OneTimeField value={draft.totp ?? ""} onInput={(totp) => change({ totp })} />
          </>
        )}
        <PartForm item={draft} onChange={change} />
        <TextArea
          label={common.notes}
          value={draft.notes ?? ""}
          onInput={(notes) => change({ notes })}
          rows={draft.type === "note" ? 12 : 4}
        />
        <CustomFields fields={draft.fields ?? []} onChange={(fields: Field[]) => change({ fields })} />
        <TagField tags={draft.tags ?? []} typed={tag} onType={setTag} onChange={(tags) => change({ tags })} />
        <Check label={common.favourite} checked={!!draft.favourite} onChange={(favourite) => change({ favourite })} />
        <Check
          label={text.reprompt}
          hint={text.repromptHint}
          checked={!!draft.reprompt}
          onChange={(reprompt) => change({ reprompt })}
        />
        {keyDoubted && (
          <Confirm
            title={text.keyDoubted}
            action={text.saveAnyway}
            onClose={() => setKeyDoubted(false)}
            onConfirm={() => {
              setKeyDoubted(false);
              accepted.current = draft.totp ?? "";
              save();
            }}
          >
            <p>{texts.value.oneTimeCode.badKey}</p>
          </Confirm>
        )}
        {generating && (
          <Dialog title={text.generate} onClose={() => setGenerating(false)}>
            <div class="dialog-body">
              <Generator
                useLabel={text.use}
                onUse={(password) => {
                  change({ password });
                  setGenerating(false);
                }}
              />
            </div>
          </Dialog>
        )}
      </form>
    </OwnFields.Provider>
  );
}
