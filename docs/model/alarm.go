package main

// unlimited is a bound that does not count.
const unlimited = 200

// alarmed lets a device that is in alarm do what it offers. Another look at the server is in show.
func (m *model) alarmed(s state, i int, visit visitor) {
	if !s.devices[i].alarm {
		return
	}
	m.bringTogether(s, i, visit)
	m.consent(s, i, visit)
}

// bringTogether signs a write on top of the server's newest that names the head of this device.
func (m *model) bringTogether(s state, i int, visit visitor) {
	d := &s.devices[i]
	author, log := m.who(i, d), m.chain(d.shown.entry)
	if s.brought == m.scenario.brings || m.joined(d.shown.write, d.at.write) {
		return
	}
	if m.on(checkEntriesPart) && !m.under(d.shown.entry, d.at.entry) {
		return
	}
	made := statement{kind: write, num: m.at(d.shown.write).num + 1, prev: d.shown.write, branch: d.at.write, author: author,
		signed: setOf(author), epoch: m.at(d.shown.entry).epoch, honest: true, twin: i + 1}
	made.other = m.newestBelow(log, made.num)
	if m.at(made.other).roster.roleOf(author) < edits {
		return
	}
	s.brought++
	d.flight = m.put(made)
	if s.learn(d.flight) {
		visit(step{who: i, deed: brings, what: d.flight}, s)
	}
}

// consent accepts the head of the server: a roll-back that the person confirms.
func (m *model) consent(s state, i int, visit visitor) {
	to := s.devices[i].shown
	if s.consents == m.scenario.consents {
		return
	}
	if m.scenario.consents < unlimited {
		s.consents++
	}
	m.accept(&s, i)
	visit(step{who: i, deed: consents, to: to}, s)
}

func (m *model) accept(s *state, i int) {
	d := &s.devices[i]
	d.at, d.seen = d.shown, d.shown
	d.alarm, d.flight, d.shown = false, 0, head{}
	m.resolve(d)
}
