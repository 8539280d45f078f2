import { render } from "preact";
import { App } from "./app";
import { handleShortcut } from "./screens/shell/shortcuts";
import { phase } from "./state/app";
import { activeElsewhere } from "./state/autolock";
import { keepOnDevice } from "./state/release";
import { boot, lock, signedOut } from "./state/session";
import { listenToOthers } from "./state/tabs";
import { syncNow } from "./state/vault";
import "./index.css";

const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);

addEventListener("keydown", handleShortcut);

listenToOthers((word) => {
  const { at } = phase.value;
  if (word === "active") activeElsewhere();
  else if (word === "changed") void syncNow();
  else if (word === "lock") void lock("other tab");
  else if (word === "signed out" && (at === "unlocked" || at === "locked")) signedOut();
  else if (word === "signed in" && (at === "signed_out" || at === "locked")) void boot();
});

void boot();
// After the page has what it needs now: this loads all of the rest. Where storage is off, the page works without. Modules wait for
// the texts of the language, and the event may have passed by then.
const keep = () => void keepOnDevice().catch(() => undefined);
if (document.readyState === "complete") keep();
else addEventListener("load", keep, { once: true });
