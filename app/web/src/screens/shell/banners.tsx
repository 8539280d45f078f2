// The banners above the vault: offline, unsent changes, a draft, problems.

import { alarm, online, phase, preferences } from "../../state/app";
import { lockingIn, stayUnlocked } from "../../state/autolock";
import { offered, refuseDraft, takeDraft } from "../../state/draft";
import { href, route } from "../../state/route";
import { lock } from "../../state/session";
import { lost, syncNow, syncProblem, unreadable, waiting } from "../../state/vault";
import { texts } from "../../texts";
import { when } from "../../texts/dates";
import { Icon } from "../../ui/icon";
import { NewVersion } from "../../ui/new-version";
import { explain } from "../../ui/task";

/** Says that a copy is open, with a button that closes it. */
export function CopyBanner({ partial }: { partial: boolean }) {
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

/** Stays until the alarm has ended: the reason why nothing can be changed. */
function AlarmBanner() {
  const text = texts.value.inAlarm;
  if (!alarm.value) return null;
  return (
    <p class="banner banner-problem">
      <Icon name="danger" />
      <span>{text.banner}</span>
      {route.value[0] !== "alarm" && (
        <a class="link" href={href("alarm")}>
          {text.look}
        </a>
      )}
    </p>
  );
}

/** Counts down to the idle lock. Screen readers hear it once. */
function LockNotice() {
  const text = texts.value.shell;
  const seconds = lockingIn.value;
  if (seconds === null) return null;
  return (
    <p class="banner">
      <Icon name="lock" />
      <span class="visually-hidden">{text.lockingSoon}</span>
      <span aria-hidden="true">{text.lockingIn({ seconds })}</span>
      <button type="button" class="link" onClick={stayUnlocked}>
        {text.stayUnlocked}
      </button>
    </p>
  );
}

export function Banners({ inVault }: { inVault: boolean }) {
  const { common, shell: text } = texts.value;
  const n = inVault ? unreadable.value.size : 0;
  const problem = syncProblem.value;
  const { pending, refused } = waiting.value;
  const draft = offered.value;
  const time = draft ? when(new Date(draft.at).toISOString()) : "";
  const unsent = pending - refused.length;
  const offline = preferences.value.keepCopy ? text.offline({ count: unsent }) : text.offlineReading;
  return (
    <div class="banners" role="status">
      <AlarmBanner />
      {!online.value && (
        <p class="banner">
          <Icon name="offline" />
          <span>{alarm.value ? text.offlineReading : offline}</span>
          <button type="button" class="link" onClick={() => void syncNow()}>
            {common.tryAgain}
          </button>
        </p>
      )}
      {online.value && !alarm.value && unsent > 0 && (
        <p class="banner">
          <Icon name="wait" />
          <span>{text.waiting({ count: unsent })}</span>
          <button type="button" class="link" onClick={() => void syncNow()}>
            {common.tryAgain}
          </button>
        </p>
      )}
      {refused.map((r) => (
        <p class="banner banner-problem" key={r.id}>
          <Icon name="danger" />
          <span>{text.refused({ title: r.title, why: explain(r) })}</span>
          <a class="link" href={href("item", r.id)}>
            {text.look}
          </a>
        </p>
      ))}
      {lost.value.map((f) => (
        <p class="banner banner-problem" key={f.id}>
          <Icon name="danger" />
          <span>{text.lost({ file: f.name, title: f.title })}</span>
          <a class="link" href={href("item", f.item)}>
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
      <LockNotice />
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
