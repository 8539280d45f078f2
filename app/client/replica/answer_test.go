package replica

import (
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// whole returns the first chunk of a cache.
func (o *owned) whole(t *testing.T, a *Answer) []byte {
	t.Helper()
	chunk, err := o.replica.Whole(a)
	if err != nil {
		t.Fatal(err)
	}
	return chunk
}

// opened opens a cache on a new replica.
func opened(t *testing.T, o *owned, seen chain.State, chunks ...[]byte) (*Replica, error) {
	t.Helper()
	c, err := ParseCopy(chunks)
	if err != nil {
		return nil, err
	}
	r := New(o.Owner.ID, o.ID)
	log, err := r.FollowCopy(c, seen)
	if err != nil {
		return nil, err
	}
	next, err := r.Verify(t.Context(), log, o.Identity(), c.Records(), true)
	if err != nil {
		return nil, err
	}
	next.Commit()
	return r, nil
}

func reopened(t *testing.T, o *owned, chunks ...[]byte) *Replica {
	t.Helper()
	r, err := opened(t, o, o.State, chunks...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCacheOpensAsTheVaultWas(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	mail := o.add("Mail")
	o.Follow(o.DraftRotate())
	a, err := o.take(t, o.asked(true, chain.State{}), true, chain.State{})
	if err != nil {
		t.Fatal(err)
	}
	chunks := [][]byte{o.whole(t, a)}
	if encodedAgain := o.whole(t, nil); reopened(t, o, encodedAgain).Revision() != 1 {
		t.Error("a cache that was encoded again is of another revision")
	}
	before := o.State
	o.rename(mail, "Post")
	bank := o.add("Bank")
	o.Follow(o.DraftAccount(testvault.Renewal{Card: true, Epoch: true}))
	delta := o.asked(false, chain.State{})
	if _, err := o.take(t, delta, false, chain.State{}); err != nil {
		t.Fatal(err)
	}
	chunks = append(chunks, encoded(t, delta))
	saved := o.change(t, func(ch *Change) error {
		_, err := ch.Remove([]string{bank}, func(*Entry) bool { return true })
		return err
	})
	chunks = append(chunks, encoded(t, saved.Answer()))
	r := reopened(t, o, chunks...)
	w := &owned{o.Vault, r, nil}
	w.shows(t, "[Post]")
	o.add("Shop")
	w.sync(t)
	w.shows(t, "[Post Shop]")

	var back *RolledBackError
	if _, err := opened(t, o, o.State, chunks...); !errors.As(err, &back) || !back.Copy {
		t.Errorf("a cache that is older than the memory: %v", err)
	}
	if _, err := opened(t, o, before, chunks...); err != nil {
		t.Errorf("a cache that is newer than the memory: %v", err)
	}
	if _, err := opened(t, o, before, chunks[0], chunks[2]); !isAltered(err) {
		t.Errorf("a cache without a chunk: %v", err)
	}
	if _, err := opened(t, o, before, []byte(`{"revision":1}`)); !isAltered(err) {
		t.Errorf("a cache of another version: %v", err)
	}
	spoiled := slices.Clone(chunks[0])
	spoiled[len(spoiled)-100] ^= 1
	if _, err := opened(t, o, before, spoiled); !isAltered(err) {
		t.Errorf("a damaged cache: %v", err)
	}
}

// The program ended after it had written the cache, and before it had noted that.
func TestCacheThatIsNewerThanTheMemoryOpens(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.add("Mail")
	before := o.State
	o.Follow(o.DraftRotate())
	o.add("Bank")
	o.sync(t)
	r, err := opened(t, o, before, o.whole(t, nil))
	if err != nil || r.Revision() != 2 {
		t.Errorf("%v", err)
	}
}
