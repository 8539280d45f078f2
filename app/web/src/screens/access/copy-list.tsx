// The list of sealed copies on this device, on the screens before the vault is open.

import { useEffect } from "preact/hooks";
import type { Copy } from "../../core/protocol.gen";
import { core } from "../../state/app";
import { copies, findCopies } from "../../state/copies";
import { href } from "../../state/route";
import { vaultClosed } from "../../state/session";
import { texts } from "../../texts";
import { dayOf } from "../../texts/dates";
import { Icon } from "../../ui/icon";

/** Reads the list when a screen with it appears, and the core has arrived. */
export function useCopies() {
  const { ready } = core.value;
  useEffect(() => {
    if (ready) void vaultClosed().then(findCopies);
  }, [ready]);
  return copies.value;
}

/** A short description of a copy. */
export function about(copy: Copy): string {
  const text = texts.value.copies;
  return [
    copy.since && text.since({ date: dayOf(copy.since) }),
    copy.changes > 0 && text.changes({ count: copy.changes }),
    copy.since && text.days({ count: copy.days_left }),
  ]
    .filter(Boolean)
    .join(" · ");
}

/** Links to the copies, if there are any. */
export function CopyList() {
  const text = texts.value.copies;
  const { copies: list, damaged } = useCopies();
  if (list.length === 0 && !damaged) return null;
  return (
    <section class="copies" aria-labelledby="copies-title">
      <h2 id="copies-title">{text.title}</h2>
      {damaged && <p class="muted">{text.damaged}</p>}
      <ul>
        {list.map((copy) => (
          <li key={copy.id}>
            <a href={href("copy", copy.id)}>
              <Icon name="key" />
              <span>
                <b>{text.openShort({ name: copy.username })}</b>
                <span class="muted">{about(copy)}</span>
              </span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
