package main

// writePin lets a device write its head into the pin. The model takes the personal vault for a register that works.
func (m *model) writePin(s state, i int, visit visitor) {
	d := &s.devices[i]
	if !m.scenario.pins || d.fresh || d.alarm || d.at == s.pin || m.scenario.devices[i].user != owner {
		return
	}
	if m.on(checkPinForward) && !m.contains(d.at, s.pin) {
		return
	}
	s.pin = d.at
	if m.contains(s.pin, s.top) {
		s.top = s.pin
	}
	visit(step{who: i, deed: pins, to: d.at}, s)
}
