import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import * as api from "../../core/api.gen";
import { asCoreError } from "../../core/error";
import type { Account } from "../../core/protocol.gen";
import { phase, preferences, setPreferences, toast } from "../../state/app";
import { handled } from "../../state/app-errors";
import { shortcutsListed } from "../../state/dialogs";
import { AUTO_LOCK_MINUTES, CLIPBOARD_SECONDS, DENSITIES, THEMES, TRASH_DAYS, UNTIL_CLOSED } from "../../state/preferences";
import { href } from "../../state/route";
import { lock, signOut } from "../../state/session";
import { administrator, setAdministrator } from "../../state/standing";
import { syncNow } from "../../state/vault";
import { laterTexts, texts } from "../../texts";
import { Button, Heading } from "../../ui/controls";
import { Segments, Select } from "../../ui/field";
import { Icon } from "../../ui/icon";
import { LanguageSelect } from "../../ui/language-select";
import { explain } from "../../ui/task";
import { RecentlyDeleted } from "../restore/deleted";
import { EarlierState } from "../restore/earlier";
import { ChangePassword } from "./change-password";
import { DeleteAccount } from "./delete-account";
import { NewPhrase } from "./new-phrase";
import { RotateKeys } from "./rotate-keys";
import { SecurityLog } from "./security-log";
import { Sessions } from "./sessions";
import { EnrolTOTP, RemoveTOTP } from "./two-factor";

declare const LICENCES_URL: string;

function Setting({ name, hint, children }: { name: string; hint?: ComponentChildren; children?: ComponentChildren }) {
  return (
    <div class="setting">
      <div class="setting-text">
        <h3>{name}</h3>
        {hint && <p>{hint}</p>}
      </div>
      {children && <div class="setting-control">{children}</div>}
    </div>
  );
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="settings-section">
      <h2>{title}</h2>
      <div class="card">{children}</div>
    </section>
  );
}

function lockTime(minutes: number): string {
  const text = laterTexts.value.settings;
  if (minutes === UNTIL_CLOSED) return text.untilClosed;
  return minutes < 60 ? text.minutes({ count: minutes }) : text.hours({ count: minutes / 60 });
}

export function clipboardTime(seconds: number): string {
  const text = laterTexts.value.settings;
  if (seconds === 0) return text.never;
  return seconds < 60 ? text.seconds({ count: seconds }) : text.minutes({ count: seconds / 60 });
}

async function chooseCopy(on: boolean) {
  try {
    await api.keepCopy({ on, force: false });
    setPreferences({ keepCopy: on });
    if (on) void syncNow(); // creates the copy
  } catch (e) {
    if (!handled(e)) toast(explain(asCoreError(e)), "problem");
  }
}

type Open = "password" | "enrol" | "remove" | "phrase" | "keys" | "delete" | "deleted" | "earlier" | "events" | null;

export function Settings() {
  const { admin, common, navigation, pages, recentlyDeleted, trash } = texts.value;
  const { earlierState, events, settings: text } = laterTexts.value;
  const [account, setAccount] = useState<Account | null>(null);
  const [open, setOpen] = useState<Open>(null);
  const username = phase.value.at === "unlocked" ? phase.value.username : "";
  const { theme, density, autoLockMinutes, clipboardSeconds, keepCopy, trashDays, singleKeys } = preferences.value;
  const totpState = (a: Account) => (a.totp_enabled ? text.totpOn : text.totpOff);
  const read = () =>
    api.account().then(
      (a) => {
        setAccount(a);
        setAdministrator(a.administrator);
      },
      (e: unknown) => {
        if (!handled(e)) toast(text.notRead, "problem");
      },
    );
  useEffect(() => void read(), []);
  const close = () => {
    setOpen(null);
    void read();
  };

  return (
    <div class="column settings">
      <Heading title={text.title}>{text.title}</Heading>
      <Section title={text.account}>
        <Setting name={username} hint={account ? common.items({ count: account.count }) : " "}>
          <Button icon="lock" onClick={() => void lock("asked")}>
            {navigation.lock}
          </Button>
          <Button icon="logout" onClick={() => void signOut()}>
            {common.signOut}
          </Button>
        </Setting>
      </Section>
      <Section title={pages.people}>
        <Setting name={text.peopleSetting} hint={pages.peopleHint}>
          <a class="button button-plain" href={href("people")}>
            <Icon name="people" />
            <span>{pages.people}</span>
          </a>
        </Setting>
      </Section>
      {administrator.value && (
        <Section title={admin.title}>
          <Setting name={admin.setting} hint={admin.lead}>
            <a class="button button-plain" href={href("admin")}>
              <Icon name="license" />
              <span>{admin.title}</span>
            </a>
          </Setting>
        </Section>
      )}
      <Section title={text.security}>
        <Setting name={common.masterPassword} hint={text.passwordHint}>
          <Button onClick={() => setOpen("password")}>{text.change}</Button>
        </Setting>
        <Setting name={text.totp} hint={account ? totpState(account) : " "}>
          {account?.totp_enabled && <Button onClick={() => setOpen("remove")}>{text.turnOff}</Button>}
          {account && !account.totp_enabled && (
            <Button kind="primary" onClick={() => setOpen("enrol")}>
              {text.turnOn}
            </Button>
          )}
        </Setting>
        <Setting name={common.recoveryPhrase} hint={text.phraseHint}>
          <Button onClick={() => setOpen("phrase")}>{text.newPhrase}</Button>
        </Setting>
        <Setting name={text.keys} hint={text.keysHint}>
          <Button onClick={() => setOpen("keys")}>{text.newKeys}</Button>
        </Setting>
        <Setting name={events.securityLog} hint={events.securityLogHint}>
          <Button onClick={() => setOpen("events")}>{events.securityLogShow}</Button>
        </Setting>
      </Section>
      <Section title={text.device}>
        <Setting name={text.theme}>
          <Segments
            label={text.theme}
            value={theme}
            options={THEMES.map((t) => ({ value: t, label: text.themes[t] }))}
            onChange={(t) => setPreferences({ theme: t })}
          />
        </Setting>
        <Setting name={common.language}>
          <LanguageSelect />
        </Setting>
        <Setting name={text.density}>
          <Segments
            label={text.density}
            value={density}
            options={DENSITIES.map((d) => ({ value: d, label: text.densities[d] }))}
            onChange={(d) => setPreferences({ density: d })}
          />
        </Setting>
        <Setting name={text.autoLock} hint={autoLockMinutes === UNTIL_CLOSED ? text.untilClosedHint : text.autoLockHint}>
          <Select
            label={text.autoLock}
            hideLabel
            value={autoLockMinutes}
            options={AUTO_LOCK_MINUTES.map((n) => ({ value: n, label: lockTime(n) }))}
            onChange={(n) => setPreferences({ autoLockMinutes: n })}
          />
        </Setting>
        <Setting name={text.clipboard} hint={text.clipboardHint}>
          <Select
            label={text.clipboard}
            hideLabel
            value={clipboardSeconds}
            options={CLIPBOARD_SECONDS.map((n) => ({ value: n, label: clipboardTime(n) }))}
            onChange={(n) => setPreferences({ clipboardSeconds: n })}
          />
        </Setting>
        <Setting name={text.copy} hint={text.copyHint}>
          <Segments
            label={text.copy}
            value={keepCopy ? "yes" : "no"}
            onChange={(choice) => void chooseCopy(choice === "yes")}
            options={[
              { value: "yes", label: text.on },
              { value: "no", label: text.off },
            ]}
          />
        </Setting>
        <Setting name={trash.keep} hint={trash.keepHint}>
          <Select
            label={trash.keep}
            hideLabel
            value={trashDays}
            options={TRASH_DAYS.map((n) => ({ value: n, label: n ? trash.days({ count: n }) : trash.forever }))}
            onChange={(n) => setPreferences({ trashDays: n })}
          />
        </Setting>
        <Setting name={text.shortcuts} hint={text.shortcutsHint}>
          <Button icon="keyboard" onClick={() => (shortcutsListed.value = true)}>
            {text.shortcutsShow}
          </Button>
        </Setting>
        <Setting name={text.singleKeys} hint={text.singleKeysHint}>
          <Segments
            label={text.singleKeys}
            value={singleKeys ? "on" : "off"}
            onChange={(choice) => setPreferences({ singleKeys: choice === "on" })}
            options={[
              { value: "on", label: text.on },
              { value: "off", label: text.off },
            ]}
          />
        </Setting>
      </Section>
      <Section title={pages.data}>
        {(
          [
            ["import", "import"],
            ["export", "download"],
            ["health", "shield"],
          ] as const
        ).map(([to, icon]) => (
          <Setting key={to} name={pages[to]} hint={pages[`${to}Hint`]}>
            <a class="button button-plain" href={href(to)}>
              <Icon name={icon} />
              <span>{pages[to]}</span>
            </a>
          </Setting>
        ))}
        <Setting name={recentlyDeleted.title} hint={recentlyDeleted.hint}>
          <Button onClick={() => setOpen("deleted")}>{recentlyDeleted.show}</Button>
        </Setting>
        <Setting name={earlierState.title} hint={earlierState.settingHint}>
          <Button onClick={() => setOpen("earlier")}>{earlierState.choose}</Button>
        </Setting>
        <Setting name={text.licences} hint={text.licencesHint}>
          <a class="button button-plain" href={LICENCES_URL} target="_blank" rel="noopener">
            <span>{text.licences}</span>
          </a>
        </Setting>
      </Section>
      <Section title={text.sessions}>
        <Sessions />
      </Section>
      <Section title={text.danger}>
        <Setting name={text.remove} hint={text.dangerHint}>
          <Button kind="danger" onClick={() => setOpen("delete")}>
            {text.remove}
          </Button>
        </Setting>
      </Section>
      {open === "password" && <ChangePassword username={username} onClose={close} />}
      {open === "enrol" && <EnrolTOTP onClose={close} />}
      {open === "remove" && <RemoveTOTP onClose={close} />}
      {open === "phrase" && <NewPhrase username={username} onClose={close} />}
      {open === "deleted" && <RecentlyDeleted onClose={close} />}
      {open === "earlier" && <EarlierState onClose={close} />}
      {open === "events" && <SecurityLog onClose={close} />}
      {open === "keys" && <RotateKeys username={username} onClose={close} />}
      {open === "delete" && <DeleteAccount username={username} onClose={close} />}
    </div>
  );
}
