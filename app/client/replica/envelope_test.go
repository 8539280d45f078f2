package replica

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// A manager's client seals a key to a member that is not that of the vault, or nothing. The member's device says who did it; a server that
// shows another envelope is not taken for the manager.
func TestWrongEnvelopesNameTheirAuthor(t *testing.T) {
	t.Parallel()
	owner, bob := testvault.NewPerson("olga"), testvault.NewPerson("bob")
	v, _ := owner.FoundShared()
	v.Follow(v.DraftAdd(chain.Reader, bob))
	honest := v.Epochs[0]
	for name, c := range map[string]struct {
		envelope func() []byte
		cause    error
	}{
		"another key":      {func() []byte { return sealedTo(t, seal.NewEpochKey(), v.ID, 2, bob.Card()) }, seal.ErrCommitment},
		"of another epoch": {func() []byte { return sealedTo(t, honest, v.ID, 1, bob.Card()) }, seal.ErrAltered},
		"of another vault": {func() []byte { return sealedTo(t, honest, seal.NewID(), 2, bob.Card()) }, seal.ErrAltered},
		"of another card":  {func() []byte { return sealedTo(t, honest, v.ID, 2, owner.Card()) }, seal.ErrAltered},
		"not an envelope":  {func() []byte { return []byte("x") }, seal.ErrAltered},
	} {
		envelope := c.envelope()
		d := v.DraftRotate()
		d.Entry.Member(bob.ID).Envelope = chain.HashOf(chain.HashEnvelope, envelope)
		d.Resign(v)
		log := &Log{State: d.Next.State, Entries: append(v.Entries[:len(v.Entries):len(v.Entries)], d.Entry), Cards: v.Known.Clone(), Envelope: envelope}
		identity := &seal.Identity{User: bob.ID, Cards: bob.CardKeys}
		_, err := log.open(identity, nil)
		var wrong *EnvelopeError
		var altered *AlteredError
		if !errors.As(err, &wrong) || wrong.Author != owner.ID || wrong.Name != "olga" || wrong.Sequence != 2 || !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", name, err)
		}
		var found *FindingError
		if !errors.As(err, &altered) || !errors.As(altered.Problems[0], &found) || found.Finding != (bridge.Finding{Code: bridge.EnvelopeWrong, Name: "olga", Got: 2}) {
			t.Errorf("%s: %+v", name, altered)
		}
		log.Envelope = sealedTo(t, honest, v.ID, 2, bob.Card()) // the server swaps it
		var blamed *EnvelopeError
		if _, err := log.open(identity, nil); errors.As(err, &blamed) || !errors.Is(err, seal.ErrAltered) {
			t.Errorf("%s, swapped by the server: %v", name, err)
		}
	}
}

func sealedTo(t *testing.T, key seal.EpochKey, vault chain.ID, epoch uint32, to *chain.Card) []byte {
	t.Helper()
	b, err := key.SealEnvelope(vault, epoch, to)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The author of a leave entry is no longer in its roster.
func TestNamesInEntries(t *testing.T) {
	t.Parallel()
	owner, bob := testvault.NewPerson("olga"), testvault.NewPerson("bob")
	v, _ := owner.FoundShared()
	v.Follow(v.DraftAdd(chain.Reader, bob))
	leave := v.By(bob).DraftLeave()
	l := &Log{Cards: v.Known}
	if got := l.NameIn(leave.Entry, bob.ID); got != "bob" {
		t.Errorf("the author: %s", got)
	}
	if got := l.NameIn(leave.Entry, owner.ID); got != "olga" {
		t.Errorf("a member: %s", got)
	}
	stranger := seal.NewID()
	if got := l.NameIn(leave.Entry, stranger); got != stranger.String() {
		t.Errorf("a stranger: %s", got)
	}
	write := &chain.Write{Author: bob.ID, AuthorCard: bob.Card().Hash()}
	if got := l.AuthorOf(write); got != "bob" {
		t.Errorf("the author of a write: %s", got)
	}
	write.AuthorCard = owner.Card().Hash()
	if got := l.AuthorOf(write); got != bob.ID.String() {
		t.Errorf("the author of a write under somebody else's card: %s", got)
	}
}
