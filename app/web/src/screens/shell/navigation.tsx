import type { ComponentChildren } from "preact";
import { copyOpen, phase } from "../../state/app";
import { editedTag, paletteOpen } from "../../state/dialogs";
import { go, href, pageOf, route } from "../../state/route";
import { lock } from "../../state/session";
import { counts, type Filter, filter, query, search } from "../../state/vault";
import { locale, NAME, texts } from "../../texts";
import { Icon, type IconName, Mark } from "../../ui/icon";
import { TYPES } from "../items/fields.gen";
import { kindOf } from "../items/item-type";
import { commandKey } from "./command-key";

const same = (a: Filter, b: Filter) => JSON.stringify(a) === JSON.stringify(b);

function termOf(by: Filter): string {
  switch (by.by) {
    case "all":
      return "";
    case "favourite":
      return "is:favourite";
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

function FilterButton({
  by,
  icon,
  count,
  children,
}: {
  by: Filter;
  icon: IconName;
  count?: number;
  children: ComponentChildren;
}) {
  const inVault = !pageOf(route.value);
  return (
    <button
      type="button"
      class="nav-item"
      aria-current={inVault && same(filter.value, by) ? "true" : undefined}
      onClick={(e) => {
        if (e.ctrlKey || e.metaKey) search(withFilter(query.value, by));
        else search(query.value, by);
        go("vault");
      }}
    >
      <Icon name={icon} />
      <span class="nav-label" dir="auto">
        {children}
      </span>
      {!!count && <span class="nav-count">{count.toLocaleString(locale.value)}</span>}
    </button>
  );
}

/** A tag can be edited: by its button for pointers, by the menu key, or by the button at the head of its list. */
function SidebarTag({ tag, children }: { tag: string; children: ComponentChildren }) {
  const label = texts.value.tagDialog.edit({ tag });
  if (copyOpen.value) return <>{children}</>;
  const edit = () => (editedTag.value = tag);
  return (
    <div
      class="nav-tag"
      role="presentation"
      title={tag}
      onContextMenu={(e) => {
        e.preventDefault();
        edit();
      }}
    >
      {children}
      <button type="button" class="nav-edit" tabIndex={-1} aria-label={label} title={label} onClick={edit}>
        <Icon name="edit" />
      </button>
    </div>
  );
}

function PageLink({ to, icon, children }: { to: string; icon: IconName; children: string }) {
  const current = (pageOf(route.value) ?? "vault") === to;
  return (
    <a class="nav-item" href={href(to)} title={children} aria-current={current ? "page" : undefined}>
      <Icon name={icon} />
      <span class="nav-label" dir="auto">
        {children}
      </span>
    </a>
  );
}

function LockButton() {
  const { common, copies, navigation: text } = texts.value;
  const copy = copyOpen.value;
  return (
    <button type="button" class="nav-item" title={copy ? copies.leave : text.lockTitle} onClick={() => void lock("asked")}>
      <Icon name="lock" />
      <span class="nav-label">{copy ? common.close : text.lock}</span>
    </button>
  );
}

/** Links to the other pages. A copy has only those that change nothing. */
function Pages() {
  const { copies, navigation: text, pages } = texts.value;
  if (copyOpen.value)
    return (
      <>
        <PageLink to="generator" icon="generate">
          {text.generator}
        </PageLink>
        <PageLink to="export" icon="upload">
          {copies.export}
        </PageLink>
      </>
    );
  return (
    <>
      <PageLink to="health" icon="shield">
        {pages.health}
      </PageLink>
      <PageLink to="generator" icon="generate">
        {text.generator}
      </PageLink>
      <PageLink to="settings" icon="settings">
        {text.settings}
      </PageLink>
    </>
  );
}

export function Sidebar() {
  const { common, navigation: text, palette, trash } = texts.value;
  const { by, tags } = counts.value;
  const username = phase.value.at === "unlocked" ? phase.value.username : "";
  return (
    <nav class="sidebar" aria-label={NAME}>
      <p class="brand">
        <Mark />
        <span>{NAME}</span>
      </p>
      <div class="nav-scroll">
        <FilterButton by={{ by: "all" }} icon="all" count={by.all}>
          {common.allItems}
        </FilterButton>
        <FilterButton by={{ by: "favourite" }} icon="star" count={by.favourite}>
          {common.favourites}
        </FilterButton>
        <hr />
        {TYPES.map((type) => (
          <FilterButton key={type} by={{ by: "type", type }} icon={kindOf(type).icon} count={by[type]}>
            {kindOf(type).many}
          </FilterButton>
        ))}
        <hr />
        <FilterButton by={{ by: "trash" }} icon="trash" count={by.trash}>
          {trash.title}
        </FilterButton>
        {tags.length > 0 && (
          <>
            <p class="nav-head">{common.tags}</p>
            {tags.map(([tag, n]) => (
              <SidebarTag key={tag} tag={tag}>
                <FilterButton by={{ by: "tag", tag }} icon="tag" count={n}>
                  {tag}
                </FilterButton>
              </SidebarTag>
            ))}
          </>
        )}
      </div>
      <div class="nav-foot">
        <div class="nav-rail">
          <PageLink to="vault" icon="key">
            {text.vault}
          </PageLink>
        </div>
        <button
          type="button"
          class="nav-item"
          title={palette.label}
          aria-keyshortcuts="Control+K"
          onClick={() => (paletteOpen.value = true)}
        >
          <Icon name="command" />
          <span class="nav-label">{palette.title}</span>
          <kbd class="nav-count" aria-hidden="true">
            {commandKey()} K
          </kbd>
        </button>
        <Pages />
        <LockButton />
        <p class="nav-username" title={username}>
          <Icon name="identity" />
          <span class="nav-label">{username}</span>
        </p>
      </div>
    </nav>
  );
}

/** The navigation on phones, at the bottom. */
export function Tabbar() {
  const text = texts.value.navigation;
  return (
    <nav class="tabbar" aria-label={NAME}>
      <PageLink to="vault" icon="key">
        {text.vault}
      </PageLink>
      <Pages />
      <LockButton />
    </nav>
  );
}
