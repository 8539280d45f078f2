import { render } from "preact";
import { App } from "./app";
import { handleShortcut } from "./screens/shell/shortcuts";
import { phase } from "./state/app";
import { activeElsewhere } from "./state/autolock";
import { answerTab } from "./state/handover";
import { followPreferences } from "./state/other-tabs";
import { keepOnDevice } from "./state/release";
import { boot, lock, signedOut, takeOver } from "./state/session";
import { onTabMessage } from "./state/tabs";
import { syncNow } from "./state/vault";
import "./index.css";

const root = document.getElementById("app")!;
root.replaceChildren();
render(<App />, root);

addEventListener("keydown", handleShortcut);

followPreferences();
onTabMessage((message) => {
  const { at } = phase.value;
  if (message === "active") activeElsewhere();
  else if (message === "hand over") void answerTab();
  else if (message === "handed over") void takeOver();
  else if (message === "changed") void syncNow();
  else if (message === "lock") void lock("other tab");
  else if (message === "signed out" && (at === "unlocked" || at === "locked")) signedOut();
  else if (message === "signed in" && (at === "signed_out" || at === "locked")) void boot();
});

// Downloads the rest of the page after the core, which someone may be waiting for. If storage is disabled, the page works without it.
void boot()
  .then(keepOnDevice)
  .catch(() => undefined);
