package replica

import (
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// EnvelopeError says that a log entry names an envelope for the user that does not carry the key of the vault. Its author, or a faulty
// client of the author, made it: the server cannot. Any other manager or owner helps with a rotation.
type EnvelopeError struct {
	Author   chain.ID
	Name     string // of the author
	Sequence int64  // of the entry
	Shared   bool   // whether others can write such entries at all
	Err      error  // of package seal
}

func (e *EnvelopeError) Error() string {
	return fmt.Sprintf("log entry %d of %s does not carry the key of the vault to you: %v", e.Sequence, e.Name, e.Err)
}

func (e *EnvelopeError) Unwrap() error { return e.Err }

// unopened returns the problem that openEnvelope met. It names an author only in a shared vault: in a personal one, all authors are the user.
func unopened(err error) error {
	var wrong *EnvelopeError
	if errors.As(err, &wrong) && wrong.Shared {
		return Found(bridge.Finding{Code: bridge.EnvelopeWrong, Name: wrong.Name, Got: wrong.Sequence}, "%v", wrong)
	}
	return Found(bridge.Finding{Code: bridge.VaultKeyUnopened}, "the key of the vault does not open")
}

// openEnvelope opens the newest epoch key. It returns an *EnvelopeError if the author of a log entry is at fault, and seal.ErrAltered if the
// server shows another envelope than the one in the roster.
func (l *Log) openEnvelope(identity *seal.Identity) (seal.EpochKey, error) {
	newest := l.State.Entry
	member := newest.Member(identity.User)
	if member == nil {
		return seal.EpochKey{}, seal.ErrNotMember
	}
	card := l.Cards.Get(member.Card)
	if card == nil {
		return seal.EpochKey{}, fmt.Errorf("card of the roster: %w", chain.ErrUnknownCard)
	}
	if chain.HashOf(chain.HashEnvelope, l.Envelope) != member.Envelope {
		return seal.EpochKey{}, fmt.Errorf("envelope %w", seal.ErrAltered)
	}
	keys, err := identity.Keys(card)
	if err == nil {
		var key seal.EpochKey
		if key, err = keys.KEM.OpenEnvelope(newest, identity.User, l.Envelope); err == nil {
			return key, nil
		}
	}
	at := l.sealedBy(*member)
	return seal.EpochKey{}, &EnvelopeError{Author: at.Author, Name: l.NameIn(at, at.Author), Sequence: at.Sequence,
		Shared: at.Type == chain.Shared, Err: err}
}

// sealedBy returns the entry that put the envelope of a line of the newest roster there.
func (l *Log) sealedBy(m chain.Member) *chain.Entry {
	at := len(l.Entries) - 1
	for at > 0 {
		if was := l.Entries[at-1].Member(m.User); was == nil || was.Envelope != m.Envelope {
			break
		}
		at--
	}
	return l.Entries[at]
}

// NameIn returns the username on the card that a verified entry names for a user, or for its author, who need not be in its roster any more.
// A server can add cards to an answer, but none that an entry names. It returns the id if the card is missing.
func (l *Log) NameIn(e *chain.Entry, user chain.ID) string {
	var hash chain.Hash
	if m := e.Member(user); m != nil {
		hash = m.Card
	} else if user == e.Author {
		hash = e.AuthorCard
	}
	return l.nameOn(hash, user)
}
