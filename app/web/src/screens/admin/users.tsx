// The list of users, and what an administrator can do to each.
import { useRef, useState } from "preact/hooks";
import type { AdminUser, UserAct } from "../../core/protocol.gen";
import { phase } from "../../state/app";
import { locale, texts } from "../../texts";
import { dayInUTC, dayOf } from "../../texts/dates";
import { Button, Empty } from "../../ui/controls";
import { OwnFields, TextField } from "../../ui/field";
import { unlessFocused } from "../../ui/focus";
import { Icon, type IconName } from "../../ui/icon";
import { Menu } from "../../ui/menu";
import { inBytes } from "../items/attachments";
import { ChangeUser } from "./change-user";
import { actsOn, complete, lastAdministrator, named, problem, users } from "./directory";

const SHOWN = 100; // at first, and more with each press of the button

const ICONS: Record<UserAct, IconName> = {
  suspend: "lock",
  resume: "restore",
  promote: "shield",
  demote: "identity",
  unthrottle: "key",
  remove: "clock",
  delete: "trash",
};

interface Place {
  user: AdminUser;
  x: number;
  y: number;
}

function Badges({ user, own }: { user: AdminUser; own: boolean }) {
  const text = texts.value.admin;
  return (
    <span class="user-badges">
      {own && <span class="badge">{text.you}</span>}
      {user.administrator && <span class="badge">{text.administrator}</span>}
      {user.suspended && (
        <span class="badge badge-suspended">
          {user.deletion ? text.deletion({ date: dayOf(user.deletion) }) : text.suspended}
        </span>
      )}
    </span>
  );
}

function Row({ user, own, onMenu }: { user: AdminUser; own: boolean; onMenu?: (at: Place) => void }) {
  const text = texts.value.admin;
  const facts = [
    [text.lastSeen, dayInUTC(user.last_seen)],
    [text.twoFactor, user.totp_enabled ? text.on : text.off],
    [text.items, user.items.toLocaleString(locale.value)],
    [text.size, inBytes(user.bytes)],
  ] as const;
  return (
    <li class="user">
      <h3>
        <bdi class="listed-name">{user.username}</bdi>
        <Badges user={user} own={own} />
      </h3>
      <dl class="user-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {onMenu && (
        <button
          type="button"
          class="icon-button"
          aria-label={text.actions({ name: user.username })}
          aria-haspopup="menu"
          onClick={(e) => {
            const { left, bottom } = e.currentTarget.getBoundingClientRect();
            onMenu({ user, x: left, y: bottom + 4 });
          }}
        >
          <Icon name="more" />
        </button>
      )}
    </li>
  );
}

/** The names of the columns. Each row has them too, for screen readers and phones. */
function Columns() {
  const text = texts.value.admin;
  return (
    <div class="user user-columns" aria-hidden="true">
      <span>{text.name}</span>
      <span class="user-facts">
        <span>{text.lastSeen}</span>
        <span>{text.twoFactor}</span>
        <span>{text.items}</span>
        <span>{text.size}</span>
      </span>
    </div>
  );
}

function List({ all, onLost }: { all: AdminUser[]; onLost: () => void }) {
  const text = texts.value.admin;
  const [words, setWords] = useState("");
  const [most, setMost] = useState(SHOWN);
  const [menu, setMenu] = useState<Place | null>(null);
  const [asked, setAsked] = useState<{ user: AdminUser; act: UserAct } | null>(null);
  const own = phase.value.at === "unlocked" ? phase.value.username : "";
  const last = complete.value ? lastAdministrator(all) : undefined;
  const found = named(all, words);
  const shown = found.slice(0, most);
  const filter = (typed: string) => {
    setWords(typed);
    setMost(SHOWN);
  };
  const count = words.trim()
    ? text.matches({ shown: found.length, all: all.length })
    : complete.value && text.count({ count: all.length });
  return (
    <>
      <div class="users-head">
        <OwnFields.Provider value>
          <TextField label={text.filter} value={words} onInput={filter} />
        </OwnFields.Provider>
        <p class="muted" role="status">
          {count || text.loading}
        </p>
      </div>
      {last?.username === own && <p class="muted users-last">{text.last}</p>}
      {found.length > 0 ? (
        <div class="card users">
          <Columns />
          <ul>
            {shown.map((user) => (
              <Row
                key={user.user_id}
                user={user}
                own={user.username === own}
                onMenu={actsOn(user, last, own).length > 0 ? setMenu : undefined}
              />
            ))}
          </ul>
        </div>
      ) : (
        <Empty icon="search" title={text.noMatch({ words: words.trim() })} />
      )}
      {found.length > most && (
        <Button onClick={() => setMost(most + SHOWN)}>{text.more({ count: Math.min(SHOWN, found.length - most) })}</Button>
      )}
      {menu && (
        <Menu
          label={text.actions({ name: menu.user.username })}
          x={menu.x}
          y={menu.y}
          items={actsOn(menu.user, last, own).map((act) => ({
            label: text.acts[act].action,
            icon: ICONS[act],
            danger: act === "remove" || act === "delete",
            run: () => setAsked({ user: menu.user, act }),
          }))}
          onClose={() => setMenu(null)}
        />
      )}
      {asked && (
        <ChangeUser
          {...asked}
          own={asked.user.username === own}
          onClose={() => {
            setAsked(null);
            onLost();
          }}
        />
      )}
    </>
  );
}

export function Users() {
  const text = texts.value.admin;
  const title = useRef<HTMLHeadingElement>(null);
  if (!users.value && problem.value) return null;
  return (
    <section class="settings-section">
      <h2 ref={title} tabIndex={-1}>
        {text.users}
      </h2>
      {users.value ? (
        <List all={users.value} onLost={() => unlessFocused(title)} />
      ) : (
        <p class="muted" role="status">
          {text.loading}
        </p>
      )}
    </section>
  );
}
