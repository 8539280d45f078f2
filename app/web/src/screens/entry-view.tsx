import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import * as api from "../core/api";
import type { Item } from "../core/types";
import { m } from "../messages";
import { copyPlain, copySecret } from "../state/clipboard";
import { toast } from "../state/app";
import { refresh, setFavourite } from "../state/vault";
import { fail } from "../state/session";
import { tellOthers } from "../state/tabs";
import { Button, Heading, IconButton } from "../ui/controls";
import { Confirm } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Problem, useTask } from "../ui/task";
import { CARD_FIELDS, IDENTITY_FIELDS } from "./fields";
import { History } from "./history";
import { hostOf, kindOf, openable, when } from "./kinds";
import { Secret } from "./secret";
import { Tile } from "./tile";

/** A label, its value and what can be done with it. */
function Line({ label, children, actions }:
  { label: string; children: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <div class="line">
      <dt>{label}</dt>
      <dd><div class="line-value">{children}</div>{actions && <div class="line-actions">{actions}</div>}</dd>
    </div>
  );
}

function PlainLine({ label, value }: { label: string; value: string | undefined }) {
  const { common } = m.value;
  if (!value) return null;
  return (
    <Line label={label} actions={<IconButton icon="copy" label={common.copy(label)}
      onClick={() => void copyPlain(value, label)} />}>{value}</Line>
  );
}

function SecretLine({ label, value, plainWhenShown }: { label: string; value: string | undefined; plainWhenShown?: boolean }) {
  const { common } = m.value;
  const [visible, setVisible] = useState(false);
  if (!value) return null;
  return (
    <Line label={label} actions={<>
      <IconButton icon={visible ? "eyeOff" : "eye"} label={common.show(label)} pressed={visible}
        onClick={() => setVisible(!visible)} />
      <IconButton icon="copy" label={common.copy(label)} onClick={() => void copySecret(value, label)} />
    </>}><Secret value={value} visible={visible} plain={plainWhenShown} /></Line>
  );
}

function AddressLine({ url }: { url: string }) {
  const text = m.value.entryView;
  const link = openable(url);
  const host = hostOf(url);
  return (
    <Line label={text.url} actions={<>
      {link && (
        <a class="icon-button" href={link} target="_blank" rel="noopener noreferrer" aria-label={text.open(host)}
          title={text.open(host)}><Icon name="open" /></a>
      )}
      <IconButton icon="copy" label={text.copyUrl(host)} onClick={() => void copyPlain(url, text.url)} />
    </>}>
      {link ? <a href={link} target="_blank" rel="noopener noreferrer">{url}</a> : <span title={text.unsafe}>{url}</span>}
    </Line>
  );
}

const expiry = (item: Item) =>
  [item.card?.expiry_month?.padStart(2, "0"), item.card?.expiry_year].filter(Boolean).join(" / ");

function Lines({ item }: { item: Item }) {
  const { card, common, entryView: text, identity } = m.value;
  const main = (
    <>
      <PlainLine label={common.username} value={item.username} />
      <SecretLine label={common.password} value={item.password} />
      <SecretLine label={common.totpKey} value={item.totp} plainWhenShown />
      {CARD_FIELDS.map((f) => (f.hidden
        ? <SecretLine key={f.key} label={card[f.key]} value={item.card?.[f.key]} />
        : <PlainLine key={f.key} label={card[f.key]} value={item.card?.[f.key]} />))}
      <PlainLine label={text.expiry} value={expiry(item)} />
      {IDENTITY_FIELDS.map((f) => (f.hidden
        ? <SecretLine key={f.key} label={identity[f.key]} value={item.identity?.[f.key]} />
        : <PlainLine key={f.key} label={identity[f.key]} value={item.identity?.[f.key]} />))}
      {item.urls?.map((url) => <AddressLine key={url} url={url} />)}
      {item.fields?.map((f, i) => (f.kind === "hidden"
        ? <SecretLine key={i} label={f.name || text.field} value={f.value} />
        : <PlainLine key={i} label={f.name || text.field} value={f.value} />))}
      {item.notes && (
        <Line label={common.notes} actions={<IconButton icon="copy" label={common.copy(common.notes)}
          onClick={() => void copySecret(item.notes!, common.notes)} />}><p class="notes">{item.notes}</p></Line>
      )}
      {!!item.tags?.length && (
        <Line label={common.tags}><ul class="tags">{item.tags.map((t) => <li key={t}>{t}</li>)}</ul></Line>
      )}
    </>
  );
  return <dl class="lines">{main}</dl>;
}

const isBare = (i: Item) =>
  !(i.username || i.password || i.totp || i.notes || i.card || i.identity || i.urls?.length || i.fields?.length || i.tags?.length);

export function EntryView({ item, back, onEdit, onDeleted }:
  { item: Item; back: ComponentChildren; onEdit: () => void; onDeleted: () => void }) {
  const { common, entryView: text } = m.value;
  const [deleting, setDeleting] = useState(false);
  const [star, setStar] = useState(!!item.favourite);
  const task = useTask();

  const mark = () => {
    setStar(!star);
    setFavourite(item.id, !star).then(() => tellOthers("changed"), (e: unknown) => {
      setStar(star);
      if (!fail(e)) toast(text.starNotSaved, "problem");
    });
  };
  const remove = () => task.run(async () => {
    await api.remove({ ids: [item.id] });
    setDeleting(false);
    onDeleted();
    await refresh();
    tellOthers("changed");
    toast(text.deleted);
  });

  return (
    <article class="entry">
      <div class="entry-bar">
        {back}
        <div class="entry-tools">
          <IconButton icon="star" label={common.favourite} pressed={star} filled={star} onClick={mark} />
          <IconButton icon="trash" label={text.remove} onClick={() => setDeleting(true)} />
          <Button kind="plain" icon="edit" onClick={onEdit}>{text.edit}</Button>
        </div>
      </div>
      <header class="entry-head">
        <Tile type={item.type} title={item.title} large />
        <div>
          <Heading title={item.title} level={2}>{item.title}</Heading>
          <p class="entry-kind">{kindOf(item.type).one}</p>
        </div>
      </header>
      {isBare(item) ? <p class="lead">{text.nothing}</p> : <Lines item={item} />}
      <History id={item.id} modified={item.modified} hasPassword={!!item.password} />
      <p class="entry-times">
        {when(item.modified) && <span>{text.changed(when(item.modified))}</span>}
        {when(item.created) && <span>{text.created(when(item.created))}</span>}
      </p>
      {deleting && (
        <Confirm title={text.deleteTitle(item.title)} action={text.remove} danger busy={task.busy}
          onConfirm={remove} onClose={() => setDeleting(false)}>
          <p>{text.deleteBody}</p>
          <Problem error={task.error} />
        </Confirm>
      )}
    </article>
  );
}
