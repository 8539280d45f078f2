// One item, opened and then shown or edited. Its secrets are in the state of this component and disappear with it.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError, type CoreError } from "../../core/error";
import type { Item, ItemType } from "../../core/protocol.gen";
import { toast } from "../../state/app";
import { handled } from "../../state/app-errors";
import { taken } from "../../state/draft";
import { saveOver } from "../../state/edits";
import { go, href, replace } from "../../state/route";
import { notifyTabs } from "../../state/tabs";
import { all, filter, refresh, shown, summaryOf, unreadable } from "../../state/vault";
import { texts } from "../../texts";
import { AskPassword } from "../../ui/ask-password";
import { Button, Empty, Heading } from "../../ui/controls";
import { focusList } from "../../ui/focus";
import { Icon } from "../../ui/icon";
import { describe, explain } from "../../ui/task";
import { ItemForm } from "./item-form";
import { kindOf } from "./item-type";
import { ItemView } from "./item-view";
import { Tile } from "./tile";

const blank = (type?: ItemType): Item => ({
  id: "",
  type: type ?? (filter.value.by === "type" ? filter.value.type : "login"),
  title: "",
  tags: filter.value.by === "tag" ? [filter.value.tag] : [],
});

/** Changes when any device writes the item, which is then read again. */
const stampOf = (id: string) => summaryOf(id)?.modified ?? "";

const STILL_SHOWN_MS = 10_000;

/** An item that asks for the master password first. */
function Protected({ id, back, onConfirmed }: { id: string; back: ComponentChildren; onConfirmed: () => void }) {
  const { item: text, problem } = texts.value;
  const summary = summaryOf(id);
  if (!summary) return null;
  return (
    <article class="item">
      <div class="item-bar">{back}</div>
      <header class="item-header">
        <Tile type={summary.type} title={summary.title} large />
        <div>
          <Heading title={summary.title} level={2}>
            {summary.title}
          </Heading>
          <p class="item-type">{kindOf(summary.type).one}</p>
        </div>
      </header>
      <AskPassword
        lead={problem.reprompt}
        action={text.open}
        inDialog={false}
        onPassword={(password) => api.confirmItem({ id, password }).then(onConfirmed)}
      />
    </article>
  );
}

/** An item that cannot be shown, and why. */
function Unopened({
  id,
  problem,
  back,
  onRetry,
}: {
  id: string;
  problem: CoreError;
  back: ComponentChildren;
  onRetry: () => void;
}) {
  const { common, item: text } = texts.value;
  const damaged = problem.code === "record_unreadable" || unreadable.value.has(id);
  const finding = damaged ? (unreadable.value.get(id) ?? problem.findings[0]) : undefined;
  const explained = () => {
    if (damaged) return { title: text.unreadable, body: text.unreadableBody };
    if (problem.code === "not_found") return { title: text.gone, body: text.goneBody };
    return { title: text.failed, body: explain(problem), retry: true };
  };
  const { title, body, retry } = explained();
  return (
    <article class="item">
      <span class="alarm-icon">
        <Icon name="danger" />
      </span>
      <Heading title={title} level={2}>
        {title}
      </Heading>
      <div class="item-bar">{back}</div>
      <p class="lead">{body}</p>
      {finding && <p class="finding">{describe(finding)}</p>}
      {retry && (
        <Button icon="refresh" onClick={onRetry}>
          {common.tryAgain}
        </Button>
      )}
    </article>
  );
}

/** True if the list and the item are both visible. */
const sideBySide = () => !matchMedia("(max-width: 719px)").matches;

/** The item after `id` in the list, or the one before if it is the last. It stays known when `id` leaves the list. */
function useNeighbour(id: string) {
  const neighbour = useRef("");
  const { items } = shown.value;
  const at = items.findIndex((s) => s.id === id);
  if (at >= 0) neighbour.current = (items[at + 1] ?? items[at - 1])?.id ?? "";
  return neighbour;
}

let nextToDeleted = ""; // the item that a deletion opens; the focus stays in the list

/** `type` is the type of a new item. */
export function ItemScreen({
  id,
  editing,
  generating = false,
  type,
}: {
  id: string;
  editing: boolean;
  generating?: boolean; // with the generator open
  type?: ItemType;
}) {
  const { item: text } = texts.value;
  const [item, setItem] = useState<Item | null>(id ? null : () => blank(type));
  const [problem, setProblem] = useState<CoreError | null>(null);
  const [attempt, setAttempt] = useState(0);
  const [restored, setRestored] = useState<Item | undefined>();
  const [focus] = useState(nextToDeleted !== id);
  const stamp = stampOf(id);
  const draft = taken.value;
  const ready = all.value !== null;

  useEffect(() => {
    if (!draft || !editing || (draft.item.id ?? "") !== id) return;
    taken.value = null;
    setRestored(draft.item);
  }, [draft, editing, id]);

  useEffect(() => {
    if (!id || !ready || (editing && item)) return; // an item must not change while it is edited
    let current = true;
    api.get({ id }).then(
      (opened) => {
        if (!current) return;
        setItem(opened);
        setProblem(null);
      },
      (e: unknown) => {
        if (!current || handled(e)) return;
        setItem(null);
        setProblem(asCoreError(e));
      },
    );
    return () => {
      current = false;
    };
  }, [id, stamp, ready, editing, attempt]);

  // The core stops showing it after a while.
  useEffect(() => {
    if (!item?.reprompt || editing) return;
    const timer = setTimeout(() => setAttempt(attempt + 1), STILL_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [item, editing, attempt]);

  async function save(changed: Item) {
    if (id && item) {
      const saved = await saveOver(item, () => api.save({ item: changed }), text.saved);
      setItem(saved);
      return saved.id;
    }
    const added = await api.save({ item: changed });
    setItem(added);
    await refresh();
    notifyTabs("changed");
    toast(text.created);
    return added.id;
  }

  const neighbour = useNeighbour(id);
  useEffect(() => {
    nextToDeleted = "";
  }, []);
  const onDeleted = () => {
    if (neighbour.current && sideBySide()) {
      nextToDeleted = neighbour.current;
      replace("item", neighbour.current);
    } else replace("vault");
    focusList();
  };
  const back = (
    <a class="back" href={href("vault")}>
      <Icon name="back" />
      <span>{text.back}</span>
    </a>
  );

  // Another device deleted the item that was edited: the draft becomes a new item.
  const orphan = problem?.code === "not_found" && restored;
  useEffect(() => {
    if (!orphan) return;
    taken.value = { at: Date.now(), item: { ...orphan, id: "", base: undefined } };
    replace("new");
  }, [orphan]);

  if (problem?.code === "reprompt") return <Protected key={id} id={id} back={back} onConfirmed={() => setAttempt(attempt + 1)} />;
  if (problem) return <Unopened id={id} problem={problem} back={back} onRetry={() => setAttempt(attempt + 1)} />;
  if (!item) {
    return (
      <article class="item">
        {back}
        <div class="item-loading" role="status">
          <Empty icon="key" title={text.opening} />
        </div>
      </article>
    );
  }
  return editing ? (
    <ItemForm
      key={restored ? "restored" : "fresh"}
      item={item}
      restored={restored}
      generator={generating}
      onSave={save}
      onDone={(saved) => replaceWith(saved ?? id)}
    />
  ) : (
    <ItemView item={item} focus={focus} back={back} onEdit={() => go("item", id, "edit")} onDeleted={onDeleted} />
  );
}

function replaceWith(id: string) {
  if (id) replace("item", id);
  else replace("vault");
}
