package main

// next visits all successors of a state.
func (m *model) next(s state, visit visitor) {
	for i := range m.scenario.devices {
		m.sign(s, i, visit)
		m.alarmed(s, i, visit)
		m.writePin(s, i, visit)
		m.learnCard(s, i, visit)
	}
	if m.scenario.hostile {
		m.hostile(s, visit)
	} else {
		m.honest(s, visit)
	}
}

// learnCard is a device that takes the rotation of the account from the personal vault, before the shared vault has taken it.
func (m *model) learnCard(s state, i int, visit visitor) {
	d := &s.devices[i]
	if !m.scenario.thief || m.scenario.personal || d.next || m.scenario.devices[i].user != owner {
		return
	}
	d.next = true
	if m.at(d.at.entry).roster[owner].card == ownerForged {
		return // it was too late: this is the alarm about two cards
	}
	visit(step{who: i, deed: learnsCard}, s)
}
