// The unlocked app: navigation, the list, and beside it the entry, the form, the generator or the settings.
import { useEffect } from "preact/hooks";
import { TYPES } from "../core/fields.gen";
import { copyOpen, online, phase, preferences } from "../state/app";
import { offered, refuseDraft, takeDraft } from "../state/draft";
import { heldBack, href, leaveAnyway, type Page as PageName, pageOf, route, stay } from "../state/route";
import { lock } from "../state/session";
import { all, counts, syncNow, syncProblem, unreadable, waiting } from "../state/vault";
import { NAME, texts } from "../texts";
import { Empty } from "../ui/controls";
import { Confirm } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { NewVersion } from "../ui/new-version";
import { explain } from "../ui/task";
import { EntryScreen } from "./entry";
import { ExportPage } from "./export";
import { GeneratorPage } from "./generator";
import { HealthPage } from "./health";
import { ImportPage } from "./import";
import { when } from "./kinds";
import { ListPane } from "./list";
import { Sidebar, Tabbar } from "./navigation";
import { Settings } from "./settings";

/** What is open is a copy: what that means, and the way out. */
function CopyBanner({ partial }: { partial: boolean }) {
  const text = texts.value.copies;
  const username = phase.value.at === "unlocked" ? phase.value.username : "";
  return (
    <div class="banners" role="status">
      <p class="banner">
        <Icon name="eye" />
        <span>{text.banner({ name: username })}</span>
        <button type="button" class="link" onClick={() => void lock("asked")}>
          {text.leave}
        </button>
      </p>
      {partial && (
        <p class="banner banner-problem">
          <Icon name="danger" />
          <span>{text.partial}</span>
        </p>
      )}
    </div>
  );
}

function Banners({ inVault }: { inVault: boolean }) {
  const { common, shell: text } = texts.value;
  const n = inVault ? unreadable.value.size : 0;
  const problem = syncProblem.value;
  const { pending, refused } = waiting.value;
  const draft = offered.value;
  const time = draft ? when(new Date(draft.at).toISOString()) : "";
  const waits = pending - refused.length;
  const offline = preferences.value.keepCopy ? text.offline({ count: waits }) : text.offlineReading;
  return (
    <div class="banners" role="status">
      {!online.value && (
        <p class="banner">
          <Icon name="offline" />
          <span>{offline}</span>
          <button type="button" class="link" onClick={() => void syncNow()}>
            {common.tryAgain}
          </button>
        </p>
      )}
      {online.value && waits > 0 && (
        <p class="banner">
          <Icon name="wait" />
          <span>{text.waiting({ count: waits })}</span>
          <button type="button" class="link" onClick={() => void syncNow()}>
            {common.tryAgain}
          </button>
        </p>
      )}
      {refused.map((r) => (
        <p class="banner banner-problem" key={r.id}>
          <Icon name="danger" />
          <span>{text.refused({ title: r.title, why: explain(r) })}</span>
          <a class="link" href={href("entry", r.id)}>
            {text.look}
          </a>
        </p>
      ))}
      {problem && (
        <p class="banner banner-problem">
          <Icon name="danger" />
          <span>{explain(problem)}</span>
          <button type="button" class="link" onClick={() => void syncNow()}>
            {common.tryAgain}
          </button>
        </p>
      )}
      <NewVersion unlocked />
      {draft && (
        <p class="banner">
          <Icon name="edit" />
          <span>{draft.item.title ? text.draft({ title: draft.item.title, time }) : text.draftNew({ time })}</span>
          <button type="button" class="link" onClick={takeDraft}>
            {text.draftTake}
          </button>
          <button type="button" class="link" onClick={refuseDraft}>
            {text.discard}
          </button>
        </p>
      )}
      {n > 0 && (
        <p class="banner banner-problem">
          <Icon name="danger" />
          <span>{text.unreadable({ count: n })}</span>
        </p>
      )}
    </div>
  );
}

const STARTS = [
  ["import", "import"],
  ["new", "plus"],
  ["settings", "shield"],
  ["generator", "generate"],
] as const;

/** What a new vault's owner may want to do first. */
function Starts() {
  const text = texts.value.shell;
  return (
    <div class="starts">
      <h2>{text.startTitle}</h2>
      <ul>
        {STARTS.map(([to, icon]) => (
          <li key={to}>
            <a href={href(to)}>
              <Icon name={icon} />
              <span>
                <b>{text.starts[to].title}</b>
                <span>{text.starts[to].hint}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Detail() {
  const text = texts.value.shell;
  const [screen, id, action] = route.value;
  switch (screen) {
    case "entry":
      return <EntryScreen key={id} id={id ?? ""} editing={action === "edit" && !copyOpen.value} />;
    case "new":
      return copyOpen.value ? null : <EntryScreen key={`new ${id}`} id="" editing type={TYPES.find((t) => t === id)} />;
    default:
      return counts.value.by.all || copyOpen.value || all.value === null ? (
        <div class="detail-empty">
          <Empty icon="key" title={text.nothing}>
            <p>{text.nothingHint}</p>
          </Empty>
        </div>
      ) : (
        <Starts />
      );
  }
}

function Page({ page }: { page: PageName }) {
  switch (page) {
    case "health":
      return <HealthPage />;
    case "generator":
      return <GeneratorPage />;
    case "import":
      return <ImportPage />;
    case "export":
      return <ExportPage />;
    case "settings":
      return <Settings />;
  }
}

/** The pages that a copy has are those that change nothing. */
function shownPage(): PageName | undefined {
  const page = pageOf(route.value);
  return copyOpen.value && page !== "export" && page !== "generator" ? undefined : page;
}

export function Shell() {
  const {
    navigation: { vault },
    shell: text,
  } = texts.value;
  const screen = route.value[0] ?? "vault";
  const copy = copyOpen.value;
  const page = shownPage();
  const vaultPane = screen === "entry" || screen === "new" ? "entry" : "list";
  useEffect(() => {
    if (screen === "vault" || screen === "") document.title = `${vault} · ${NAME}`;
  }, [screen, vault]);
  return (
    <div class="shell" data-pane={page ? "page" : vaultPane}>
      <Sidebar />
      <main class="content">
        {copy ? <CopyBanner partial={copy.partial} /> : <Banners inVault={!page} />}
        {page ? (
          <div class="page" key={page}>
            <Page page={page} />
          </div>
        ) : (
          <div class="panes">
            <ListPane />
            <section class="entry-pane" aria-label={text.item}>
              <Detail />
            </section>
          </div>
        )}
      </main>
      <Tabbar />
      {heldBack.value !== null && (
        <Confirm title={text.unsaved} action={text.discard} cancel={text.keep} danger onConfirm={leaveAnyway} onClose={stay}>
          <p>{text.unsavedBody}</p>
        </Confirm>
      )}
    </div>
  );
}
