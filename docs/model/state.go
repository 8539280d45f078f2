package main

import "slices"

const (
	maxDevices = 3
	maxKnown   = 16
)

// A head is the newest entry and the newest write of a vault.
type head struct{ entry, write id }

// A device is a program of an honest user, with what it stores.
type device struct {
	at     head  // what it remembers: the newest verified head
	seen   head  // the newest head that it ever took; only consent moves it back. No check may look at this.
	shown  head  // in an alarm: the head of the server
	flight id    // the signed statement that it sent, or will send, until the chain settles it
	edit   uint8 // the edit in the outbox
	alarm  bool
	fresh  bool // it has no memory
	next   bool // it knows the second generation of the owner's card, from the personal vault
	tapped bool // it took an epoch key from the server
	online bool // it has a session
}

// A state is everything that can change. It is comparable, and equal states are equal values: ids name contents, and the statements that
// the server has are sorted.
type state struct {
	devices   [maxDevices]device
	known     [maxKnown]id // all statements that the server ever got or made
	server    head         // of an honest server
	backup    head
	pin, top  head  // the pin in the personal vault, and the furthest that it ever was
	editsMade uint8 // budgets
	entries   uint8
	forgeries uint8
	brought   uint8
	consents  uint8
	saved     bool  // there is a backup
	restored  bool  // the backup is back
	closed    bool  // the restored server only takes statements that are sent again
	rotated   bool  // a device took the honest rotation of the account
	expelled  bool  // a device took the removal of the editor
	password  uint8 // what the person types
	changing  bool  // the person chose a new password; the entry may still be in flight
	broken    property
}

// learn adds a statement to those that the server has. It reports whether there was room.
func (s *state) learn(i id) bool {
	n := slices.Index(s.known[:], 0)
	if slices.Contains(s.known[:], i) {
		return true
	}
	if n < 0 {
		return false
	}
	s.known[n] = i
	slices.Sort(s.known[:n+1])
	return true
}

func (s *state) statements() []id {
	if n := slices.Index(s.known[:], 0); n >= 0 {
		return s.known[:n]
	}
	return s.known[:]
}

// A deed names what happens in a step.
type deed uint8

const (
	signs deed = iota
	takes
	refuses
	forges
	taps
	signsOut
	signsIn
	brings
	consents
	pins
	delivers
	saves
	restores
	resends
	opens
	learnsCard
)

// A step is an edge of the search.
type step struct {
	who  int // a device, or one of the others below
	deed deed
	what id
	to   head
}

const (
	theServer = -1 - iota
	theAttacker
	theOperator
)
