// The unlocked app: the navigation, and the list with an item beside it, or another page.

import { useEffect } from "preact/hooks";
import { copyOpen, preferences } from "../../state/app";
import { href, type Page as PageName, pageOf, route } from "../../state/route";
import { all, counts } from "../../state/vault";
import { NAME, texts } from "../../texts";
import { Empty } from "../../ui/controls";
import { Icon } from "../../ui/icon";
import { ExportPage } from "../export/export";
import { GeneratorPage } from "../generator/generator";
import { HealthPage } from "../health/health";
import { ImportPage } from "../import/import";
import { TYPES } from "../items/fields.gen";
import { ItemScreen } from "../items/item";
import { ListPane } from "../list/list";
import { Settings } from "../settings/settings";
import { Banners, CopyBanner } from "./banners";
import { Sidebar, Tabbar } from "./navigation";

const STARTS = [
  ["import", "import"],
  ["new", "plus"],
  ["settings", "shield"],
  ["generator", "generate"],
] as const;

/** First steps in an empty vault. */
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
    case "item":
      return <ItemScreen key={id} id={id ?? ""} editing={action === "edit" && !copyOpen.value} />;
    case "new":
      return copyOpen.value ? null : <ItemScreen key={`new ${id}`} id="" editing type={TYPES.find((t) => t === id)} />;
    default:
      return counts.value.by.all || counts.value.by.archive || copyOpen.value || all.value === null ? (
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

/** The page that is shown. A copy has only pages that change nothing. */
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
  const vaultPane = screen === "item" || screen === "new" ? "item" : "list";
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
