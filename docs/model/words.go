package main

import (
	"fmt"
	"strings"
)

// A teller puts a trace into words. Statements at one place get letters in the order in which the trace mentions them.
type teller struct {
	m       *model
	letters map[id]string
	taken   map[[2]uint8]int
}

const letters = "abcdefghijklmnopqrstuvwxyz"

// tell returns one sentence for each step.
func (m *model) tell(trace []step) []string {
	t := &teller{m: m, letters: map[id]string{}, taken: map[[2]uint8]int{}}
	lines := make([]string, 0, len(trace))
	for _, by := range trace {
		lines = append(lines, t.who(by.who)+" "+t.deed(by))
	}
	return lines
}

func (t *teller) who(i int) string {
	switch i {
	case theServer:
		return "the server"
	case theAttacker:
		return "the attacker"
	case theOperator:
		return "the operator"
	}
	return t.m.scenario.devices[i].name
}

func (t *teller) deed(by step) string {
	switch by.deed {
	case signs:
		return "signs " + t.whole(by.what)
	case takes:
		return "takes " + t.head(by.to)
	case refuses:
		return "refuses " + t.head(by.to) + " and is in alarm"
	case forges:
		return "makes " + t.whole(by.what)
	case taps:
		return "takes an envelope from the server"
	case signsOut:
		return "is signed out and forgets what it knew"
	case signsIn:
		return "signs in with the newest password"
	case brings:
		return "brings together with " + t.whole(by.what)
	case consents:
		return "accepts the server's " + t.head(by.to)
	case pins:
		return "pins " + t.head(by.to)
	case delivers:
		return "sends " + t.name(by.what) + ", and the server stores it"
	case saves:
		return "makes a backup at " + t.head(by.to)
	case restores:
		return "restores the backup at " + t.head(by.to)
	case resends:
		return "sends everything up to " + t.head(by.to) + " again"
	case opens:
		return "opens the restored server"
	case learnsCard:
		return "learns from the personal vault that the account key was rotated"
	}
	return ""
}

// name is short: entry 1, write 2b.
func (t *teller) name(i id) string {
	if i == 0 {
		return "no write"
	}
	s := t.m.at(i)
	if _, ok := t.letters[i]; !ok {
		place := [2]uint8{uint8(s.kind), s.num}
		t.letters[i] = letters[t.taken[place] : t.taken[place]+1]
		t.taken[place]++
	}
	what := "write"
	if s.kind == entry {
		what = "entry"
		if s.num == 0 && i == t.m.genesis {
			return "entry 0"
		}
	}
	return fmt.Sprintf("%s %d%s", what, s.num, t.letters[i])
}

func (t *teller) head(h head) string { return t.name(h.entry) + " with " + t.name(h.write) }

var opNames = map[op]string{create: "create", add: "add", remove: "remove", leave: "leave", demote: "role: editor to reader",
	promote: "role: more", recard: "recard", rotate: "rotate", account: "account"}

var cardNames = map[card]string{ownerCard: "the owner", ownerNext: "the owner's new card", ownerForged: "a forged second card of the owner",
	editorCard: "the editor", serverCard: "the server's card for the editor", strangerCard: "a stranger"}

// whole says what a statement contains.
func (t *teller) whole(i id) string {
	s := t.m.at(i)
	var parts []string
	if s.kind == entry {
		parts = append(parts, fmt.Sprintf("%s (%s) by %s", t.name(i), opNames[s.op], cardNames[s.author]))
		if s.prev != 0 {
			parts = append(parts, "after "+t.name(s.prev), "at "+t.name(s.other))
		}
	} else {
		parts = append(parts, fmt.Sprintf("%s by %s", t.name(i), cardNames[s.author]), "after "+t.name(s.prev), "naming "+t.name(s.other))
	}
	if s.branch != 0 {
		parts = append(parts, "and the other branch "+t.name(s.branch))
	}
	if s.signed == 0 {
		parts = append(parts, "with a signature that does not fit")
	}
	return strings.Join(parts, ", ")
}
