import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import * as api from "../core/api";
import type { Item } from "../core/types";
import { m } from "../messages";
import { toast } from "../state/app";
import { refresh, setFavourite } from "../state/vault";
import { fail } from "../state/session";
import { tellOthers } from "../state/tabs";
import { Button, Heading, IconButton } from "../ui/controls";
import { Confirm } from "../ui/dialog";
import { Problem, useTask } from "../ui/task";
import { Attachments } from "./attachments";
import { EntryLines, isBare } from "./entry-lines";
import { History } from "./history";
import { kindOf, when } from "./kinds";
import { Tile } from "./tile";

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
      {!isBare(item) ? <EntryLines item={item} /> : !item.attachments?.length && <p class="lead">{text.nothing}</p>}
      <Attachments item={item} />
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
