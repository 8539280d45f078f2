package main

// evil marks the edits of attackers.
const evil = 31

// A visitor gets the states that follow.
type visitor func(step, state)

// reader is how a device verifies.
func (m *model) reader(s *state, d *device) reader {
	at := d.at
	if d.fresh {
		at = head{}
	}
	return reader{at: at, fresh: d.fresh, next: d.next, pin: s.pin}
}

// who is the user of a device, and the card that the device signs with in this log.
func (m *model) who(i int, d *device) card {
	if m.scenario.devices[i].user == editor {
		return editorCard
	}
	if m.at(d.at.entry).roster[owner].card == ownerNext {
		return ownerNext
	}
	return ownerCard
}

// take moves a device to a head that it verified, and resolves the statement in flight.
func (m *model) take(s *state, i int, to head) {
	d := &s.devices[i]
	s.broken = m.judge(s, d, to)
	d.at, d.seen = to, to
	d.alarm, d.fresh, d.shown = false, false, head{}
	if m.rotated(to.entry) {
		d.next = true
	}
	for _, e := range m.chain(to.entry) {
		if a := m.at(e); a.op == account && a.honest && e != m.genesis {
			s.rotated = s.rotated || m.scenario.thief
			s.password = max(s.password, m.at(a.annex).secret)
		}
	}
	s.expelled = s.expelled || m.at(to.entry).roster[editor].role == outside
	m.resolve(d)
}

func (m *model) rotated(e id) bool { return m.at(e).roster[owner].card == ownerNext }

// resolve drops the statement in flight when the chain has it, has another in its place, or has something that makes it inadmissible.
func (m *model) resolve(d *device) {
	if d.edit != 0 && m.on(checkOutboxHashes) && m.on(checkInFlight) && m.made(d.at.write, d.edit) {
		d.edit = 0
	}
	if d.flight == 0 {
		return
	}
	f := m.at(d.flight)
	switch {
	case m.joined(d.at.write, d.flight), m.under(d.at.entry, d.flight):
		if f.kind == write && f.edit == d.edit {
			d.edit = 0
		}
		d.flight = 0
	case f.kind == write && m.at(d.at.write).num >= f.num,
		f.kind == entry && (m.at(d.at.entry).num >= f.num || m.at(d.at.write).num > m.at(f.other).num):
		d.flight = 0
	case f.kind == write && m.on(checkInFlightEntry) && m.newestBelow(m.chain(d.at.entry), f.num) != f.other:
		d.flight = 0
	}
}

// made reports whether one of the writes that were ever signed for an edit is in the chain.
func (m *model) made(newest id, edit uint8) bool {
	for newest != 0 && m.at(newest).edit != edit {
		newest = m.at(newest).prev
	}
	return newest != 0
}

// sign lets each device of an honest user sign one write or one entry.
func (m *model) sign(s state, i int, visit visitor) {
	d := &s.devices[i]
	if d.alarm || d.fresh || d.flight != 0 && m.on(checkInFlight) {
		return
	}
	m.signWrite(s, i, visit)
	if m.scenario.devices[i].user == owner && d.flight == 0 {
		m.signEntries(s, i, visit)
	}
}

// signWrite signs the edit in the outbox, or a new edit.
func (m *model) signWrite(s state, i int, visit visitor) {
	d := &s.devices[i]
	author, now := m.who(i, d), m.at(d.at.entry)
	if now.roster.roleOf(author) < edits || m.mustRotate(d, author) || author != editorCard && m.showsStranger(now) {
		return
	}
	again := d.flight != 0
	if d.edit == 0 {
		if s.editsMade == m.scenario.edits {
			return
		}
		s.editsMade++
		d.edit = s.editsMade
	}
	w := statement{kind: write, num: m.at(d.at.write).num + 1, prev: d.at.write, other: m.newestEntry(d.at), author: author,
		signed: setOf(author), epoch: now.epoch, edit: d.edit, honest: true}
	if again {
		w.twin = m.at(d.flight).twin + 1
		if w.twin > 1 {
			return
		}
	}
	s.broken = m.judgeWrite(d, author, d.at.entry)
	m.send(s, i, w, visit)
}

// showsStranger: the owner sees a member that he did not add, and signs nothing but the removal.
func (m *model) showsStranger(now *statement) bool {
	return m.on(checkShow) && now.roster[stranger].role > outside
}

// newestEntry is the entry that a write on top of a head names.
func (m *model) newestEntry(at head) id {
	return m.newestBelow(m.chain(at.entry), m.at(at.write).num+1)
}

// mustRotate: since the epoch began, a member left, who still has its key.
func (m *model) mustRotate(d *device, author card) bool {
	if author.user() != owner || !m.on(checkLeaveRotates) {
		return false
	}
	for e := m.at(d.at.entry); e.prev != 0 && e.epoch == m.at(e.prev).epoch; e = m.at(e.prev) {
		if e.op == leave {
			return true
		}
	}
	return false
}

// send stores a signed statement. A hostile server has it at once, and decides who sees it.
func (m *model) send(s state, i int, made statement, visit visitor) {
	d := &s.devices[i]
	d.flight = m.put(made)
	fits := !m.scenario.hostile || s.learn(d.flight) && (made.annex == 0 || s.learn(made.annex))
	if !fits {
		return
	}
	visit(step{who: i, deed: signs, what: d.flight}, s)
}

// signEntries signs what the scenario lets the owner do.
func (m *model) signEntries(s state, i int, visit visitor) {
	d := &s.devices[i]
	before := m.at(d.at.entry)
	if before.roster.roleOf(m.who(i, d)) != owns {
		return
	}
	ops := m.scenario.ops
	switch {
	case s.entries < m.scenario.entries:
		s.entries++
	case m.mustRotate(d, m.who(i, d)):
		ops = []op{rotate}
	default:
		return
	}
	for _, o := range ops {
		e, ok := m.compose(s, i, o)
		if !ok || o != remove && m.showsStranger(before) {
			continue
		}
		next := s
		if e.sealed != 0 && o != recard {
			next.broken = m.judgeSeal(&e)
		}
		next.changing = next.changing || o == account
		m.send(next, i, e, visit)
	}
}

// compose makes an entry of an op, with what a client puts into it.
func (m *model) compose(s state, i int, o op) (statement, bool) {
	d := &s.devices[i]
	before := m.at(d.at.entry)
	mine := m.who(i, d)
	e := statement{kind: entry, op: o, num: before.num + 1, prev: d.at.entry, other: d.at.write, author: mine, signed: setOf(mine),
		roster: before.roster, epoch: before.epoch, honest: true, twin: i + 1}
	switch o {
	case add:
		e.roster[editor] = line{editorCard, edits}
		e.sealed = setOf(editorCard)
		if !m.on(checkCards) {
			e.sealed = setOf(serverCard) // the newest card that the server has
		}
		return e, before.roster[editor].role == outside
	case remove:
		return e, m.composeRemove(&e, before)
	case demote:
		e.roster[editor].role = reads
		return e, before.roster[editor].role == edits
	case rotate:
		e.epoch++
		e.sealed = e.roster.cards()
		return e, true
	case recard:
		e.roster[owner].card = ownerNext
		e.signed |= setOf(ownerNext)
		e.sealed = setOf(ownerNext)
		if m.on(checkRecardEpoch) {
			e.epoch++
			e.sealed = e.roster.cards()
		}
		return e, d.next && mine == ownerCard
	case account:
		return e, m.composeAccount(&s, &e)
	}
	return e, false
}

// composeRemove removes the stranger if there is one, and the editor otherwise. The others get a new key.
func (m *model) composeRemove(e, before *statement) bool {
	gone := editor
	if before.roster[stranger].role > outside {
		gone = stranger
	}
	e.roster[gone] = line{}
	if m.on(checkRemoveEpoch) {
		e.epoch++
		e.sealed = e.roster.cards()
		if !m.on(checkSeals) {
			e.sealed = before.roster.cards()
		}
	}
	return before.roster[gone].role > outside
}

// composeAccount rotates the account key after a theft, or changes the password in a scenario without one.
func (m *model) composeAccount(s *state, e *statement) bool {
	if s.password > 1 || s.rotated {
		return false
	}
	next := statement{kind: identity, num: 1, prev: e.prev, author: e.author, secret: 2, honest: true}
	if m.scenario.thief {
		next.num = 2
		if m.on(checkNewCard) {
			e.roster[owner].card, next.author = ownerNext, ownerNext
			e.signed |= setOf(ownerNext)
		}
		if m.on(checkNewEpoch) {
			e.epoch++
			e.sealed = e.roster.cards()
		}
	}
	if !m.on(checkNewPassword) {
		next.secret = 1
	}
	e.annex = m.put(next)
	return true
}
