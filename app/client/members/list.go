package members

import (
	"cmp"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
)

// Person is a user as a verified entry shows one: by the card that it names.
type Person struct {
	User        chain.ID
	Username    string
	Fingerprint string // empty if the card is missing
}

func personIn(log *replica.Log, e *chain.Entry, user chain.ID) Person {
	p := Person{User: user, Username: log.NameIn(e, user)}
	if m := e.Member(user); m != nil {
		p.Fingerprint = m.Card.Groups()
	} else if user == e.Author {
		p.Fingerprint = e.AuthorCard.Groups()
	}
	return p
}

// Member is a member of a vault.
type Member struct {
	Person
	Role     chain.Role
	Standing directory.Standing // of the card in the roster; empty for the user
	How      directory.How      // how the person was verified; 0 for not
	// Introduced says that the person is not verified, and was added by somebody who is.
	Introduced bool
	By         Person // who added the member
	Since      int64  // in milliseconds, by the clock of By
}

// List returns the members of a vault by name.
func List(log *replica.Log, book *directory.Book, me chain.ID) []Member {
	newest := log.State.Entry
	added := additions(log.Entries)
	out := make([]Member, 0, len(newest.Roster))
	for _, line := range newest.Roster {
		e := added[line.User]
		m := Member{Person: personIn(log, newest, line.User), Role: line.Role, By: personIn(log, e, e.Author), Since: e.Time}
		if card := log.Cards.Get(line.Card); card != nil && line.User != me {
			m.Standing = book.StandingOf(card, log.Cards)
			if pins := book.Of(line.User); m.Standing.Trusted() && len(pins) == 1 {
				m.How = pins[0].How
			}
			m.Introduced = m.Standing == directory.Unknown && introduces(log, book, e, me)
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b Member) int { return cmp.Compare(a.Username, b.Username) })
	return out
}

// additions returns, for each user, the entry that made the user a member last.
func additions(entries []*chain.Entry) map[chain.ID]*chain.Entry {
	added := map[chain.ID]*chain.Entry{}
	for i, e := range entries {
		if e.Op != chain.OpCreate && e.Op != chain.OpAdd {
			continue
		}
		for _, m := range e.Roster {
			if i == 0 || entries[i-1].Member(m.User) == nil {
				added[m.User] = e
			}
		}
	}
	return added
}

// introduces reports whether the author of an entry vouches for those whom it adds: the user, or a person whom the user has verified without
// an introduction.
func introduces(log *replica.Log, book *directory.Book, e *chain.Entry, me chain.ID) bool {
	if e.Author == me {
		return true
	}
	card := log.Cards.Get(e.AuthorCard)
	pins := book.Of(e.Author)
	return card != nil && len(pins) == 1 && pins[0].How != directory.Introduced && book.StandingOf(card, log.Cards).Trusted()
}

// Introduced returns who vouches for a member of a vault whom the user has not verified, and false if nobody does: somebody verified without
// an introduction must have added the member, and the member must have this card.
func Introduced(log *replica.Log, book *directory.Book, me chain.ID, card *chain.Card) (by chain.ID, ok bool) {
	m := log.State.Entry.Member(card.User)
	if m == nil || m.Card != card.Hash() {
		return by, false
	}
	e := additions(log.Entries)[card.User]
	if e.Author == me || !introduces(log, book, e, me) {
		return by, false
	}
	return e.Author, true
}

// AddedBy returns who made the user a member, as the log proves, and whether the user has verified that person. Without that, the log says
// nothing about who the other members are.
func AddedBy(log *replica.Log, book *directory.Book, me chain.ID) (by Person, verified bool) {
	e := additions(log.Entries)[me]
	if e == nil {
		return by, false
	}
	card := log.Cards.Get(e.AuthorCard)
	pins := book.Of(e.Author)
	return personIn(log, e, e.Author), e.Author != me && card != nil && len(pins) == 1 && pins[0].How != directory.Introduced &&
		book.StandingOf(card, log.Cards).Trusted()
}

// Change is a change of the members that an entry made.
type Change struct {
	Sequence int64
	Op       chain.Op
	Time     int64 // in milliseconds, by the author's clock
	Author   Person
	Member   Person     // zero if the entry changes no single member
	Before   chain.Role // 0 for a new member
	After    chain.Role // 0 for one who is gone
	NewCard  bool       // the member has another card than before
}

// Changes returns what the entries from a sequence number on changed, in their order.
func Changes(log *replica.Log, from int64) []Change {
	var out []Change
	for n := max(from, 0); n < int64(len(log.Entries)); n++ {
		e := log.Entries[n]
		before := &chain.Entry{}
		if n > 0 {
			before = log.Entries[n-1]
		}
		out = append(out, changesOf(log, before, e)...)
	}
	return out
}

func changesOf(log *replica.Log, before, e *chain.Entry) []Change {
	base := Change{Sequence: e.Sequence, Op: e.Op, Time: e.Time, Author: personIn(log, e, e.Author)}
	var out []Change
	add := func(in *chain.Entry, user chain.ID, edit func(*Change)) {
		c := base
		c.Member = personIn(log, in, user)
		edit(&c)
		out = append(out, c)
	}
	for _, m := range e.Roster {
		was := before.Member(m.User)
		switch {
		case was == nil:
			add(e, m.User, func(c *Change) { c.After = m.Role })
		case was.Role != m.Role || was.Card != m.Card:
			add(e, m.User, func(c *Change) { c.Before, c.After, c.NewCard = was.Role, m.Role, was.Card != m.Card })
		}
	}
	for _, m := range before.Roster {
		if e.Member(m.User) == nil {
			add(before, m.User, func(c *Change) { c.Before = m.Role })
		}
	}
	if len(out) == 0 {
		out = append(out, base)
	}
	return out
}

// Due says whether a vault needs a new key: somebody who left, or whose card was replaced, still has the present one.
type Due int

const (
	NotDue  Due = iota
	DueSoon     // a member has a new card, and the keys of the card before may be stolen
	DueNow      // a member left: a manager or owner rotates before doing anything else
)

// RotationDue looks at the entries of the present epoch.
func RotationDue(log *replica.Log) Due {
	due := NotDue
	for i := len(log.Entries) - 1; i > 0 && log.Entries[i].Epoch == log.Entries[i-1].Epoch; i-- {
		switch e := log.Entries[i]; {
		case e.Op == chain.OpLeave:
			return DueNow
		case e.Op == chain.OpRecard && renewsKeys(log, log.Entries[i-1], e):
			due = DueSoon
		}
	}
	return due
}

// renewsKeys reports whether a card of an entry has other keys than the one before. It may only have another username.
func renewsKeys(log *replica.Log, before, e *chain.Entry) bool {
	for i, m := range e.Roster {
		if was := before.Roster[i]; was.Card != m.Card { // a recard keeps the lines
			a, b := log.Cards.Get(was.Card), log.Cards.Get(m.Card)
			return a == nil || b == nil || !sameKeys(a, b)
		}
	}
	return false
}
