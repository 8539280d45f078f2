package main

// A person at a device.
type deviceOf struct {
	name  string
	user  user
	fresh bool // it begins without memory
}

// A scenario says who takes part, what they may do, and how often. The numbers are the bounds of the search.
type scenario struct {
	name     string
	about    string
	devices  []deviceOf
	held     []card // cards whose keys the attacker has
	ops      []op   // what owners sign
	personal bool   // the log of a personal vault
	hostile  bool   // the server
	thief    bool   // of the owner's first account key; the owner then rotates
	alarms   bool   // devices that refuse a head are in alarm
	pins     bool
	taps     bool
	signOuts bool
	backup   bool
	progress bool // prove that everybody gets back to work

	edits, entries, forgeries, brings, consents uint8
}

var (
	laptop    = deviceOf{name: "laptop", user: owner}
	phone     = deviceOf{name: "phone", user: owner}
	colleague = deviceOf{name: "editor", user: editor}
	newDevice = deviceOf{name: "new device", user: owner, fresh: true}
)

var scenarios = []scenario{
	{name: "fork", about: "a hostile server without any key", hostile: true, taps: true, signOuts: true,
		devices: []deviceOf{laptop, phone, colleague}, ops: []op{rotate}, edits: 2, entries: 1, forgeries: 1},
	{name: "removed editor", about: "a hostile server and an editor who is removed or demoted, or leaves", hostile: true,
		devices: []deviceOf{laptop, phone}, held: []card{editorCard}, ops: []op{remove, demote, add, rotate}, edits: 1, entries: 2, forgeries: 1},
	{name: "thief, personal", about: "a hostile server and a thief of the owner's account key; then the owner rotates it", hostile: true,
		personal: true, thief: true, devices: []deviceOf{laptop, phone, newDevice}, held: []card{ownerCard}, ops: []op{account},
		edits: 1, entries: 1, forgeries: 2},
	{name: "thief, shared", about: "the same thief in a shared vault", hostile: true, thief: true,
		devices: []deviceOf{laptop, colleague}, held: []card{ownerCard, ownerForged}, ops: []op{remove, recard, rotate},
		edits: 1, entries: 3, forgeries: 1},
	{name: "alarm", about: "a hostile server that forks, and devices in alarm that bring together", hostile: true, alarms: true,
		devices: []deviceOf{laptop, phone}, ops: []op{rotate}, edits: 2, entries: 1, brings: 1},
	{name: "alarm, logs", about: "the same, with logs that part, and devices that accept the server's head", hostile: true, alarms: true, progress: true,
		devices: []deviceOf{laptop, phone}, ops: []op{rotate}, edits: 1, entries: 2, brings: 1, consents: unlimited},
	{name: "pins", about: "a hostile server, and a new device that knows the pin only", hostile: true, pins: true,
		devices: []deviceOf{laptop, phone, newDevice}, ops: []op{rotate}, edits: 2, entries: 1, forgeries: 1},
	{name: "work", about: "an honest server that loses answers, a removal between signing and sending, a stolen session", progress: true,
		devices: []deviceOf{laptop, phone, colleague}, ops: []op{remove, rotate}, edits: 3, entries: 2, forgeries: 1},
	{name: "thief, alone", about: "an honest server, and a thief of an account key that was rotated", progress: true, personal: true,
		thief: true, devices: []deviceOf{laptop, phone}, held: []card{ownerCard}, ops: []op{account, rotate}, edits: 3, entries: 2, forgeries: 1},
	{name: "removed editor, alarm", about: "a hostile server and a removed editor, and devices that bring together", hostile: true, alarms: true,
		devices: []deviceOf{laptop, phone}, held: []card{editorCard}, ops: []op{remove}, edits: 1, entries: 1, forgeries: 1, brings: 1},
	{name: "restore, removed editor", about: "a backup from before the removal, and the editor sends first", progress: true, backup: true,
		devices: []deviceOf{laptop, phone}, held: []card{editorCard}, ops: []op{remove}, edits: 2, entries: 2, forgeries: 2},
	{name: "restore, thief", about: "a backup from before the rotation of an account key, and its thief", progress: true, backup: true,
		personal: true, thief: true, devices: []deviceOf{laptop, phone}, held: []card{ownerCard}, ops: []op{account},
		edits: 1, entries: 1, forgeries: 1},
	{name: "restore", about: "an honest server whose operator restores a backup, with a password that changed since", progress: true,
		backup: true, personal: true, devices: []deviceOf{laptop, phone}, ops: []op{account, rotate}, edits: 2, entries: 2},
}

// build prepares a scenario, with a check taken out.
func build(sc scenario, off checks) *model {
	m := &model{arena: newArena(), scenario: sc, off: off}
	first := statement{kind: entry, op: create, author: ownerCard, signed: setOf(ownerCard), honest: true,
		roster: roster{owner: {ownerCard, owns}, editor: {editorCard, edits}}}
	if sc.personal {
		first.roster[editor] = line{}
		first.annex = m.put(statement{kind: identity, num: 1, author: ownerCard, secret: 1, honest: true})
	}
	first.sealed = first.roster.cards()
	m.genesis = m.put(first)
	at := head{entry: m.genesis}
	m.start = state{server: at, password: 1}
	if first.annex != 0 {
		m.start.learn(first.annex)
	}
	m.start.learn(m.genesis)
	if sc.pins {
		m.start.pin, m.start.top = at, at
	}
	for i, d := range sc.devices {
		m.start.devices[i] = device{at: at, seen: at, fresh: d.fresh, online: true}
	}
	return m
}
