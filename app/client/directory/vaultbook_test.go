package directory_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// home is a personal vault, which has the pins, as the server has it, and a replica of it.
type home struct {
	*testvault.Vault
	t       *testing.T
	replica *replica.Replica
}

func newHome(t *testing.T) *home {
	t.Helper()
	v, _ := testvault.NewPerson("anna").Found()
	h := &home{v, t, replica.New(v.Owner.ID, v.ID)}
	h.sync()
	return h
}

func (h *home) sync() {
	h.t.Helper()
	body, err := json.Marshal(h.Answer(h.replica.Revision(), h.replica.After(), h.replica.Revision()))
	if err != nil {
		h.t.Fatal(err)
	}
	a, err := replica.Parse(body)
	if err != nil {
		h.t.Fatal(err)
	}
	log, err := h.replica.Follow(a, chain.State{})
	if err != nil {
		h.t.Fatal(err)
	}
	next, err := h.replica.Verify(h.t.Context(), log, h.Identity(), a.Records, false)
	if err != nil {
		h.t.Fatal(err)
	}
	next.Commit()
}

func (h *home) book() *directory.VaultBook { return directory.OpenVaults(h.replica) }

// change makes a change of the pins, and returns the number of its operations.
func (h *home) change(build func(c *replica.Change, b *directory.VaultBook)) int {
	h.t.Helper()
	c := h.replica.Change()
	build(c, h.book())
	n := c.Operations()
	if n == 0 {
		return 0
	}
	keys, card := h.Author()
	s, err := c.Sign(replica.Author{User: h.Owner.ID, Card: card, Keys: keys}, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	if err := h.TakeWrite(s.Write, s.Operations, s.Tokens); err != nil {
		h.t.Fatal(err)
	}
	h.sync()
	return n
}

func (h *home) pin(p directory.VaultPin) {
	h.t.Helper()
	h.change(func(c *replica.Change, b *directory.VaultBook) {
		if err := b.Pin(c, p); err != nil {
			h.t.Fatal(err)
		}
	})
}

func (h *home) pins(vault chain.ID) []directory.VaultPin {
	p, _ := h.book().Of(vault)
	return p.Pins
}

// shared is a shared vault with the history that a server shows.
type shared struct {
	*testvault.Vault
	states []chain.State // after each entry and write
}

func newShared() *shared {
	v, _ := testvault.NewPerson("owner").FoundShared()
	return &shared{v, []chain.State{v.State}}
}

func (s *shared) fork() *shared {
	v := *s.Vault
	v.Entries, v.Writes, v.Operations = slices.Clone(v.Entries), slices.Clone(v.Writes), slices.Clone(v.Operations)
	v.Live = v.Live.Clone()
	return &shared{&v, slices.Clone(s.states)}
}

func (s *shared) rotate() {
	s.Follow(s.DraftRotate())
	s.states = append(s.states, s.State)
}

func (s *shared) write() {
	s.Apply(s.Draft(s.Put(chain.RecordOverview, seal.NewID(), 1, "x")))
	s.states = append(s.states, s.State)
}

// log returns the verified log of a member.
func (s *shared) log() (*replica.Log, func(int64) (chain.Hash, error)) {
	return &replica.Log{State: s.State, Entries: s.Entries, Cards: s.Known}, func(n int64) (chain.Hash, error) { return s.Writes[n-1].Hash(), nil }
}

func TestVaultPinsOnlyGoForward(t *testing.T) {
	t.Parallel()
	h, s := newHome(t), newShared()
	for range 3 {
		s.rotate()
		s.write()
	}
	log, at := s.log()
	forward := func(shown int64) (changed bool, err error) {
		h.change(func(c *replica.Change, b *directory.VaultBook) { changed, err = b.Forward(c, log, shown, at) })
		return changed, err
	}
	if _, err := forward(0); !errors.Is(err, directory.ErrNoVaultPin) || len(h.pins(s.ID)) != 0 {
		t.Errorf("the server's word is a pin: %v", err)
	}
	h.pin(directory.PinOf(s.states[1], 2))
	h.pin(directory.PinOf(s.states[1], 2)) // again
	if got := h.pins(s.ID); len(got) != 1 {
		t.Fatalf("%+v", got)
	}
	newest := directory.PinOf(s.State, 2)
	for i, want := range []bool{true, false} {
		if changed, err := forward(0); changed != want || err != nil || !slices.Equal(h.pins(s.ID), []directory.VaultPin{newest}) {
			t.Errorf("%d: %v, %v, %+v", i, changed, err, h.pins(s.ID))
		}
	}
	newest.Shown = 4
	if changed, err := forward(4); !changed || err != nil || h.pins(s.ID)[0] != newest {
		t.Errorf("shown: %v, %v", changed, err)
	}
	if _, err := forward(1); err != nil || h.pins(s.ID)[0] != newest {
		t.Errorf("shown went back: %v, %+v", err, h.pins(s.ID))
	}
	if _, err := forward(5); !errors.Is(err, directory.ErrVaultPin) {
		t.Errorf("shown before it exists: %v", err)
	}
	for i, want := range []bool{true, false} {
		var had bool
		h.change(func(c *replica.Change, b *directory.VaultBook) { had = b.Forget(c, s.ID) })
		if had != want || len(h.pins(s.ID)) != 0 {
			t.Errorf("%d: forgot %v, %+v", i, had, h.pins(s.ID))
		}
	}
}

// A server shows a device without memory a state before the pinned one, or another history.
func TestServersThatShowAnotherHistory(t *testing.T) {
	t.Parallel()
	s := newShared()
	s.write()
	s.rotate()
	base := s.fork()
	s.write()
	s.rotate()
	pin := directory.PinOf(s.State, 0)
	other := base.fork()
	other.write()
	other.rotate()
	otherEntry := base.fork()
	otherEntry.rotate()
	otherEntry.rotate()
	otherEntry.write()
	longer := other.fork()
	longer.rotate()
	longer.write()
	twin := &shared{Vault: first(s.Owner.FoundSharedAs(s.ID))}
	for name, shows := range map[string]*shared{
		"an earlier state": base, "as new a fork": other, "a fork with the write elsewhere": otherEntry, "a longer fork": longer, "another beginning": twin,
		"another vault": newShared(),
	} {
		h := newHome(t)
		h.pin(pin)
		log, at := shows.log()
		known, _ := h.book().Of(s.ID)
		if err := known.Reaches(log, at); !errors.Is(err, directory.ErrVaultParted) {
			t.Errorf("%s: %v", name, err)
		}
		h.change(func(c *replica.Change, b *directory.VaultBook) {
			if _, err := b.Forward(c, log, 0, at); err == nil {
				t.Errorf("%s: went there", name)
			}
		})
		if got := h.pins(s.ID); !slices.Equal(got, []directory.VaultPin{pin}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
	h := newHome(t)
	h.pin(pin)
	known, _ := h.book().Of(s.ID)
	lost := errors.New("offline")
	log, at := s.log()
	if err := known.Reaches(log, func(int64) (chain.Hash, error) { return chain.Hash{}, lost }); !errors.Is(err, lost) {
		t.Errorf("a write that the server withholds: %v", err)
	}
	if err := known.Reaches(log, at); err != nil || !slices.Equal(known.Revisions(), []int64{pin.Revision}) || known.Genesis() != s.State.Genesis {
		t.Errorf("the honest server: %v", err)
	}
	// The user accepts the other history.
	h.change(func(c *replica.Change, b *directory.VaultBook) {
		if err := b.Accept(c, directory.PinOf(other.State, 0)); err != nil {
			t.Error(err)
		}
		if err := b.Accept(c, directory.PinOf(newShared().State, 0)); !errors.Is(err, directory.ErrNoVaultPin) {
			t.Errorf("accepted a vault that nobody pinned: %v", err)
		}
	})
	if got := h.pins(s.ID); !slices.Equal(got, []directory.VaultPin{directory.PinOf(other.State, 0)}) {
		t.Errorf("%+v", got)
	}
}

func first[A, B any](a A, _ B) A { return a }

// Two devices pinned at the same time, or a branch was brought together.
func TestOfTwoPinsTheLogMustContainBoth(t *testing.T) {
	t.Parallel()
	s := newShared()
	s.write()
	base := s.fork()
	s.rotate()
	s.write()
	fork := base.fork()
	fork.write()
	fork.write()
	behind, ahead, parted := directory.PinOf(base.State, 2), directory.PinOf(s.State, 1), directory.PinOf(fork.State, 0)
	behind.Shown = 1
	log, at := s.log()

	h, branch := newHome(t), newHome(t)
	h.pin(behind)
	branch.pin(ahead)
	bring := func() int {
		return h.change(func(c *replica.Change, b *directory.VaultBook) {
			if err := b.Bring(c, branch.book()); err != nil {
				t.Fatal(err)
			}
		})
	}
	if n, again := bring(), bring(); n != 1 || again != 0 {
		t.Errorf("brought %d and %d", n, again)
	}
	known, _ := h.book().Of(s.ID)
	if len(known.Pins) != 2 || known.Check() != nil || known.Reaches(log, at) != nil {
		t.Errorf("%+v: %v, %v", known, known.Check(), known.Reaches(log, at))
	}
	h.change(func(c *replica.Change, b *directory.VaultBook) {
		if _, err := b.Forward(c, log, 0, at); err != nil {
			t.Error(err)
		}
	})
	if got := h.pins(s.ID); !slices.Equal(got, []directory.VaultPin{ahead}) {
		t.Errorf("%+v", got)
	}

	// Neither contains the other. The fork has other numbers, so only a log can tell.
	h.change(func(c *replica.Change, b *directory.VaultBook) {
		if err := c.Put(chain.RecordPin, seal.NewID(), parted.Encode()); err != nil {
			t.Error(err)
		}
	})
	known, _ = h.book().Of(s.ID)
	for name, shows := range map[string]*shared{"one": s, "the other": fork} {
		log, at := shows.log()
		if err := known.Reaches(log, at); !errors.Is(err, directory.ErrVaultParted) {
			t.Errorf("%s: %v", name, err)
		}
	}

	// Two pins of one revision.
	twin := base.fork()
	twin.rotate()
	twin.write()
	h.change(func(c *replica.Change, b *directory.VaultBook) {
		if err := b.Pin(c, directory.PinOf(twin.State, 0)); !errors.Is(err, directory.ErrVaultParted) {
			t.Errorf("pinned: %v", err)
		}
		if err := b.Pin(c, directory.VaultPin{}); !errors.Is(err, directory.ErrVaultPin) {
			t.Errorf("pinned nothing: %v", err)
		}
		if err := c.Put(chain.RecordPin, seal.NewID(), directory.PinOf(twin.State, 0).Encode()); err != nil {
			t.Error(err)
		}
	})
	known, _ = h.book().Of(s.ID)
	if err := known.Check(); !errors.Is(err, directory.ErrVaultParted) {
		t.Errorf("%v", err)
	}
}

func TestVaultPinsAndPersonsAreApart(t *testing.T) {
	t.Parallel()
	h, s := newHome(t), newShared()
	person := directory.Pin{User: s.Owner.ID, Username: "owner", How: directory.ByLink, Cards: []chain.Hash{s.Owner.Card().Hash()}}
	h.change(func(c *replica.Change, _ *directory.VaultBook) {
		for _, content := range [][]byte{person.Encode(), directory.PinOf(s.State, 0).Encode(), {chain.Format, 2}, {chain.Format, 9}} {
			if err := c.Put(chain.RecordPin, seal.NewID(), content); err != nil {
				t.Fatal(err)
			}
		}
	})
	if b := h.book(); len(b.Vaults) != 1 || b.Unreadable != 1 {
		t.Errorf("%+v", b)
	}
	if b := directory.Open(h.replica); len(b.Entries) != 1 || b.Unreadable != 0 {
		t.Errorf("%+v", b)
	}
	for i := range 40 { // the order of ids
		other := newShared()
		h.pin(directory.PinOf(other.State, int64(i%2)))
		if got := h.pins(other.ID); len(got) != 1 {
			t.Fatalf("%d: %+v", i, got)
		}
	}
	if b := h.book(); len(b.Vaults) != 41 || !slices.IsSortedFunc(b.Vaults, func(x, y directory.PinnedVault) int { return slices.Compare(x.Vault[:], y.Vault[:]) }) {
		t.Errorf("%d vaults", len(b.Vaults))
	}
}
