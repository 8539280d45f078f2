import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api";
import type { AccountInfo } from "../../core/types";
import { phase, preferences, setPreferences, toast } from "../../state/app";
import { AUTO_LOCK_MINUTES, CLIPBOARD_SECONDS, type Theme } from "../../state/preferences";
import { fail, lock, signOut } from "../../state/session";
import { Button, Heading } from "../../ui/controls";
import { Segments, Select } from "../../ui/field";
import { ChangePassword } from "./change-password";
import { DeleteAccount } from "./delete-account";
import { NewPhrase } from "./new-phrase";
import { Sessions } from "./sessions";
import { EnrolTOTP, RemoveTOTP } from "./two-factor";

const text = {
  title: "Settings",
  account: "Account",
  signedInAs: "Signed in as",
  entries: (n: number) => (n === 1 ? "One entry" : `${n.toLocaleString()} entries`),
  lock: "Lock",
  signOut: "Sign out",
  security: "Security",
  password: "Master password",
  passwordHint: "Changing it signs out your other devices. The recovery phrase stays valid.",
  change: "Change",
  totp: "Second factor",
  totpOn: "On. Signing in asks for a code from your authenticator.",
  totpOff: "Off. With it, the password alone does not let anybody in.",
  turnOn: "Turn on",
  turnOff: "Turn off",
  phrase: "Recovery phrase",
  phraseHint: "A new phrase replaces the one you have.",
  newPhrase: "New phrase",
  device: "This device",
  theme: "Appearance",
  themes: [
    { value: "system", label: "As the system" }, { value: "light", label: "Light" }, { value: "dark", label: "Dark" },
  ] as { value: Theme; label: string }[],
  autoLock: "Lock when idle for",
  autoLockHint: "Locking forgets all keys. Reloading the page locks, too.",
  minutes: (n: number) => (n === 1 ? "1 minute" : n === 60 ? "1 hour" : `${n} minutes`),
  clipboard: "Clear the clipboard after",
  clipboardHint: "Applies to passwords and other secrets that you copy.",
  seconds: (n: number) => (n === 0 ? "Never" : n === 60 ? "1 minute" : n === 120 ? "2 minutes" : `${n} seconds`),
  shortcuts: "Keyboard shortcuts",
  shortcutsHint: "Press ? anywhere outside a text field to see them.",
  sessions: "Where you are signed in",
  danger: "Delete the account",
  dangerHint: "Deletes the account and everything in the vault, on the server, at once and for good.",
  remove: "Delete account",
};

export function Setting({ name, hint, children }:
  { name: string; hint?: ComponentChildren; children?: ComponentChildren }) {
  return (
    <div class="setting">
      <div class="setting-text"><h3>{name}</h3>{hint && <p>{hint}</p>}</div>
      {children && <div class="setting-control">{children}</div>}
    </div>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return <section class="settings-section"><h2>{title}</h2><div class="card">{children}</div></section>;
}

type Open = "password" | "enrol" | "remove" | "phrase" | "delete" | null;

export function Settings() {
  const [account, setAccount] = useState<AccountInfo | null>(null);
  const [open, setOpen] = useState<Open>(null);
  const username = phase.value.at === "unlocked" ? phase.value.username : "";
  const { theme, autoLockMinutes, clipboardSeconds } = preferences.value;
  const read = () => api.account().then(setAccount, (e: unknown) => {
    if (!fail(e)) toast("The account’s state could not be read. Check the connection.", "problem");
  });
  useEffect(() => void read(), []);
  const close = () => {
    setOpen(null);
    void read();
  };

  return (
    <div class="column settings">
      <Heading title={text.title}>{text.title}</Heading>
      <Section title={text.account}>
        <Setting name={username} hint={account ? text.entries(account.count) : " "}>
          <Button icon="lock" onClick={() => void lock("asked")}>{text.lock}</Button>
          <Button icon="logout" onClick={() => void signOut()}>{text.signOut}</Button>
        </Setting>
      </Section>
      <Section title={text.security}>
        <Setting name={text.password} hint={text.passwordHint}>
          <Button onClick={() => setOpen("password")}>{text.change}</Button>
        </Setting>
        <Setting name={text.totp} hint={account ? (account.totp_enabled ? text.totpOn : text.totpOff) : " "}>
          {account && (account.totp_enabled
            ? <Button onClick={() => setOpen("remove")}>{text.turnOff}</Button>
            : <Button kind="primary" onClick={() => setOpen("enrol")}>{text.turnOn}</Button>)}
        </Setting>
        <Setting name={text.phrase} hint={text.phraseHint}>
          <Button onClick={() => setOpen("phrase")}>{text.newPhrase}</Button>
        </Setting>
      </Section>
      <Section title={text.device}>
        <Setting name={text.theme}>
          <Segments label={text.theme} value={theme} options={text.themes} onChange={(t) => setPreferences({ theme: t })} />
        </Setting>
        <Setting name={text.autoLock} hint={text.autoLockHint}>
          <Select label={text.autoLock} hideLabel value={autoLockMinutes}
            options={AUTO_LOCK_MINUTES.map((n) => ({ value: n, label: text.minutes(n) }))}
            onChange={(n) => setPreferences({ autoLockMinutes: n })} />
        </Setting>
        <Setting name={text.clipboard} hint={text.clipboardHint}>
          <Select label={text.clipboard} hideLabel value={clipboardSeconds}
            options={CLIPBOARD_SECONDS.map((n) => ({ value: n, label: text.seconds(n) }))}
            onChange={(n) => setPreferences({ clipboardSeconds: n })} />
        </Setting>
        <Setting name={text.shortcuts} hint={text.shortcutsHint} />
      </Section>
      <Section title={text.sessions}><Sessions /></Section>
      <Section title={text.danger}>
        <Setting name={text.remove} hint={text.dangerHint}>
          <Button kind="danger" onClick={() => setOpen("delete")}>{text.remove}</Button>
        </Setting>
      </Section>
      {open === "password" && <ChangePassword username={username} onClose={close} />}
      {open === "enrol" && <EnrolTOTP onClose={close} />}
      {open === "remove" && <RemoveTOTP onClose={close} />}
      {open === "phrase" && <NewPhrase username={username} onClose={close} />}
      {open === "delete" && <DeleteAccount username={username} onClose={close} />}
    </div>
  );
}
