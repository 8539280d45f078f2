package vault_test

import (
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// extend adds so many writes to a vault that no server has.
func extend(v *testvault.Vault, writes int) {
	for range writes {
		v.Apply(v.Draft(v.Put(chain.RecordOverview, seal.NewID(), 1, "only here")))
	}
}

// parted returns a user's vault of so many writes, and another history of it that parted after some of them.
func (s *site) parted(common, main, branch int) (*user, *testvault.Vault) {
	s.t.Helper()
	u := s.register("ada")
	for range common {
		u.item("common")
	}
	other := u.Fork()
	extend(other, branch)
	for range main {
		u.item("main")
	}
	return u, other
}

func (u *user) join(other *testvault.Vault) {
	u.t.Helper()
	w := u.DraftJoin(other, u.Put(chain.RecordOverview, seal.NewID(), 1, "brought together"))
	if err := u.Write(u.t.Context(), u.session, u.ID.String(), w.Request()); err != nil {
		u.t.Fatal(err)
	}
	u.Apply(w)
}

// rejoin follows the server's answer to a device that remembers from, and checks that it leads to the state of u.
func (u *user) rejoin(from chain.State) {
	u.t.Helper()
	log := u.asked(from)
	if log.Branch == nil {
		u.t.Errorf("no way back from revision %d", from.Revision)
		return
	}
	b := chain.Branches{Common: log.Branch.Common, Joint: log.Branch.Join, Main: parseWrites(log.Writes), Branch: parseWrites(log.Branch.Writes)}
	for _, text := range log.Entries {
		b.Entries = append(b.Entries, must(chain.ParseEntry(must(decode(text)))))
	}
	cards := &chain.Cards{}
	for _, text := range log.Cards {
		if err := cards.Add(must(chain.ParseCard(must(decode(text))))); err != nil {
			u.t.Fatal(err)
		}
	}
	got, _, err := from.Rejoin(b, cards)
	if err != nil || string(got.Encode()) != string(u.State.Encode()) {
		u.t.Errorf("from revision %d: %v", from.Revision, err)
	}
}

func parseWrites(in []protocol.Signed) (out []*chain.Write) {
	for _, text := range in {
		out = append(out, must(chain.ParseWrite(must(decode(text)))))
	}
	return out
}

// asked returns the answer to a device that remembers a state.
func (u *user) asked(from chain.State) protocol.VaultLog {
	u.t.Helper()
	var c collected
	asked := vault.Asked{Since: from.Revision, After: from.Entry.Sequence, Revision: from.Revision, Head: encode(from.Write[:])}
	if err := u.Changes(u.t.Context(), u.session, u.ID.String(), asked, &c); err != nil {
		u.t.Fatal(err)
	}
	return c.VaultLog
}

// statesOf returns the states of a history from a revision on.
func statesOf(v *testvault.Vault, from chain.State) []chain.State {
	var states []chain.State
	s := from
	for _, w := range v.Writes[from.Revision:] {
		next, err := s.Follow(nil, []*chain.Write{w}, v.Known)
		if err != nil {
			panic(err)
		}
		s, states = next, append(states, next)
	}
	return states
}

func TestDevicesOnABranchFindTheWayBack(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]int{{0, 1, 1}, {1, 1, 1}, {2, 0, 3}, {3, 5, 2}, {5, 1, 7}, {6, 9, 9}} {
		s := newSite(t)
		u := s.register("ada")
		for range c[0] {
			u.item("common")
		}
		start, other := u.State, u.Fork()
		extend(other, c[2])
		for range c[1] {
			u.item("main")
		}
		u.renew(testvault.Renewal{Card: true, Epoch: true})
		u.item("under another card")
		u.join(other)
		branch := statesOf(other, start)
		for _, from := range branch {
			u.rejoin(from)
		}
		u.item("later")
		for _, from := range branch {
			u.rejoin(from)
		}
		// Those who are not on the branch get what they got before.
		for _, from := range []chain.State{start, u.State} {
			if log := u.asked(from); log.Branch != nil {
				t.Errorf("%v: a device at revision %d of the vault is shown a branch", c, from.Revision)
			}
		}
		u.unmoved()
	}
}

// A device followed one branch back, was parted again, and came back.
func TestBranchesOfBranches(t *testing.T) {
	t.Parallel()
	u, first := newSite(t).parted(3, 2, 2)
	start := first.State
	u.join(first)
	u.rejoin(start)
	second := u.Fork() // has the first join
	third := u.Fork()
	base := u.State
	extend(second, 3)
	extend(third, 1)
	u.item("main")
	u.join(second)
	u.join(third)
	for _, from := range slices.Concat(statesOf(second, base), statesOf(third, base), []chain.State{start}) {
		u.rejoin(from)
	}
	// The same branch went on after it was brought together.
	extend(second, 2)
	late := second.State
	if log := u.asked(late); log.Branch != nil {
		t.Error("a device beyond the end of the branch is led back")
	}
	u.join(second)
	u.rejoin(late)
	u.unmoved()
}

func TestUnknownBranchIsAnsweredAsBefore(t *testing.T) {
	t.Parallel()
	u, other := newSite(t).parted(2, 3, 2)
	for _, from := range statesOf(other, chainAt(t, u.Vault, 2)) {
		log := u.asked(from)
		if log.Branch != nil || log.Revision != u.State.Revision || log.Head != encode(u.State.Write[:]) {
			t.Errorf("at revision %d: %+v", from.Revision, log)
		}
	}
	for _, head := range []string{"x", encode(make([]byte, 31)), encode(make([]byte, 32)) + "=", encode(make([]byte, 32)) + "\n"} {
		var c collected
		bad("head").check(t, u.Changes(t.Context(), u.session, u.ID.String(), vault.Asked{After: -1, Head: head}, &c))
	}
}

// chainAt returns the state of a vault at a revision.
func chainAt(t *testing.T, v *testvault.Vault, revision int64) chain.State {
	t.Helper()
	s, err := chain.Whole(v.State.Genesis, nil, v.Entries[:2], nil, v.Known)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range v.Writes[:revision] {
		if s, err = s.Follow(nil, []*chain.Write{w}, v.Known); err != nil {
			t.Fatal(err)
		}
	}
	return s
}
