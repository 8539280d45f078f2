package vault

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// memberOf returns a user of watchedStore as rosters name it.
func memberOf(name byte) (chain.ID, UserID) {
	id := chain.ID{name}
	return id, UserID(id.String())
}

// rosterIs puts a shared vault at an entry with these members, by another process, and returns the change.
func (s *watchedStore) rosterIs(id chain.ID, sequence int64, members ...chain.Member) Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared == nil {
		s.shared = map[chain.ID]*chain.Entry{}
	}
	s.shared[id] = &chain.Entry{Vault: id, Type: chain.Shared, Sequence: sequence, Roster: members}
	c := Change{Vault: id, Revision: s.written, Sequence: sequence, Members: true}
	s.feed = append(s.feed, c)
	return c
}

// wantVaults checks the list of shared vaults that a watch has for its page, as "vault role revision"; "-" for none.
func wantVaults(t *testing.T, what string, w *Watch, want string) {
	t.Helper()
	got := "-"
	select {
	case list := <-w.Vaults:
		var all []string
		for _, v := range list {
			id, _ := chain.ParseID(v.Vault)
			all = append(all, fmt.Sprint(id[0], " ", v.Role, " ", v.Revision))
		}
		got = strings.Join(all, ", ")
	default:
	}
	if got != want {
		t.Errorf("%s: the page gets %q, want %q", what, got, want)
	}
}

func TestWatchFollowsSharedVaults(t *testing.T) {
	t.Parallel()
	ada, adaID := memberOf('a')
	bob, bobID := memberOf('b')
	store := newWatchedStore(adaID, bobID)
	first, second := chain.ID{7}, chain.ID{8}
	owner, reader := chain.Member{User: ada, Role: chain.Owner}, chain.Member{User: bob, Role: chain.Reader}
	store.rosterIs(first, 1, owner)
	watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
		a, b := watch(sessionOfUser(adaID)), watch(sessionOfUser(bobID))
		wantVaults(t, "an owner at first", a, "7 owner 0")
		wantVaults(t, "somebody without a shared vault", b, "-")
		store.rosterIs(first, 2, owner, reader)
		pass(time.Second)
		wantVaults(t, "who was there before", a, "7 owner 0")
		wantVaults(t, "who was added by another process", b, "7 reader 0")
		store.set(func() {
			store.written = 5
			store.feed = append(store.feed, Change{Vault: first, Revision: 5, Sequence: 2})
		})
		pass(time.Second)
		wantVaults(t, "after a write", b, "7 reader 5")
		ws.changed(store.rosterIs(second, 0, chain.Member{User: bob, Role: chain.Owner}))
		pass(time.Millisecond)
		wantVaults(t, "who created one in this process", b, "7 reader 5, 8 owner 5")

		// A removal, and a write after it that this process sees first: the former member does not learn of it.
		store.rosterIs(first, 3, owner)
		store.set(func() {
			store.written = 6
			store.feed = slices.Insert(store.feed, 0, Change{Vault: first, Revision: 6, Sequence: 3})
		})
		pass(time.Second)
		wantVaults(t, "who was removed", b, "8 owner 6")
		wantVaults(t, "who stays", a, "7 owner 6")
		ws.changed(Change{Vault: first, Revision: 7, Sequence: 3})
		pass(time.Second)
		wantVaults(t, "who was removed before a write", b, "-")
		wantVaults(t, "who sees the write", a, "7 owner 7")
	})
}

// What happened while the feed could not be read is found out.
func TestWatchFindsMembershipsAfterAGap(t *testing.T) {
	t.Parallel()
	ada, adaID := memberOf('a')
	store := newWatchedStore(adaID)
	first, second := chain.ID{7}, chain.ID{8}
	owner := chain.Member{User: ada, Role: chain.Owner}
	store.rosterIs(first, 1, owner)
	watching(t, store, func(t *testing.T, _ *watchers, watch func(Session) *Watch) {
		w := watch(sessionOfUser(adaID))
		wantVaults(t, "at first", w, "7 owner 0")
		store.rosterIs(first, 2)
		store.rosterIs(second, 1, owner)
		store.set(func() { store.feed, store.gap = nil, true })
		pass(3 * time.Second)
		wantVaults(t, "after a gap", w, "8 owner 0")
		store.set(func() { store.down = true })
		store.rosterIs(second, 2)
		pass(time.Minute)
		wantVaults(t, "while the store is down", w, "-")
		store.set(func() { store.down = false })
		pass(2 * time.Second)
		wantVaults(t, "when it is back", w, "")
		store.set(func() { delete(store.shared, second) })
		store.rosterIs(first, 3, owner)
		pass(2 * time.Second)
		wantVaults(t, "who was added again", w, "7 owner 0")
	})
}

// Entries that come while a user is being loaded count, in whatever order.
func TestMembershipDuringTheFirstRead(t *testing.T) {
	t.Parallel()
	ada, adaID := memberOf('a')
	_, bobID := memberOf('b')
	first := chain.ID{7}
	owner := chain.Member{User: ada, Role: chain.Owner}
	for what, c := range map[string]struct {
		before, during []chain.Member
		want           string
	}{
		"added":   {nil, []chain.Member{owner}, "7 owner 0"},
		"removed": {[]chain.Member{owner}, nil, ""},
	} {
		store := newWatchedStore(adaID, bobID)
		store.rosterIs(first, 1, c.before...)
		watching(t, store, func(t *testing.T, ws *watchers, watch func(Session) *Watch) {
			watch(sessionOfUser(bobID)) // so that there is a feed
			store.set(func() {
				store.listing = func() { ws.changed(store.rosterIs(first, 2, c.during...)) }
			})
			w := watch(sessionOfUser(adaID))
			pass(2 * time.Second)
			list := "-"
			for more := true; more; {
				select {
				case vaults := <-w.Vaults:
					list = ""
					if len(vaults) > 0 {
						list = "7 owner 0"
					}
				default:
					more = false
				}
			}
			if list != c.want && (c.want != "" || list != "-") {
				t.Errorf("%s while the list is read: the page has %q", what, list)
			}
		})
	}
}
