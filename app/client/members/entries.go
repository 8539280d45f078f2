package members

import (
	"bytes"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Create signs the first entry of a new vault, whose only member is the owner of a card. It returns the entry with its envelope.
func Create(vault chain.ID, card *chain.Card, keys seal.CardKeys, millis int64) (*Signed, error) {
	if err := keys.Fit(card); err != nil {
		return nil, err
	}
	cards := &chain.Cards{}
	if err := cards.Add(card); err != nil {
		return nil, err
	}
	key := seal.NewEpochKey()
	defer key.Wipe()
	e := &chain.Entry{
		Vault: vault, Type: chain.Shared, Op: chain.OpCreate, Author: card.User, AuthorCard: card.Hash(), Time: millis, Epoch: 1,
		Commitment: key.Commitment(vault, 1), Roster: []chain.Member{{User: card.User, Card: card.Hash(), Role: chain.Owner}},
	}
	envelope, err := key.SealTo(e, &e.Roster[0], cards)
	if err != nil {
		return nil, err
	}
	e.Sign(keys.Signing)
	state, err := chain.Begin(e, cards)
	if err != nil {
		return nil, err
	}
	return &Signed{Entry: e, State: state, Envelopes: [][]byte{envelope}}, nil
}

// Newcomer is a person to add.
type Newcomer struct {
	Person *directory.Person
	Role   chain.Role
}

// Add adds verified people. Somebody who was only introduced becomes neither manager nor owner.
func (s *Signer) Add(newcomers ...Newcomer) (*Signed, error) {
	d, err := s.begin(chain.OpAdd)
	if err != nil {
		return nil, err
	}
	e := &d.entry
	if len(newcomers) == 0 {
		return nil, ErrSame
	}
	if len(newcomers) > protocol.MaxNewMembers || len(e.Roster)+len(newcomers) > chain.MaxMembers {
		return nil, ErrFull
	}
	for _, n := range newcomers {
		if err := d.admit(n); err != nil {
			return nil, &Error{User: n.Person.Card().User, Username: n.Person.Card().Username, Err: err}
		}
	}
	if err := d.checkRoster(); err != nil {
		return nil, err
	}
	slices.SortFunc(e.Roster, func(a, b chain.Member) int { return bytes.Compare(a.User[:], b.User[:]) })
	for i := range e.Roster {
		if m := &e.Roster[i]; m.Envelope == (chain.Hash{}) {
			if err := d.sealTo(m); err != nil {
				return nil, err
			}
		}
	}
	return d.sign()
}

// admit adds a line without an envelope.
func (d *draft) admit(n Newcomer) error {
	card := n.Person.Card()
	switch {
	case !d.manages(n.Role):
		return ErrRole
	case slices.ContainsFunc(d.entry.Roster, func(m chain.Member) bool { return m.User == card.User }):
		return ErrMember
	}
	standing, pins := d.Book.Standing(n.Person)
	if err := standing.Err(); err != nil {
		return err
	}
	if standing != directory.Verified && standing != directory.Renewed || n.Role >= chain.Manager && pins[0].How == directory.Introduced {
		return ErrUnverified
	}
	if err := d.cards.Add(card); err != nil { // the vault has another card of this generation
		return directory.ErrParted
	}
	d.entry.Roster = append(d.entry.Roster, chain.Member{User: card.User, Card: card.Hash(), Role: n.Role})
	return nil
}

// Remove removes members, and begins an epoch.
func (s *Signer) Remove(users ...chain.ID) (*Signed, error) {
	d, err := s.begin(chain.OpRemove)
	if err != nil {
		return nil, err
	}
	if len(users) == 0 {
		return nil, ErrSame
	}
	for _, user := range users {
		m := d.entry.Member(user)
		switch {
		case user == d.me.User:
			return nil, ErrSelf
		case m == nil:
			return nil, d.about(user, ErrNoMember)
		case !d.manages(m.Role):
			return nil, d.about(user, ErrRole)
		}
	}
	d.entry.Roster = slices.DeleteFunc(d.entry.Roster, func(m chain.Member) bool { return slices.Contains(users, m.User) })
	if err := d.beginEpoch(); err != nil {
		return nil, err
	}
	return d.sign()
}

// Leave removes the author. The key stays: who leaves never draws the next one. See RotationDue.
func (s *Signer) Leave() (*Signed, error) {
	d, err := s.begin(chain.OpLeave)
	if err != nil {
		return nil, err
	}
	if d.me.Role == chain.Owner && d.owners() == 1 {
		return nil, ErrLastOwner
	}
	d.entry.Roster = slices.DeleteFunc(d.entry.Roster, func(m chain.Member) bool { return m.User == d.me.User })
	return d.sign()
}

func (d *draft) owners() (n int) {
	for _, m := range d.entry.Roster {
		if m.Role == chain.Owner {
			n++
		}
	}
	return n
}

// SetRole gives a member another role.
func (s *Signer) SetRole(user chain.ID, role chain.Role) (*Signed, error) {
	d, err := s.begin(chain.OpRole)
	if err != nil {
		return nil, err
	}
	m := d.entry.Member(user)
	switch {
	case m == nil:
		return nil, d.about(user, ErrNoMember)
	case !d.manages(m.Role) || !d.manages(role):
		return nil, ErrRole
	case m.Role == role:
		return nil, d.about(user, ErrSame)
	case m.Role == chain.Owner && d.owners() == 1:
		return nil, ErrLastOwner
	}
	if role >= chain.Manager && user != d.me.User {
		if err := d.checkCompared(*m); err != nil {
			return nil, err
		}
	}
	m.Role = role
	return d.sign()
}

// checkCompared refuses to make somebody a manager or an owner whom the user has not verified.
func (d *draft) checkCompared(m chain.Member) error {
	card := d.cards.Get(m.Card)
	if card == nil {
		return d.about(m.User, chain.ErrUnknownCard)
	}
	standing := d.Book.StandingOf(card, d.cards)
	pins := d.Book.Of(m.User)
	err := standing.Err()
	if err == nil && (len(pins) == 0 || pins[0].How == directory.Introduced) {
		err = ErrUnverified
	}
	if err != nil {
		return d.about(m.User, err)
	}
	return nil
}

// Recard replaces the author's card by the newest of own, which are the author's cards. Managers and owners begin an epoch with it if the
// keys of the card changed: the card before opens the envelope of the present one.
func (s *Signer) Recard(own []*chain.Card) (*Signed, error) {
	d, err := s.begin(chain.OpRecard)
	if err != nil {
		return nil, err
	}
	for _, c := range own {
		if err := d.cards.Add(c); err != nil {
			return nil, err
		}
	}
	before := d.cards.Get(d.me.Card)
	if len(own) == 0 || before == nil {
		return nil, chain.ErrUnknownCard
	}
	after := own[len(own)-1]
	if after.Hash() == d.me.Card {
		return nil, ErrSame
	}
	keys, err := d.Identity.Keys(after)
	if err != nil {
		return nil, err
	}
	d.next = &keys
	m := d.entry.Member(d.me.User)
	m.Card = after.Hash()
	if d.me.Role >= chain.Manager && !sameKeys(before, after) {
		if s.Shown <= s.Log.State.Entry.Sequence {
			return nil, s.unseen()
		}
		err = d.beginEpoch()
	} else {
		err = d.sealTo(m)
	}
	if err != nil {
		return nil, err
	}
	return d.sign()
}

// RecardMember gives a member the newest card of a verified person, and begins an epoch. It is for owners, when the member cannot sign with the
// card before.
func (s *Signer) RecardMember(p *directory.Person) (*Signed, error) {
	d, err := s.begin(chain.OpRecard)
	if err != nil {
		return nil, err
	}
	card := p.Card()
	m := d.entry.Member(card.User)
	standing, _ := d.Book.Standing(p)
	switch {
	case d.me.Role < chain.Owner:
		return nil, ErrRole
	case card.User == d.me.User || m == nil:
		return nil, d.about(card.User, ErrNoMember)
	case m.Card == card.Hash():
		return nil, d.about(card.User, ErrSame)
	case s.Shown <= s.Log.State.Entry.Sequence:
		return nil, s.unseen()
	case standing.Err() != nil:
		return nil, d.about(card.User, standing.Err())
	case !standing.Trusted():
		return nil, d.about(card.User, ErrUnverified)
	}
	if err := d.cards.Add(card); err != nil {
		return nil, d.about(card.User, directory.ErrParted)
	}
	m.Card = card.Hash()
	if err := d.beginEpoch(); err != nil {
		return nil, err
	}
	return d.sign()
}

func sameKeys(a, b *chain.Card) bool {
	return a.SigningKey == b.SigningKey && bytes.Equal(a.KEMKey, b.KEMKey)
}

// Rotate begins an epoch.
func (s *Signer) Rotate() (*Signed, error) {
	d, err := s.begin(chain.OpRotate)
	if err == nil {
		err = d.beginEpoch()
	}
	if err != nil {
		return nil, err
	}
	return d.sign()
}

// SetPolicy replaces the policy of the vault.
func (s *Signer) SetPolicy(policy []byte) (*Signed, error) {
	d, err := s.begin(chain.OpPolicy)
	if err != nil {
		return nil, err
	}
	if len(policy) == 0 || encoding.EncodedLen(len(policy)) > protocol.MaxPolicyBytes {
		return nil, ErrPolicy
	}
	d.policy, d.entry.Annex = policy, chain.HashOf(chain.HashAnnex, policy)
	if d.entry.Annex == s.Log.State.Entry.Annex {
		return nil, ErrSame
	}
	return d.sign()
}

// Close ends all changes of the vault. Members can still leave and be removed.
func (s *Signer) Close() (*Signed, error) {
	d, err := s.begin(chain.OpClose)
	if err != nil {
		return nil, err
	}
	return d.sign()
}
