import { Alarm } from "./screens/access/alarm";
import { CopyScreen } from "./screens/access/copy";
import { Recover } from "./screens/access/recover";
import { Register } from "./screens/access/register";
import { SignIn } from "./screens/access/sign-in";
import { Broken, Starting } from "./screens/access/starting";
import { Unlock } from "./screens/access/unlock";
import { RepromptDialog } from "./screens/items/reprompt";
import { Lazy } from "./screens/shell/lazy";
import { Shell } from "./screens/shell/shell";
import { Shortcuts } from "./screens/shell/shortcuts";
import { phase } from "./state/app";
import { editedTag, paletteOpen, searchHelpOpen } from "./state/dialogs";
import { atStake, blockedHash, discardAndLeave, route, stay } from "./state/route";
import { signOut, wouldLose } from "./state/session";
import { texts } from "./texts";
import { Confirm, Dialog } from "./ui/dialog";
import { Toasts } from "./ui/toasts";

/** The phase decides which screens are possible; the route chooses among them. */
function Screen() {
  const now = phase.value;
  const [screen, id] = route.value;
  if (screen === "copy" && ["signed_out", "locked", "alarm", "broken"].includes(now.at))
    return <CopyScreen key={id} id={id ?? ""} />;
  switch (now.at) {
    case "starting":
      return <Starting />;
    case "broken":
      return <Broken code={now.code} />;
    case "alarm":
      return <Alarm code={now.code} findings={now.findings} />;
    case "locked":
      return screen === "recover" ? <Recover /> : <Unlock username={now.username} />;
    case "signed_out":
      if (screen === "register") return <Register />;
      return screen === "recover" ? <Recover /> : <SignIn />;
    case "unlocked":
      return <Shell />;
  }
}

function OpenPalette() {
  if (!paletteOpen.value || phase.value.at !== "unlocked") return null;
  const close = () => (paletteOpen.value = false);
  return (
    <Lazy
      show={({ Palette }) => <Palette onClose={close} />}
      around={(waiting) => (
        <Dialog title={texts.value.palette.title} onClose={close}>
          {waiting}
        </Dialog>
      )}
    />
  );
}

/** The dialogs that any screen can open and that are loaded later. */
function LaterDialogs() {
  if (phase.value.at !== "unlocked") return null;
  const tag = editedTag.value;
  return (
    <>
      {searchHelpOpen.value && <Lazy show={({ SearchHelp }) => <SearchHelp onClose={() => (searchHelpOpen.value = false)} />} />}
      {tag !== null && (
        <Lazy show={({ TagDialog }) => <TagDialog key={tag} tag={tag} onClose={() => (editedTag.value = null)} />} />
      )}
    </>
  );
}

/** Asks before a navigation that would lose something, on any screen. */
function LeaveDialog() {
  if (blockedHash.value === null) return null;
  const { shell, leavePhrase } = texts.value;
  const text = atStake.value === "phrase" ? leavePhrase : shell;
  return (
    <Confirm title={text.unsaved} action={text.discard} cancel={text.keep} danger onConfirm={discardAndLeave} onClose={stay}>
      <p>{text.unsavedBody}</p>
    </Confirm>
  );
}

export function App() {
  const text = texts.value.session;
  return (
    <>
      <Screen />
      <OpenPalette />
      <Shortcuts />
      <LaterDialogs />
      <RepromptDialog />
      {wouldLose.value && (
        <Confirm
          title={text.loseTitle}
          action={text.lose}
          danger
          onConfirm={() => void signOut(true)}
          onClose={() => (wouldLose.value = false)}
        >
          <p>{text.loseBody}</p>
        </Confirm>
      )}
      <LeaveDialog />
      <Toasts />
    </>
  );
}
