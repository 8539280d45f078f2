package members

import (
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Signer is a member who signs the next entry of a shared vault.
type Signer struct {
	Log      *replica.Log // verified
	Identity *seal.Identity
	Book     *directory.Book    // of the user
	Keys     []seal.PreviousKey // replica.KeysBefore
	// Shown says that the user was shown the entries below this sequence number: see directory.VaultPin.
	Shown int64
	Time  int64 // in milliseconds
}

// draft is an entry that is being made.
type draft struct {
	*Signer
	me        chain.Member
	entry     chain.Entry
	cards     *chain.Cards
	envelopes [][]byte
	policy    []byte
	next      *seal.CardKeys // of the card that the author changes to
}

// rule says what an op asks of its author besides the roster that it changes.
type rule struct {
	lowest     chain.Role
	afterClose bool
	unseen     bool // needs no look at the members, because the entry gives nobody a key or a right
	beforeKeys bool // may come before the rotation that is due after somebody left
}

var rules = map[chain.Op]rule{
	chain.OpAdd:    {lowest: chain.Manager},
	chain.OpRemove: {lowest: chain.Manager, afterClose: true, beforeKeys: true},
	chain.OpLeave:  {lowest: chain.Reader, afterClose: true, unseen: true, beforeKeys: true},
	chain.OpRole:   {lowest: chain.Manager},
	chain.OpRecard: {lowest: chain.Reader, unseen: true, beforeKeys: true},
	chain.OpRotate: {lowest: chain.Manager, beforeKeys: true},
	chain.OpPolicy: {lowest: chain.Owner},
	chain.OpClose:  {lowest: chain.Owner, beforeKeys: true},
}

// NeedsLook reports whether an entry of an op is only signed after the user was shown all entries before it.
func NeedsLook(op chain.Op) bool {
	r, known := rules[op]
	return known && !r.unseen
}

func (s *Signer) begin(op chain.Op) (*draft, error) {
	state, rule := s.Log.State, rules[op]
	newest := state.Entry
	me := newest.Member(s.Identity.User)
	switch {
	case newest.Type != chain.Shared:
		return nil, chain.ErrOp
	case me == nil:
		return nil, ErrNotMember
	case state.Closed && !rule.afterClose:
		return nil, ErrClosed
	case me.Role < rule.lowest:
		return nil, ErrRole
	case !rule.unseen && s.Shown <= newest.Sequence:
		return nil, s.unseen()
	case !rule.beforeKeys && RotationDue(s.Log) == DueNow:
		return nil, ErrRotateFirst
	}
	d := &draft{Signer: s, me: *me, entry: *newest, cards: s.Log.Cards.Clone()}
	e := &d.entry
	e.Sequence, e.Previous, e.Revision, e.Write = newest.Sequence+1, newest.Hash(), state.Revision, state.Write
	e.Op, e.Author, e.AuthorCard, e.Time, e.PreviousKeys = op, me.User, me.Card, s.Time, ""
	e.Roster = slices.Clone(newest.Roster)
	return d, nil
}

func (s *Signer) unseen() error {
	return &UnseenError{Shown: s.Log.State.Entry.Sequence + 1, Changes: Changes(s.Log, s.Shown)}
}

// about returns an error about a user, with the name on the card in the newest roster.
func (d *draft) about(user chain.ID, err error) error {
	return &Error{User: user, Username: d.Log.NameIn(d.Log.State.Entry, user), Err: err}
}

// manages reports whether the author may give and take a role.
func (d *draft) manages(r chain.Role) bool { return Manages(d.me.Role, r) }

// Manages reports whether a member with a role may give and take another.
func Manages(role, other chain.Role) bool {
	return other >= chain.Reader && other <= chain.Owner && (role == chain.Owner || role == chain.Manager && other < chain.Manager)
}

// checkRoster refuses to give a key to a member whose card contradicts what the user has verified.
func (d *draft) checkRoster() error {
	for _, m := range d.entry.Roster {
		card := d.cards.Get(m.Card)
		if card == nil {
			return d.about(m.User, chain.ErrUnknownCard)
		}
		if m.User == d.me.User {
			continue
		}
		switch s := d.Book.StandingOf(card, d.cards); s {
		case directory.Parted, directory.OtherUser:
			return &Error{User: m.User, Username: card.Username, Err: s.Err()}
		}
	}
	return nil
}

// key returns the key of the newest epoch.
func (d *draft) key() (seal.EpochKey, error) {
	newest := d.Log.State.Entry
	if len(d.Keys) == 0 || d.Keys[0].Epoch != newest.Epoch || d.Keys[0].Key.Commitment(newest.Vault, newest.Epoch) != newest.Commitment {
		return seal.EpochKey{}, ErrNoKey
	}
	return d.Keys[0].Key, nil
}

// beginEpoch draws a key for the roster of the draft.
func (d *draft) beginEpoch() error {
	if err := d.checkRoster(); err != nil {
		return err
	}
	if _, err := d.key(); err != nil {
		return err
	}
	var err error
	d.envelopes, err = seal.BeginEpoch(&d.entry, d.Keys, d.cards)
	return err
}

// sealTo seals the key of the epoch for a member whose line is new, or has a new card.
func (d *draft) sealTo(m *chain.Member) error {
	key, err := d.key()
	if err != nil {
		return err
	}
	envelope, err := key.SealTo(&d.entry, m, d.cards)
	if err != nil {
		return d.about(m.User, err)
	}
	d.envelopes = append(d.envelopes, envelope)
	return nil
}

// sign signs the entry, and checks it as everybody else will.
func (d *draft) sign() (*Signed, error) {
	card := d.cards.Get(d.me.Card)
	if card == nil {
		return nil, chain.ErrUnknownCard
	}
	keys, err := d.Identity.Keys(card)
	if err != nil {
		return nil, err
	}
	signers := []chain.Signer{keys.Signing}
	if d.next != nil {
		signers = append(signers, d.next.Signing)
	}
	e := &d.entry
	e.Sign(signers...)
	state, err := d.Log.State.Follow([]*chain.Entry{e}, nil, d.cards)
	if err != nil {
		return nil, fmt.Errorf("sign %v entry: %w", e.Op, err)
	}
	return &Signed{Entry: e, State: state, Envelopes: d.envelopes, Policy: d.policy}, nil
}
