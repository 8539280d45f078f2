package main

// hostile lets a hostile server, with the keys that it got hold of, do whatever it can.
func (m *model) hostile(s state, visit visitor) {
	for i := range m.scenario.devices {
		m.show(s, i, visit)
		m.tap(s, i, visit)
		m.endSession(s, i, visit)
	}
	if s.forgeries < m.scenario.forgeries {
		s.forgeries++
		m.forgeEntries(s, visit)
		m.forgeWrites(s, visit)
	}
}

// sorted splits the statements that the server has. 0, "no write yet", is one of the writes.
func (m *model) sorted(s *state) (entries, writes, identities []id) {
	writes = append(writes, 0)
	for _, i := range s.statements() {
		switch m.at(i).kind {
		case entry:
			entries = append(entries, i)
		case write:
			writes = append(writes, i)
		case identity:
			identities = append(identities, i)
		}
	}
	return entries, writes, identities
}

// show gives a device any head that can be put together: that drops, replays, reorders, forks and rolls back.
func (m *model) show(s state, i int, visit visitor) {
	entries, writes, _ := m.sorted(&s)
	d := &s.devices[i]
	for _, e := range entries {
		for _, w := range writes {
			to := head{e, w}
			if to == d.at && !d.alarm && !d.fresh {
				continue
			}
			m.showOne(s, i, to, visit)
		}
	}
}

func (m *model) showOne(s state, i int, to head, visit visitor) {
	d := &s.devices[i]
	if d.fresh && m.scenario.personal && !m.signIn(&s, to) {
		return
	}
	if m.verify(m.reader(&s, d), to) {
		m.take(&s, i, to)
		visit(step{who: i, deed: takes, to: to}, s)
		return
	}
	if !m.scenario.alarms || d.alarm && d.shown == to || !m.verify(reader{}, to) {
		return
	}
	d.alarm, d.shown = true, to
	if !m.on(checkConsent) {
		s.broken = m.judge(&s, d, to)
		m.accept(&s, i)
	}
	visit(step{who: i, deed: refuses, to: to}, s)
}

// signIn reports whether a device without memory can be given a log of a personal vault: the password opens an identity, and the log
// fits it (check 9).
func (m *model) signIn(s *state, to head) bool {
	_, _, identities := m.sorted(s)
	for _, i := range identities {
		if m.at(i).secret == s.password && m.identityFits(i, to.entry) {
			return true
		}
	}
	return false
}

func (m *model) identityFits(i, log id) bool {
	for log != 0 && m.at(log).annex == 0 {
		log = m.at(log).prev
	}
	newest, opened := m.at(log), m.at(i)
	return (newest.prev == opened.prev || !m.on(checkIdentityFollows)) &&
		(newest.annex == i || !m.on(checkIdentityNamed)) &&
		(newest.signed.has(opened.author) || !m.on(checkIdentityCard))
}

// tap gives a device an envelope with a key that the server knows.
func (m *model) tap(s state, i int, visit visitor) {
	if !m.scenario.taps || s.devices[i].tapped || m.on(checkEnvelope) {
		return
	}
	s.devices[i].tapped = true
	visit(step{who: i, deed: taps}, s)
}

// endSession answers 401. The person signs in again.
func (m *model) endSession(s state, i int, visit visitor) {
	if !m.scenario.signOuts || s.devices[i].fresh || m.on(checkMemory) {
		return // what the device remembers stays
	}
	s.devices[i].fresh = true
	visit(step{who: i, deed: signsOut}, s)
}

// forge adds a statement to those that the server can show.
func (m *model) forge(s state, made statement, visit visitor) {
	i := m.put(made)
	before := s.known
	if s.learn(i) && s.known != before {
		visit(step{who: theAttacker, deed: forges, what: i}, s)
	}
}

// forgers are the cards whose keys the attacker has, and one without its key.
func (m *model) forgers() []card {
	return append(m.scenario.held[:len(m.scenario.held):len(m.scenario.held)], noCard)
}

func (m *model) forgeWrites(s state, visit visitor) {
	entries, writes, _ := m.sorted(&s)
	for _, c := range m.forgers() {
		made := statement{kind: write, author: c, signed: setOf(c), edit: evil}
		if c == noCard {
			made.author, made.signed = ownerCard, 0
		}
		for _, e := range entries {
			for _, w := range writes {
				made.prev, made.num = w, m.at(w).num+1
				made.other, made.epoch = e, m.at(e).epoch
				m.forge(s, made, visit)
			}
		}
	}
}

func (m *model) forgeEntries(s state, visit visitor) {
	entries, writes, identities := m.sorted(&s)
	if m.scenario.pins {
		m.forge(s, statement{kind: entry, op: create, author: strangerCard, signed: setOf(strangerCard),
			roster: roster{owner: {ownerCard, edits}, stranger: {strangerCard, owns}}, sealed: setOf(ownerCard, strangerCard)}, visit)
	}
	for _, e := range entries {
		for _, w := range writes {
			for _, c := range m.forgers() {
				for _, made := range m.forgedEntries(c, m.at(e).roster, identities) {
					made.kind, made.num, made.prev, made.other = entry, m.at(e).num+1, e, w
					made.epoch += m.at(e).epoch
					m.forge(s, made, visit)
				}
			}
		}
	}
}

// forgedEntries are the entries that help an attacker with a card. Their epoch counts from that of the entry before.
func (m *model) forgedEntries(c card, now roster, identities []id) []statement {
	changed := func(u user, l line) roster { now := now; now[u] = l; return now }
	mine := setOf(c)
	switch {
	case c == noCard:
		return []statement{{op: add, author: ownerCard, roster: changed(stranger, line{strangerCard, edits}), sealed: setOf(strangerCard)}}
	case c == ownerCard && m.scenario.personal:
		var list []statement
		for _, i := range identities {
			list = append(list, statement{op: account, author: c, signed: mine, roster: now, annex: i})
		}
		return append(list, statement{op: account, author: c, signed: mine | setOf(ownerForged),
			roster: changed(owner, line{ownerForged, owns}), annex: identities[0]})
	case c == ownerCard:
		return []statement{
			{op: add, author: c, signed: mine, roster: changed(stranger, line{strangerCard, edits}), sealed: setOf(strangerCard)},
			{op: rotate, author: c, signed: mine, roster: now, epoch: 1, sealed: now.cards()},
			{op: recard, author: c, signed: mine | setOf(ownerForged), roster: changed(owner, line{ownerForged, owns}), sealed: setOf(ownerForged)},
		}
	case c == editorCard:
		return []statement{
			{op: leave, author: c, signed: mine, roster: changed(editor, line{})},
			{op: recard, author: c, signed: mine, roster: changed(editor, line{editorCard, owns})},
			{op: promote, author: c, signed: mine, roster: changed(editor, line{editorCard, edits})},
			{op: add, author: c, signed: mine, roster: changed(editor, line{editorCard, edits}), sealed: mine},
		}
	}
	return nil
}
