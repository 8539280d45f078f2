// The unlocked app: the navigation, and the list with an item beside it, or another page.

import { useEffect } from "preact/hooks";
import { alarm, clearConfirmations, copyOpen, preferences, readOnly } from "../../state/app";
import { type Page as PageName, pageOf, route } from "../../state/route";
import { administrator } from "../../state/standing";
import { all, counts } from "../../state/vault";
import { NAME, texts } from "../../texts";
import { Empty } from "../../ui/controls";
import { focusList } from "../../ui/focus";
import { TYPES } from "../items/fields.gen";
import { ListPane } from "../list/list";
import { Starts } from "../list/starts";
import { Banners, CopyBanner } from "./banners";
import { Lazy, loadScreens } from "./lazy";
import { Sidebar, Tabbar } from "./navigation";
import { Resizer } from "./resizer";

const PAGES = {
  health: "HealthPage",
  generator: "GeneratorPage",
  import: "ImportPage",
  export: "ExportPage",
  settings: "Settings",
  people: "PeoplePage",
  admin: "AdminPage",
  alarm: "AlarmPage",
} as const satisfies Record<PageName, string>;

function Detail() {
  const text = texts.value.shell;
  const [screen, id, action, part] = route.value;
  const editing = action === "edit" && !readOnly.value;
  switch (screen) {
    case "item":
      return (
        <Lazy
          show={({ ItemScreen }) => <ItemScreen key={id} id={id ?? ""} editing={editing} generating={part === "password"} />}
        />
      );
    case "new":
      if (readOnly.value) return null;
      return (
        <Lazy show={({ ItemScreen }) => <ItemScreen key={`new ${id}`} id="" editing type={TYPES.find((t) => t === id)} />} />
      );
    default:
      return counts.value.by.all || counts.value.by.archive || readOnly.value || all.value === null ? (
        <div class="detail-empty">
          <Empty icon="key" title={text.nothing}>
            <p>{preferences.value.singleKeys ? text.nothingHint : text.nothingHintPlain}</p>
          </Empty>
        </div>
      ) : (
        <Starts />
      );
  }
}

function Page({ page }: { page: PageName }) {
  return (
    <Lazy
      show={(screens) => {
        const Shown = screens[PAGES[page]];
        return <Shown />;
      }}
    />
  );
}

/**
 * The page that is shown. A copy has only pages that change nothing, a vault in alarm none that adds items, and only administrators have
 * theirs. While it is not known whether the user is one, that page asks the server.
 */
function shownPage(): PageName | undefined {
  const page = pageOf(route.value);
  if (page === "alarm" && !alarm.value) return undefined;
  if (page === "import" && alarm.value) return undefined;
  if (page === "admin" && administrator.value === false) return undefined;
  return copyOpen.value && page !== "export" && page !== "generator" ? undefined : page;
}

/** The first control of the page. It passes the navigation, which may have many tags. */
function SkipLink({ toContent }: { toContent: boolean }) {
  const text = texts.value.navigation;
  const skip = () => {
    const list = document.getElementById("rows");
    if (list?.checkVisibility()) focusList();
    else document.querySelector<HTMLElement>("main :is(h1, h2)[tabindex]")?.focus();
  };
  return (
    <button type="button" class="skip" onClick={skip}>
      {toContent ? text.skipToContent : text.skipToItems}
    </button>
  );
}

export function Shell() {
  const {
    navigation: { vault },
    shell: text,
  } = texts.value;
  const screen = route.value[0] ?? "vault";
  const copy = copyOpen.value;
  const page = shownPage();
  const vaultPane = screen === "item" || screen === "new" ? "item" : "list";
  useEffect(() => {
    if (screen === "vault" || screen === "") document.title = `${vault} · ${NAME}`;
  }, [screen, vault]);
  useEffect(() => {
    if (page) clearConfirmations(); // they belong to the page before
  }, [page]);
  const listed = all.value !== null;
  useEffect(() => {
    if (listed) void loadScreens(); // in the background, before anyone needs them
  }, [listed]);
  return (
    <div class="shell" data-pane={page ? "page" : vaultPane}>
      <SkipLink toContent={!!page} />
      <Sidebar />
      <main class="content">
        {copy ? <CopyBanner partial={copy.partial} /> : <Banners inVault={!page} />}
        {page ? (
          <div class="page" key={page}>
            <Page page={page} />
          </div>
        ) : (
          <div class="panes" style={{ "--list-width": `${preferences.value.listWidth}px` }}>
            <ListPane />
            <Resizer />
            <section class="item-pane" aria-label={text.item}>
              <Detail />
            </section>
          </div>
        )}
      </main>
      <Tabbar />
    </div>
  );
}
