package main

import "slices"

// A card is a public identity; in the model, it is also the key that signs under it and opens what is sealed to it.
type card uint8

const (
	noCard      card = iota
	ownerCard        // generation 1; the thief has its key
	ownerNext        // generation 2, after the rotation of the account
	ownerForged      // a generation 2 that the thief made with the key of generation 1
	editorCard
	serverCard   // the server made it and calls it the editor's
	strangerCard // of somebody whom only a thief or the server lets in
)

// A user is a place in a roster.
type user uint8

const (
	owner user = iota
	editor
	stranger
	users = 3
)

func (c card) user() user {
	switch c {
	case editorCard, serverCard:
		return editor
	case strangerCard:
		return stranger
	}
	return owner
}

// cards is a set.
type cards uint8

func setOf(members ...card) (set cards) {
	for _, c := range members {
		set |= 1 << c
	}
	return set
}

func (s cards) has(c card) bool { return s&(1<<c) != 0 }

type role uint8

const (
	outside role = iota
	reads
	edits
	owns
)

// A line is a member of a roster. A role below reads means that the user is not a member.
type line struct {
	card card
	role role
}

type roster [users]line

func (r roster) cards() (set cards) {
	for _, l := range r {
		if l.role > outside {
			set |= setOf(l.card)
		}
	}
	return set
}

// roleOf is the role of the member with this card.
func (r roster) roleOf(c card) role {
	if l := r[c.user()]; l.card == c {
		return l.role
	}
	return outside
}

type kind uint8

const (
	entry kind = iota + 1
	write
	identity
)

type op uint8

const (
	create op = iota + 1
	add
	remove
	leave
	demote // the op role, from editor to reader
	promote
	recard
	rotate
	account
)

// id names a statement. Equal statements have equal ids, so an id is as good as a hash. 0 names nothing.
type id uint16

// A statement is an entry of a log, a write, or a sealed identity. Its references form a tree of hashes.
type statement struct {
	kind   kind
	op     op    // entries
	num    uint8 // seq of an entry, revision of a write, account-key generation of an identity
	prev   id    // the entry or write before; for an identity, the entry before the account entry that names it
	other  id    // an entry names the newest write, a write names the newest entry
	branch id    // a write that brings together names the head of the other branch
	annex  id    // an account entry names the identity
	author card
	signed cards // the keys that signed
	roster roster
	epoch  uint8
	sealed cards // who gets the epoch key in this entry
	edit   uint8 // the edit that a write makes; 0 for one that only brings together
	secret uint8 // the password that opens an identity
	twin   int   // tells statements apart that differ in time or key only
	honest bool  // an honest device made it; no check may look at this
}

// An arena holds each statement once.
type arena struct {
	all  []statement
	ids  map[statement]id
	free id
}

func newArena() *arena { return &arena{all: make([]statement, 1), ids: map[statement]id{}, free: 1} }

func (a *arena) put(s statement) id {
	if found, ok := a.ids[s]; ok {
		return found
	}
	made := a.free
	if a.free++; a.free == 0 {
		panic("more statements than ids")
	}
	a.all = append(a.all, s)
	a.ids[s] = made
	return made
}

func (a *arena) at(i id) *statement { return &a.all[i] }

// chain lists a statement and those before it, oldest first.
func (a *arena) chain(head id) []id {
	var list []id
	for ; head != 0; head = a.all[head].prev {
		list = append(list, head)
	}
	slices.Reverse(list)
	return list
}

// under reports whether the chain of head contains old. Everything contains 0.
func (a *arena) under(head, old id) bool {
	for head != 0 && head != old {
		head = a.all[head].prev
	}
	return head == old
}

// joined reports whether the chain of head contains old, also through branches that were brought together.
func (a *arena) joined(head, old id) bool {
	if a.under(head, old) {
		return true
	}
	for ; head != 0; head = a.all[head].prev {
		if b := a.all[head].branch; b != 0 && a.joined(b, old) {
			return true
		}
	}
	return false
}

// newestBelow is the newest entry of the log whose revision is below n.
func (a *arena) newestBelow(log []id, n uint8) id {
	for _, e := range slices.Backward(log) {
		if a.at(a.at(e).other).num < n {
			return e
		}
	}
	return 0
}

// readers is everyone who got the key of the epoch in which the entry is. It also reports whether an honest device drew the key.
func (a *arena) readers(e id) (set cards, honest bool) {
	for {
		s := a.at(e)
		set |= s.sealed
		if s.prev == 0 || a.at(s.prev).epoch != s.epoch {
			return set, s.honest
		}
		e = s.prev
	}
}
