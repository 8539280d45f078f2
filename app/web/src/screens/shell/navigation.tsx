import type { ComponentChildren } from "preact";
import { copyOpen, phase } from "../../state/app";
import { paletteOpen } from "../../state/dialogs";
import { go, href, pageOf, route } from "../../state/route";
import { lock } from "../../state/session";
import { counts, type Filter, filter, query, search } from "../../state/vault";
import { locale, NAME, texts } from "../../texts";
import { Icon, type IconName, Mark } from "../../ui/icon";
import { TYPES } from "../items/fields.gen";
import { kindOf } from "../items/item-type";
import { commandKey } from "./command-key";

const same = (a: Filter, b: Filter) => JSON.stringify(a) === JSON.stringify(b);

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
      onClick={() => {
        search(query.value, by);
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
  const { archive, common, navigation: text, palette, trash } = texts.value;
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
        <FilterButton by={{ by: "archive" }} icon="archive" count={by.archive}>
          {archive.title}
        </FilterButton>
        <FilterButton by={{ by: "trash" }} icon="trash" count={by.trash}>
          {trash.title}
        </FilterButton>
        {tags.length > 0 && (
          <>
            <p class="nav-head">{common.tags}</p>
            {tags.map(([tag, n]) => (
              <FilterButton key={tag} by={{ by: "tag", tag }} icon="tag" count={n}>
                {tag}
              </FilterButton>
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
