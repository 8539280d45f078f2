package chain

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
)

// Op says what an entry does.
type Op byte

const (
	OpCreate  Op = 1
	OpAdd     Op = 2
	OpRemove  Op = 3
	OpLeave   Op = 4
	OpRole    Op = 5
	OpRecard  Op = 6
	OpRotate  Op = 7
	OpPolicy  Op = 8
	OpClose   Op = 9
	OpAccount Op = 10
)

func (o Op) String() string {
	if r, ok := rules[o]; ok {
		return r.name
	}
	return fmt.Sprintf("op %d", byte(o))
}

// epochs says whether an op begins a new epoch.
type epochs byte

const (
	sameEpoch epochs = iota
	nextEpoch
	eitherEpoch
)

// rule is what an op may change. What it does not name stays as it was in the entry before.
type rule struct {
	name             string
	personal, shared bool
	afterClose       bool
	author           Role // the lowest role that may
	epoch            epochs
	annex            bool // the op changes the annex, and no other op does
	roster           func(c *change) error
}

// rules has one row for each op.
var rules = map[Op]rule{
	OpCreate:  {name: "create", personal: true, shared: true, author: Owner, roster: (*change).nothing},
	OpAdd:     {name: "add", shared: true, author: Manager, roster: (*change).add},
	OpRemove:  {name: "remove", shared: true, afterClose: true, author: Manager, epoch: nextEpoch, roster: (*change).remove},
	OpLeave:   {name: "leave", shared: true, afterClose: true, author: Reader, roster: (*change).leave},
	OpRole:    {name: "role", shared: true, author: Manager, roster: (*change).role},
	OpRecard:  {name: "recard", shared: true, author: Reader, epoch: eitherEpoch, roster: (*change).recard},
	OpRotate:  {name: "rotate", personal: true, shared: true, author: Manager, epoch: nextEpoch, roster: (*change).nothing},
	OpPolicy:  {name: "policy", shared: true, author: Owner, annex: true, roster: (*change).nothing},
	OpClose:   {name: "close", shared: true, author: Owner, roster: (*change).nothing},
	OpAccount: {name: "account", personal: true, author: Owner, epoch: eitherEpoch, annex: true, roster: (*change).account},
}

func (r rule) in(t Type) error {
	if t == Personal && r.personal || t == Shared && r.shared {
		return nil
	}
	return ErrOp
}

// change is the difference between the rosters of two entries, apart from envelopes, which are checked separately.
type change struct {
	author  Member // as in the roster before
	begins  bool   // an epoch begins
	cards   *Cards
	added   []Member
	removed []Member
	changed []pair
}

type pair struct{ before, after Member }

// compare returns what changed from before to after. It returns ErrEnvelope unless exactly the members whose key or card changed
// have a new envelope.
func compare(before, after *Entry) (c change, err error) {
	c.begins = after.Epoch != before.Epoch
	i, j := 0, 0
	for i < len(before.Roster) || j < len(after.Roster) {
		switch order := orderOf(before.Roster, after.Roster, i, j); {
		case order < 0:
			c.removed = append(c.removed, before.Roster[i])
			i++
		case order > 0:
			c.added = append(c.added, after.Roster[j])
			j++
		default:
			b, a := before.Roster[i], after.Roster[j]
			if renewed := c.begins || a.Card != b.Card; renewed != (a.Envelope != b.Envelope) {
				return c, ErrEnvelope
			}
			if a.Card != b.Card || a.Role != b.Role {
				c.changed = append(c.changed, pair{b, a})
			}
			i, j = i+1, j+1
		}
	}
	return c, nil
}

// orderOf compares the next users of two rosters. An exhausted roster comes last.
func orderOf(before, after []Member, i, j int) int {
	switch {
	case i == len(before):
		return 1
	case j == len(after):
		return -1
	}
	return bytes.Compare(before[i].User[:], after[j].User[:])
}

// only returns ErrRoster unless there are exactly so many differences of each sort. −1 allows one or more.
func (c *change) only(added, removed, changed int) error {
	for _, n := range []struct{ is, want int }{{len(c.added), added}, {len(c.removed), removed}, {len(c.changed), changed}} {
		if n.want >= 0 && n.is != n.want || n.want < 0 && n.is == 0 {
			return ErrRoster
		}
	}
	return nil
}

// manages reports whether the author may give and take this role. Managers have no power over managers and owners.
func (c *change) manages(r Role) bool {
	return c.author.Role == Owner || c.author.Role == Manager && r < Manager
}

func (c *change) nothing() error { return c.only(0, 0, 0) }

func (c *change) add() error {
	if err := c.only(-1, 0, 0); err != nil {
		return err
	}
	for _, m := range c.added {
		if !c.manages(m.Role) {
			return ErrRole
		}
		if _, err := c.cards.of(m.User, m.Card); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) remove() error {
	if err := c.only(0, -1, 0); err != nil {
		return err
	}
	for _, m := range c.removed {
		// Members draw no key of an epoch that they are not part of.
		if m.User == c.author.User || !c.manages(m.Role) {
			return ErrRole
		}
	}
	return nil
}

func (c *change) leave() error {
	if err := c.only(0, 1, 0); err != nil {
		return err
	}
	if c.removed[0].User != c.author.User {
		return ErrRole
	}
	return nil
}

func (c *change) role() error {
	if err := c.only(0, 0, 1); err != nil {
		return err
	}
	p := c.changed[0]
	switch {
	case p.before.Card != p.after.Card:
		return ErrRoster
	case !c.manages(p.before.Role) || !c.manages(p.after.Role):
		return ErrRole
	}
	return nil
}

// recard replaces the card of one member: by the member, with a card that descends from the old one, or by an owner, who compared
// the new card with the member. Managers and owners may begin an epoch with it: the old card opens the envelope of the current
// one, so until then its thief reads on.
func (c *change) recard() error {
	if err := c.only(0, 0, 1); err != nil {
		return err
	}
	p := c.changed[0]
	if p.before.Role != p.after.Role {
		return ErrRoster
	}
	if c.begins && c.author.Role < Manager {
		return ErrRole
	}
	if p.before.User == c.author.User {
		return c.succeeds(p)
	}
	if c.author.Role != Owner {
		return ErrRole
	}
	_, err := c.cards.of(p.after.User, p.after.Card)
	return err
}

// account may replace the owner's card by one that descends from it.
func (c *change) account() error {
	if len(c.added)+len(c.removed) > 0 {
		return ErrRoster
	}
	for _, p := range c.changed {
		if err := c.succeeds(p); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) succeeds(p pair) error { return c.cards.Descends(p.after.Card, p.before.Card) }

// follow checks that e is allowed after before: sequence, predecessor, the rule of its op, and its signatures. The pointer to the
// newest write is checked in follow.go.
func (e *Entry) follow(before *Entry, closed bool, cards *Cards) error {
	if err := e.check(); err != nil {
		return err
	}
	rule := rules[e.Op]
	switch {
	case e.Vault != before.Vault || e.Type != before.Type:
		return ErrVault
	case e.Sequence != before.Sequence+1 || e.Previous != before.Hash():
		return ErrPredecessor
	case e.Op == OpCreate:
		return ErrOp
	case closed && !rule.afterClose:
		return ErrClosed
	}
	author := before.Member(e.Author)
	if author == nil || author.Card != e.AuthorCard {
		return ErrAuthor
	}
	if author.Role < rule.author {
		return ErrRole
	}
	if err := e.checkEpoch(before, rule); err != nil {
		return err
	}
	if rule.annex != (e.Annex != before.Annex) || rule.annex && e.Annex == (Hash{}) {
		return ErrAnnex
	}
	c, err := compare(before, e)
	if err != nil {
		return err
	}
	c.author, c.cards = *author, cards
	if err := rule.roster(&c); err != nil {
		return err
	}
	return e.verify(cards)
}

// checkEpoch: epoch and commitment change together, by one, and the keys of earlier epochs are there exactly then.
func (e *Entry) checkEpoch(before *Entry, rule rule) error {
	begins := e.Epoch != before.Epoch
	switch {
	case begins && e.Epoch-1 != before.Epoch,
		begins == (e.Commitment == before.Commitment),
		begins == (e.PreviousKeys == ""),
		begins && rule.epoch == sameEpoch,
		!begins && rule.epoch == nextEpoch:
		return ErrEpoch
	}
	return nil
}

// verify checks the signatures: by the author's card and, for an account entry and for a member who replaces the own card, also by
// the card that the author has from now on.
func (e *Entry) verify(cards *Cards) error {
	signers := []Hash{e.AuthorCard}
	if m := e.Member(e.Author); e.Op == OpAccount || e.Op == OpRecard && m != nil && m.Card != e.AuthorCard {
		signers = append(signers, m.Card)
	}
	if len(e.Signatures) != len(signers) {
		return fmt.Errorf("%w: %d instead of %d", ErrSignature, len(e.Signatures), len(signers))
	}
	message := e.Message()
	for i, h := range signers {
		card, err := cards.of(e.Author, h)
		if err != nil {
			return err
		}
		if !ed25519.Verify(card.SigningKey[:], message, e.Signatures[i][:]) {
			return ErrSignature
		}
	}
	return nil
}

// begin checks the first entry of a vault: one line, the author's own, as owner.
func (e *Entry) begin(cards *Cards) error {
	if err := e.check(); err != nil {
		return err
	}
	switch {
	case e.Op != OpCreate || e.Sequence != 0:
		return ErrOp
	case len(e.Roster) != 1 || e.Roster[0].User != e.Author || e.Roster[0].Card != e.AuthorCard:
		return ErrRoster
	case e.Epoch != 1 || e.PreviousKeys != "":
		return ErrEpoch
	case e.Annex != Hash{}:
		return ErrAnnex
	}
	return e.verify(cards)
}
