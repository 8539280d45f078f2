package main

import "slices"

// A model is a scenario with some checks taken out.
type model struct {
	*arena
	scenario scenario
	off      checks
	genesis  id
	start    state
}

// on reports whether a check is in force.
func (m *model) on(c check) bool { return m.off&(1<<c) == 0 }

// A reader is whatever verifies: a device, or the honest server.
type reader struct {
	at    head // 0 in both: no memory
	fresh bool
	next  bool
	pin   head
}

// verify reports whether a reader takes a head.
func (m *model) verify(r reader, to head) bool {
	if to.entry == 0 {
		return false
	}
	log := m.chain(to.entry)
	from, ok := m.knownEntry(r, log, to.write)
	if !ok || m.on(checkGenesis) && log[0] != m.genesis {
		return false
	}
	for i := from + 1; i < len(log); i++ {
		if !m.entryFits(r, log[i-1], log[i]) || !m.entryInChain(log[i-1], log[i], to.write) {
			return false
		}
	}
	return m.writesFit(r, log, len(log) > from+1, to.write) && (log[0] != m.genesis || m.pinFits(r, to))
}

// knownEntry finds the remembered entry in a log.
func (m *model) knownEntry(r reader, log []id, newest id) (int, bool) {
	if r.at.entry == 0 || log[0] != m.genesis {
		return 0, true // another vault: no memory
	}
	if i := slices.Index(log, r.at.entry); i >= 0 {
		return i, true
	}
	merged := !m.on(checkEntriesPart) && !m.under(newest, r.at.write) && m.joined(newest, r.at.write)
	if m.on(checkLogReach) && !merged {
		return 0, false
	}
	at := int(m.at(r.at.entry).num)
	return min(at, len(log)-1), at < len(log)
}

// pinFits compares with the pin. A device without memory must reach it; the others must not have parted from it.
func (m *model) pinFits(r reader, to head) bool {
	if r.pin.entry == 0 || !m.on(checkPin) {
		return true
	}
	return m.contains(to, r.pin) || !r.fresh && m.contains(r.pin, to)
}

func (m *model) contains(to, old head) bool {
	return m.under(to.entry, old.entry) && m.joined(to.write, old.write)
}

// entryFits is check 2, between two entries.
func (m *model) entryFits(r reader, before, e id) bool {
	s := m.at(e)
	if m.on(checkTwoCards) && r.next && s.roster[owner].card == ownerForged {
		return false
	}
	if m.on(checkEntrySignature) && !m.signedByAuthor(s) {
		return false
	}
	if m.on(checkEntryRole) && !may(m.at(before).roster.roleOf(s.author), s.op) {
		return false
	}
	return !m.on(checkEntryTable) || m.differs(m.at(before), s)
}

// signedByAuthor includes the second signature of a new card.
func (m *model) signedByAuthor(s *statement) bool {
	if s.op == recard || s.op == account {
		if !s.signed.has(s.roster[s.author.user()].card) {
			return false
		}
	}
	return s.signed.has(s.author)
}

// may reports which ops a role allows.
func may(r role, o op) bool {
	switch o {
	case leave, recard:
		return r > outside
	case create:
		return false
	}
	return r == owns
}

// differs reports whether the difference between two entries is that of the op, and nothing else.
func (m *model) differs(before, e *statement) bool {
	if !m.epochFits(before, e) {
		return false
	}
	changed := 0
	for u := range before.roster {
		if before.roster[u] != e.roster[u] {
			changed++
			if !lineMay(e, before.roster[u], e.roster[u]) {
				return false
			}
		}
	}
	return changed == 1 || changed == 0 && (e.op == rotate || e.op == account)
}

// epochFits reports whether an entry begins an epoch exactly if its op does, or may and says so.
func (m *model) epochFits(before, e *statement) bool {
	switch e.op {
	case rotate:
		return e.epoch == before.epoch+1
	case remove:
		if m.on(checkRemoveEpoch) {
			return e.epoch == before.epoch+1
		}
	case account:
		return e.epoch == before.epoch || e.epoch == before.epoch+1
	case recard:
		return e.epoch == before.epoch || e.epoch == before.epoch+1 && may(before.roster.roleOf(e.author), rotate)
	}
	return e.epoch == before.epoch
}

// lineMay reports whether an op may change a line in this way.
func lineMay(e *statement, before, after line) bool {
	mine := before.card == e.author
	switch e.op {
	case add:
		return before.role == outside && after.role > outside
	case remove:
		return before.role > outside && after.role == outside && !mine
	case leave:
		return after.role == outside && mine
	case demote, promote:
		return before.card == after.card && before.role > outside && after.role > outside
	case recard, account:
		return mine && before.role == after.role
	}
	return false
}

// entryInChain: an entry names a write of this chain, and not an older one than the entry before.
func (m *model) entryInChain(before, e, newest id) bool {
	named := m.at(e).other
	if m.on(checkEntryRevision) && !m.under(newest, named) {
		return false
	}
	return !m.on(checkStepBack) || m.at(named).num >= m.at(m.at(before).other).num
}

// writesFit is checks 7 and 8 for the writes: the remembered head is below the newest, and each one between names the right entry.
func (m *model) writesFit(r reader, log []id, grown bool, newest id) bool {
	path, direct, ok := m.path(r.at.write, newest)
	if !ok {
		return false
	}
	for _, w := range path {
		if !m.writeFits(log, w) {
			return false
		}
	}
	if len(path) > 0 && m.on(checkWriteSignature) && !m.at(newest).signed.has(m.at(newest).author) {
		return false
	}
	if !direct && m.on(checkBranchEntries) && !m.allNamed(log, newest) {
		return false
	}
	if known := r.at.write; known != 0 && grown && direct && m.on(checkKnownHead) {
		return m.newestBelow(log, m.at(known).num) == m.at(known).other
	}
	return true
}

// allNamed reports whether each entry, known or new, names a write of the main chain. Otherwise the logs have parted.
func (m *model) allNamed(log []id, newest id) bool {
	return !slices.ContainsFunc(log, func(e id) bool { return !m.under(newest, m.at(e).other) })
}

// path lists the writes above a known one. If the known one is only in a branch that was brought together, the path begins with the
// write that did so, whose author vouches for what is before it.
func (m *model) path(known, newest id) (list []id, direct, ok bool) {
	writes := m.chain(newest)
	if known == 0 || m.under(newest, known) {
		return writes[m.at(known).num:], true, true
	}
	for i, w := range writes {
		b := m.at(w).branch
		if b != 0 && (m.joined(b, known) || !m.on(checkBranchReach)) {
			return writes[i:], false, true
		}
	}
	return writes, false, !m.on(checkWriteReach)
}

// writeFits is check 7 for one write.
func (m *model) writeFits(log []id, w id) bool {
	s := m.at(w)
	if m.on(checkNamesNewest) && m.newestBelow(log, s.num) != s.other {
		return false
	}
	named := m.at(s.other)
	if m.on(checkWriteRole) && named.roster.roleOf(s.author) < edits {
		return false
	}
	return slices.Contains(log, s.other) && (!m.on(checkWriteEpoch) || s.epoch == named.epoch)
}
