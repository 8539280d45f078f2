// The unlocked app: navigation, the list, and beside it the entry, the form, the generator or the settings.
import { useEffect } from "preact/hooks";
import { online } from "../state/app";
import { heldBack, href, leaveAnyway, route, stay } from "../state/route";
import { all, counts, syncNow, syncProblem, unreadable } from "../state/vault";
import { Confirm } from "../ui/dialog";
import { Empty } from "../ui/controls";
import { Icon, type IconName } from "../ui/icon";
import { explain } from "../ui/task";
import { EntryScreen } from "./entry";
import { GeneratorPage } from "./generator";
import { ListPane } from "./list";
import { Sidebar, Tabbar } from "./navigation";
import { Settings } from "./settings";

const text = {
  offline: "The server cannot be reached. You can read everything; changes must wait.",
  again: "Try again",
  unreadable: (n: number) => `${n === 1 ? "One entry" : `${n} entries`} could not be opened. The others are complete.`,
  nothing: "Nothing selected",
  nothingHint: "Choose an entry on the left, or press / to search.",
  startTitle: "A good start",
  starts: [
    { to: "new", icon: "plus", title: "Add a login you use every day", hint: "Paste the password, or let VaultSphere make a better one." },
    { to: "settings", icon: "shield", title: "Turn on the second factor", hint: "Then the password alone does not let anybody in." },
    { to: "generator", icon: "generate", title: "Try the generator", hint: "Passwords and passphrases, made on this device." },
  ] as { to: string; icon: IconName; title: string; hint: string }[],
  unsaved: "Discard your changes?",
  unsavedBody: "You have changes that are not saved.",
  discard: "Discard",
  keep: "Keep editing",
};

function Banners({ inVault }: { inVault: boolean }) {
  const n = inVault ? unreadable.value.size : 0;
  const problem = syncProblem.value;
  return (
    <div class="banners" role="status">
      {!online.value && (
        <p class="banner"><Icon name="offline" /><span>{text.offline}</span>
          <button type="button" class="link" onClick={() => void syncNow()}>{text.again}</button></p>
      )}
      {problem && (
        <p class="banner banner-problem"><Icon name="danger" /><span>{explain(problem)}</span>
          <button type="button" class="link" onClick={() => void syncNow()}>{text.again}</button></p>
      )}
      {n > 0 && <p class="banner banner-problem"><Icon name="danger" /><span>{text.unreadable(n)}</span></p>}
    </div>
  );
}

/** What a new vault's owner may want to do first. */
function Starts() {
  return (
    <div class="starts">
      <h2>{text.startTitle}</h2>
      <ul>
        {text.starts.map((s) => (
          <li key={s.to}>
            <a href={href(s.to)}><Icon name={s.icon} /><span><b>{s.title}</b><span>{s.hint}</span></span></a>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Detail() {
  const [screen, id, action] = route.value;
  switch (screen) {
    case "entry":
      return <EntryScreen key={id} id={id ?? ""} editing={action === "edit"} />;
    case "new":
      return <EntryScreen key="new" id="" editing />;
    default:
      return counts.value.by.all || all.value === null
        ? <div class="detail-empty"><Empty icon="key" title={text.nothing}><p>{text.nothingHint}</p></Empty></div>
        : <Starts />;
  }
}

export function Shell() {
  const screen = route.value[0] ?? "vault";
  const page = screen === "settings" || screen === "generator";
  const pane = page ? "page" : screen === "entry" || screen === "new" ? "entry" : "list";
  useEffect(() => {
    if (screen === "vault" || screen === "") document.title = "Vault · VaultSphere";
  }, [screen]);
  return (
    <div class="shell" data-pane={pane}>
      <Sidebar />
      <main class="content">
        <Banners inVault={!page} />
        {page
          ? <div class="page" key={screen}>{screen === "settings" ? <Settings /> : <GeneratorPage />}</div>
          : <div class="panes"><ListPane /><section class="entry-pane" aria-label="Entry"><Detail /></section></div>}
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
