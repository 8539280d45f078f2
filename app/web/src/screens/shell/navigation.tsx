import { copyOpen, phase, preferences, setPreferences } from "../../state/app";
import { paletteOpen } from "../../state/dialogs";
import { href, pageOf, route } from "../../state/route";
import { lock } from "../../state/session";
import { administrator } from "../../state/standing";
import { NAME, texts } from "../../texts";
import { Icon, type IconName, Mark } from "../../ui/icon";
import { FilterButton, filterGroups, heading } from "../list/filters";
import { TagSection } from "../list/tag-filters";
import { commandKey } from "./command-key";

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

function CommandsButton() {
  const { palette } = texts.value;
  return (
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
  );
}

/** Phones have no room for them: there, links in Settings lead to the same pages. */
function MorePages() {
  if (copyOpen.value) return null;
  const { admin, pages } = texts.value;
  return (
    <>
      <PageLink to="people" icon="people">
        {pages.people}
      </PageLink>
      {administrator.value && (
        <PageLink to="admin" icon="license">
          {admin.title}
        </PageLink>
      )}
    </>
  );
}

/** On tablets it shrinks to a rail of pages; the filters are in the filter sheet then. */
export function Sidebar() {
  const { tagsOpen } = preferences.value;
  const username = phase.value.at === "unlocked" ? phase.value.username : "";
  return (
    <nav class="sidebar" aria-label={NAME}>
      <p class="brand">
        <Mark />
        <span>{NAME}</span>
      </p>
      <div class="nav-scroll">
        {filterGroups().map((group) => (
          <div key={heading(group[0]!)} class="nav-group">
            {group.map((by) => (
              <FilterButton key={heading(by)} by={by} />
            ))}
          </div>
        ))}
        <TagSection open={tagsOpen} onToggle={() => setPreferences({ tagsOpen: !tagsOpen })} />
      </div>
      <div class="nav-foot">
        <div class="nav-rail">
          <PageLink to="vault" icon="key">
            {texts.value.navigation.vault}
          </PageLink>
        </div>
        <CommandsButton />
        <div class="nav-pages">
          <Pages />
          <MorePages />
        </div>
        <div class="nav-account">
          <p class="nav-username" title={username}>
            <Icon name="identity" />
            <span class="nav-label">{username}</span>
          </p>
          <LockButton />
        </div>
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
