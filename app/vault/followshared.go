package vault

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// followShared notes the shared vaults of a user, as the store listed them. What the feed said meanwhile is kept: of a vault, the higher
// sequence number is right. It is called under mu.
func (ws *watchers) followShared(f *followed, listed []Membership) {
	gone := maps.Clone(f.shared)
	for _, m := range listed {
		delete(gone, m.Vault)
		ws.setMembership(f, m)
		if recent, ok := ws.moved[m.Vault]; ok {
			ws.moveShared(recent.Change)
		}
	}
	for id, m := range gone {
		if m.Role != 0 {
			ws.doubtRoster(id)
		}
	}
	f.listShared()
}

// setMembership is called under mu. Role is 0 for one who is no longer a member.
func (ws *watchers) setMembership(f *followed, m Membership) {
	was, known := f.shared[m.Vault]
	if known && was.Sequence > m.Sequence {
		m.Role, m.Sequence = was.Role, was.Sequence
	}
	m.Revision = max(m.Revision, was.Revision)
	f.shared[m.Vault] = m
	if ws.sharing[m.Vault] == nil {
		ws.sharing[m.Vault] = map[*followed]bool{}
	}
	ws.sharing[m.Vault][f] = true
}

// moveShared is called under mu. An entry may end a membership, so the roster is read before the watches get anything.
func (ws *watchers) moveShared(to Change) {
	if to.Members {
		ws.doubtRoster(to.Vault)
		return
	}
	for f := range ws.sharing[to.Vault] {
		m := f.shared[to.Vault]
		if to.Sequence > m.Sequence {
			ws.doubtRoster(to.Vault)
			return
		}
	}
	if _, doubted := ws.rosters[to.Vault]; doubted {
		return
	}
	for f := range ws.sharing[to.Vault] {
		m := f.shared[to.Vault]
		if m.Role == 0 || to.Revision <= m.Revision {
			continue
		}
		m.Revision = to.Revision
		f.shared[to.Vault] = m
		f.listShared()
		for w := range f.watches {
			ws.tell(f, w)
		}
	}
}

// doubtRoster makes the goroutine of the feed read the roster of a vault. It is called under mu.
func (ws *watchers) doubtRoster(id chain.ID) {
	ws.rosters[id]++
	select {
	case ws.wake <- struct{}{}:
	default: // it will see this too
	}
}

// checkRosters reads the rosters that may have changed, and tells those who are in them or were.
func (ws *watchers) checkRosters(ctx context.Context) {
	for range catchUp {
		id, reason, any := ws.nextRoster()
		if !any {
			return
		}
		head, err := ws.store.Head(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return // until the next tick
		}
		ws.checkedRoster(id, reason, head)
	}
}

func (ws *watchers) nextRoster() (id chain.ID, reason int, any bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for id, reason := range ws.rosters {
		return id, reason, true
	}
	return id, 0, false
}

// checkedRoster notes the head of a shared vault, which is zero if the vault is gone. If the roster may have changed meanwhile, it will be
// read again.
func (ws *watchers) checkedRoster(id chain.ID, reason int, head Head) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.rosters[id] == reason {
		delete(ws.rosters, id)
	}
	roles, sequence := map[UserID]chain.Role{}, chain.MaxNumber
	if e := head.State.Entry; e != nil {
		sequence = e.Sequence
		for _, m := range e.Roster {
			roles[UserID(m.User.String())] = m.Role
		}
	}
	for _, f := range ws.followed {
		m := Membership{Vault: id, Role: roles[f.id], Revision: head.State.Revision, Sequence: sequence}
		if m.Role == 0 && !ws.sharing[id][f] {
			continue
		}
		ws.setMembership(f, m)
		f.listShared()
		for w := range f.watches {
			ws.tell(f, w)
		}
	}
}

// listShared makes a new list for the watches if the vaults are not those of the last one.
func (f *followed) listShared() {
	list := []protocol.SharedVault{}
	ids := slices.SortedFunc(maps.Keys(f.shared), func(a, b chain.ID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		if m := f.shared[id]; m.Role != 0 {
			list = append(list, m.wire())
		}
	}
	if !slices.Equal(list, f.list) {
		f.list = list
		f.listed++
	}
}

// forgetShared is called under mu, when a user is no longer followed.
func (ws *watchers) forgetShared(f *followed) {
	for id := range f.shared {
		delete(ws.sharing[id], f)
		if len(ws.sharing[id]) == 0 {
			delete(ws.sharing, id)
		}
	}
}

// noteMoved remembers a change that a user who is being loaded may need. It is called under mu.
func (ws *watchers) noteMoved(c Change) {
	was := ws.moved[c.Vault].Change
	c.Revision, c.Sequence, c.Members = max(c.Revision, was.Revision), max(c.Sequence, was.Sequence), c.Members || was.Members
	ws.moved[c.Vault] = recentMove{c, time.Now()}
}
