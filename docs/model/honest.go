package main

// honest lets an honest server work: it verifies and compares before it stores, and shows its head. Answers get lost: a device may
// never look.
func (m *model) honest(s state, visit visitor) {
	for i := range m.scenario.devices {
		m.deliver(s, i, visit)
		m.fetch(s, i, visit)
		m.resend(s, i, visit)
		m.signInAgain(s, i, visit)
	}
	m.operate(s, visit)
	if s.forgeries < m.scenario.forgeries && m.old(&s) {
		s.forgeries++
		m.post(s, visit)
	}
}

// deliver sends what is in flight, perhaps not for the first time.
func (m *model) deliver(s state, i int, visit visitor) {
	d := &s.devices[i]
	if d.flight == 0 || !d.online || s.closed || !m.stores(&s, d.flight) {
		return
	}
	visit(step{who: i, deed: delivers, what: d.flight}, s)
}

// stores moves the head of the server to a statement, if it is a step from there.
func (m *model) stores(s *state, i id) bool {
	f := m.at(i)
	from, to := s.server, s.server
	if !m.on(checkCompareAndSet) && f.kind == write {
		from.write = f.prev
	}
	if f.kind == write {
		to.write = i
		if f.prev != from.write {
			return false
		}
	} else {
		to.entry = i
		if f.prev != from.entry || f.other != from.write {
			return false
		}
	}
	if m.on(checkServer) && !m.verify(reader{at: from}, to) {
		return false
	}
	s.server = to
	return true
}

// fetch is a device that looks at the server.
func (m *model) fetch(s state, i int, visit visitor) {
	d := &s.devices[i]
	if !d.online || d.at == s.server || s.closed && m.on(checkCandidates) {
		return
	}
	to := s.server
	if m.verify(m.reader(&s, d), to) {
		m.take(&s, i, to)
		visit(step{who: i, deed: takes, to: to}, s)
		return
	}
	if s.restored && m.contains(d.at, to) {
		return // behind: it sends again
	}
	s.broken = falseAlarm
	visit(step{who: i, deed: refuses, to: to}, s)
}

// old reports whether the attacker's keys are old: nothing stops a thief before the rotation, or an editor before he is removed.
func (m *model) old(s *state) bool {
	return len(m.scenario.held) == 0 || s.rotated || s.expelled
}

// post is somebody with a stolen session token, or with old keys. A restored server takes what they send as lost statements.
func (m *model) post(s state, visit visitor) {
	send := func(made statement) {
		next, i := s, m.put(made)
		if m.stores(&next, i) {
			visit(step{who: theAttacker, deed: delivers, what: i}, next)
		}
	}
	for _, c := range m.forgers() {
		made := statement{kind: write, author: c, signed: setOf(c), edit: evil, prev: s.server.write,
			num: m.at(s.server.write).num + 1, other: m.newestEntry(s.server), epoch: m.at(s.server.entry).epoch}
		if c == noCard {
			made.author, made.signed = ownerCard, 0
		}
		send(made)
		from := m.at(s.server.entry)
		for _, made := range m.forgedEntries(c, from.roster, []id{from.annex}) {
			made.kind, made.num, made.prev, made.other = entry, from.num+1, s.server.entry, s.server.write
			made.epoch += from.epoch
			send(made)
		}
	}
}

// operate is the operator, who makes a backup and puts it back.
func (m *model) operate(s state, visit visitor) {
	if !m.scenario.backup {
		return
	}
	at := step{who: theOperator, to: s.server}
	switch {
	case !s.saved:
		s.saved, s.backup = true, s.server
		at.deed = saves
		visit(at, s)
	case !s.restored:
		s.restored, s.closed, s.server = true, m.on(checkOnlyResent), s.backup
		for i := range s.devices {
			s.devices[i].online = false
		}
		at.deed, at.to = restores, s.server
		visit(at, s)
	case s.closed && !m.ahead(&s):
		s.closed = false
		at.deed = opens
		visit(at, s)
	}
}

// ahead reports whether a device knows more than the server. The operator asks before opening.
func (m *model) ahead(s *state) bool {
	for i := range m.scenario.devices {
		if !m.contains(s.server, s.devices[i].at) {
			return true
		}
	}
	return false
}

// resend gives a restored server what it lost, without a session.
func (m *model) resend(s state, i int, visit visitor) {
	d := &s.devices[i]
	below := s.server
	if s.closed && m.on(checkCandidates) {
		below = s.backup // it replaces what others sent, except if that contains it
	}
	if !s.restored || !m.on(checkResend) || !d.online && !m.on(checkResendNoSession) ||
		m.contains(s.server, d.at) || !m.contains(d.at, below) {
		return
	}
	s.server = d.at
	visit(step{who: i, deed: resends, to: d.at}, s)
}

// signInAgain opens a session with the newest password of the person.
func (m *model) signInAgain(s state, i int, visit visitor) {
	d := &s.devices[i]
	asks := uint8(1)
	for _, e := range m.chain(s.server.entry) {
		if a := m.at(e).annex; a != 0 {
			asks = m.at(a).secret
		}
	}
	known := asks == s.password || s.changing && asks > s.password
	if d.online || !known {
		return
	}
	d.online = true
	visit(step{who: i, deed: signsIn}, s)
}

// finished reports whether everybody is back at work: at the head of the server, without alarm, with nothing left to send.
func (m *model) finished(s *state) bool {
	if m.scenario.hostile {
		s.server = s.devices[0].at
	}
	for i := range m.scenario.devices {
		d := &s.devices[i]
		if d.at != s.server || d.alarm || !d.online {
			return false
		}
		member := m.at(d.at.entry).roster.roleOf(m.who(i, d)) >= edits
		if d.flight != 0 || member && d.edit != 0 {
			return false
		}
	}
	return !s.closed
}
