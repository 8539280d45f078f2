import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Item } from "../../core/protocol.gen";
import { readOnly, toast } from "../../state/app";
import { handled } from "../../state/app-errors";
import { archive, duplicate, star as mark, quietly, trash, unarchive, unstar } from "../../state/edits";
import { shortcutOf } from "../../state/keys";
import { go } from "../../state/route";
import { texts } from "../../texts";
import { dayOf, when } from "../../texts/dates";
import { Button, Heading, IconButton } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { isTyping, useKeys } from "../../ui/keys";
import { Menu, type MenuItem } from "../../ui/menu";
import { HealthCard, NextFinding, useItemHealth, WarningsLink } from "../health/item-health";
import { TrashedNotice } from "../list/trash";
import { Attachments } from "./attachments";
import { History } from "./history";
import { hasUnknown, ItemFields, isEmpty } from "./item-fields";
import { readingKeys } from "./item-keys";
import { kindOf } from "./item-type";
import { LargeType } from "./large-type";
import { Tile } from "./tile";

/** The actions that are rarely needed, in a menu with their names. */
function MoreActions({ actions }: { actions: MenuItem[] }) {
  const label = texts.value.rowActions.more;
  const [at, setAt] = useState<{ x: number; y: number } | null>(null);
  return (
    <>
      <button
        type="button"
        class="icon-button"
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={!!at}
        onClick={(e) => {
          const { left, bottom } = e.currentTarget.getBoundingClientRect();
          setAt({ x: left, y: bottom });
        }}
      >
        <Icon name="more" />
      </button>
      {at && <Menu label={label} {...at} items={actions} onClose={() => setAt(null)} />}
    </>
  );
}

export function ItemView({
  item,
  focus,
  back,
  onEdit,
  onDeleted,
}: {
  item: Item;
  focus: boolean; // moves to the heading
  back: ComponentChildren;
  onEdit: () => void;
  onDeleted: () => void;
}) {
  const { archive: store, common, edits, itemView: text, itemFields } = texts.value;
  const health = useItemHealth(item);
  const [large, setLarge] = useState(false);
  const [starred, setStarred] = useState(!!item.favourite);
  useEffect(() => setStarred(!!item.favourite), [item.favourite]);

  const toggleStar = () => {
    setStarred(!starred);
    (starred ? unstar : mark)([item.id]).catch((e: unknown) => {
      setStarred(starred);
      if (!handled(e)) toast(text.starNotSaved, "problem");
    });
  };
  const remove = () => quietly(trash([item.id]).then(onDeleted));
  const copy = () => quietly(duplicate(item).then((twin) => go("item", twin.id)));
  const writable = !item.trashed && !readOnly.value;
  const keys = {
    ...readingKeys(item.id, item.urls?.[0]),
    Escape: () => go("vault"),
    ...(writable && { e: onEdit, f: toggleStar, Delete: remove }),
  } as Record<string, () => void>;
  useKeys((e) => (e.ctrlKey || e.metaKey || e.altKey || e.repeat || isTyping(e) ? undefined : keys[shortcutOf(e)]));

  return (
    <article class="item">
      <header class="item-header">
        <Tile type={item.type} title={item.title} large />
        <div>
          <Heading title={item.title} level={2} focus={focus} hint={item.title}>
            {item.title}
          </Heading>
          <p class="item-type">{kindOf(item.type).one}</p>
        </div>
      </header>
      <div class="item-bar">
        {back}
        <WarningsLink health={health} />
        {writable && (
          <div class="item-tools">
            <IconButton icon="star" label={common.favourite} pressed={starred} filled={starred} onClick={toggleStar} />
            <MoreActions
              actions={[
                { label: edits.duplicate, icon: "duplicate", run: copy },
                {
                  label: item.archived ? store.unarchive : store.archive,
                  icon: item.archived ? "restore" : "archive",
                  run: () => quietly((item.archived ? unarchive : archive)([item.id])),
                },
                ...(item.password ? [{ label: text.largeType, icon: "eye" as const, run: () => setLarge(true) }] : []),
              ]}
            />
            <IconButton icon="trash" label={text.remove} onClick={remove} />
            <Button kind="plain" icon="edit" onClick={onEdit}>
              {text.edit}
            </Button>
          </div>
        )}
      </div>
      {large && <LargeType value={item.password ?? ""} onClose={() => setLarge(false)} />}
      <NextFinding id={item.id} />
      {item.archived && !item.trashed && (
        <div class="notice archived">
          <Icon name="archive" />
          <p>
            <b>{store.since({ date: dayOf(item.archived) })}</b>
            <span>{store.hint}</span>
          </p>
        </div>
      )}
      {item.trashed && <TrashedNotice item={item} onDeleted={onDeleted} />}
      {hasUnknown(item) && <p class="lead">{itemFields.newer}</p>}
      {!isEmpty(item) && <ItemFields item={item} />}
      <HealthCard item={item} health={health} />
      {isEmpty(item) && !hasUnknown(item) && !item.attachments?.length && <p class="lead">{text.nothing}</p>}
      {(!item.trashed || !!item.attachments?.length) && <Attachments item={item} />}
      <History item={item} />
      <p class="item-times">
        {when(item.modified) && <span>{text.changed({ date: when(item.modified) })}</span>}
        {when(item.created) && <span>{text.created({ date: when(item.created) })}</span>}
      </p>
    </article>
  );
}
