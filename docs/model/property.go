package main

import "slices"

// A property is what must hold in every state. 0 is "nothing is broken".
type property uint8

const (
	joined property = iota + 1
	vanished
	removed
	authority
	reach
	heal
	twice
	falseAlarm
	stuck
)

// properties says each property as a sentence.
var properties = map[property]string{
	joined:     "no device takes two histories that disagree about one revision",
	vanished:   "no write that a device saw acknowledged vanishes unseen",
	removed:    "nobody writes without the role, and nobody after removal to a device that has seen the removal",
	authority:  "nobody gets a role, or gives one, without the right to do so",
	reach:      "an epoch key reaches nobody outside the roster of that epoch",
	heal:       "after a rotation, the old account key neither signs nor opens anything new",
	twice:      "an edit takes effect once",
	falseAlarm: "an honest server raises no alarm",
	stuck:      "honest clients of an honest server get back to work",
}

// judge finds out what is wrong with a head that a device took. It knows who made each statement, and uses none of the checks.
func (m *model) judge(s *state, d *device, to head) property {
	switch log := m.chain(to.entry); {
	case log[0] != m.genesis:
		return reach // the device files items in a vault of the server
	case !m.joined(to.write, d.seen.write):
		if m.joined(d.seen.write, to.write) {
			return vanished
		}
		return joined
	case !m.under(to.entry, d.seen.entry):
		if m.under(d.seen.entry, to.entry) {
			return vanished
		}
		return joined
	case m.disagrees(to):
		return joined
	case d.fresh && !m.contains(to, s.top):
		return vanished
	case m.oldKeyActs(s, d, log, to):
		return heal
	case !m.lawful(log):
		return authority
	case !m.writersMay(log, to.write):
		return removed
	case m.repeats(to.write):
		return twice
	}
	return 0
}

// disagrees reports whether a head, with all that its statements name, has two writes of one revision or two entries of one seq. The
// branches that were brought together do not count: their writes are named as what they are.
func (m *model) disagrees(to head) bool {
	var found places
	return m.clash(&found, to.entry) || m.clash(&found, to.write)
}

// places holds one statement for each kind and number.
type places [2][16]id

func (m *model) clash(found *places, i id) bool {
	for ; i != 0; i = m.at(i).prev {
		s := m.at(i)
		place := &found[s.kind-entry][s.num]
		if *place != 0 {
			return *place != i
		}
		*place = i
		if m.clash(found, s.other) {
			return true
		}
	}
	return false
}

// lawful reports whether each entry was signed by somebody who had the right to it.
func (m *model) lawful(log []id) bool {
	for i, e := range log[1:] {
		s, before := m.at(e), m.at(log[i])
		if !m.signedByAuthor(s) || !may(before.roster.roleOf(s.author), s.op) {
			return false
		}
		if !s.honest && !m.differs(before, s) {
			return false
		}
	}
	return true
}

// writersMay reports whether the author of each write was an editor when he wrote: after the newest entry below, whatever it names. Only
// the newest must be signed: its author vouches for those below.
func (m *model) writersMay(log []id, newest id) bool {
	for w := newest; w != 0; w = m.at(w).prev {
		s := m.at(w)
		now := m.at(m.newestBelow(log, s.num)).roster
		if w == newest && !s.signed.has(s.author) || now.roleOf(s.author) < edits {
			return false
		}
	}
	return true
}

// oldKeyActs reports whether a device that knows of the rotation took something that the old key made after it.
func (m *model) oldKeyActs(s *state, d *device, log []id, to head) bool {
	rotation := id(0)
	for _, e := range log {
		st := m.at(e)
		switch {
		case st.roster[owner].card == ownerForged && d.next:
			return true
		case st.roster[owner].card == ownerNext:
			if rotation == 0 {
				rotation = e
			} else if st.author == ownerCard {
				return true
			}
		case m.rotatesAccount(e):
			rotation = e
		}
	}
	if rotation == 0 {
		return d.fresh && m.scenario.personal && s.rotated
	}
	for w := to.write; w != 0; w = m.at(w).prev {
		st := m.at(w)
		if st.num > m.at(m.at(rotation).other).num && st.author == ownerCard && !st.honest {
			return true
		}
	}
	return false
}

// rotatesAccount also recognises a rotation from which the new card was left out.
func (m *model) rotatesAccount(e id) bool {
	s := m.at(e)
	return s.op == account && s.honest && m.scenario.thief
}

// repeats reports whether an edit is in the chain twice.
func (m *model) repeats(newest id) bool {
	var seen uint32
	for ; newest != 0; newest = m.at(newest).prev {
		e := m.at(newest).edit
		if e != 0 && e != evil && seen&(1<<e) != 0 {
			return true
		}
		seen |= 1 << e
	}
	return false
}

// judgeWrite finds out who can read a write that an honest device is about to sign.
func (m *model) judgeWrite(d *device, author card, e id) property {
	set, honest := m.readers(e)
	now := m.at(e).roster
	rotated := now[owner].card == ownerNext || slices.ContainsFunc(m.chain(e), m.rotatesAccount)
	switch {
	case d.tapped, set.has(serverCard), set.has(strangerCard) && author.user() == owner:
		return reach
	case rotated && author.user() == owner && (set.has(ownerCard) || !honest):
		return heal
	case author.user() == owner && set.has(editorCard) && now[editor].role == outside:
		return reach
	}
	return 0
}

// judgeSeal finds out who gets an epoch key that an honest device drew.
func (m *model) judgeSeal(s *statement) property {
	if set := s.sealed; set&^s.roster.cards() != 0 || set.has(serverCard) || set.has(strangerCard) {
		return reach
	}
	return 0
}
