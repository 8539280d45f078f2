package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// small has bounds with which a search takes milliseconds.
func small(sc scenario) scenario {
	sc.edits, sc.entries, sc.forgeries = min(sc.edits, 1), min(sc.entries, 1), min(sc.forgeries, 1)
	return sc
}

func TestEveryPropertyHoldsWithinSmallBounds(t *testing.T) {
	t.Parallel()
	for _, sc := range scenarios {
		j := job{scenario: small(sc)}
		if j.explore(); j.wrong() != nil || j.result.states < 20 {
			t.Errorf("%d states: %v", j.result.states, j.wrong())
			j.print(t.Output())
		}
	}
}

func TestEachCheckIsNeeded(t *testing.T) {
	t.Parallel()
	for _, mu := range mutations {
		if mu.breaks == 0 {
			continue // make model
		}
		j := job{scenario: scenarioNamed(mu.scenario), mutation: mu}
		if mu.breaks == stuck {
			j.scenario = small(j.scenario)
		}
		j.explore()
		if err := j.wrong(); err != nil {
			t.Error(err)
			continue
		}
		if lines := j.model.tell(j.result.trace); len(lines) != j.result.depth && mu.breaks != stuck {
			t.Errorf("without %q: depth %d, but the trace is %q", mu.name, j.result.depth, lines)
		}
	}
}

func TestEachCheckHasAMutation(t *testing.T) {
	t.Parallel()
	var covered checks
	for _, mu := range mutations {
		covered |= mu.check
	}
	if all := checks(1)<<checkCount - 1; covered != all {
		t.Errorf("checks without a mutation: %b", all&^covered)
	}
}

// A step that a trace lists must lead from one state to the next.
func TestTraceCanBeReplayed(t *testing.T) {
	t.Parallel()
	j := job{scenario: scenarioNamed("fork"), mutation: mutations[1]}
	j.explore()
	m := build(j.scenario, j.mutation.check)
	at := m.start
	for i, by := range j.result.trace {
		found := false
		m.next(at, func(candidate step, to state) {
			if candidate == by && !found {
				at, found = to, true
			}
		})
		if !found {
			t.Fatalf("no successor for step %d, %+v", i+1, by)
		}
	}
	if at.broken != joined {
		t.Errorf("the trace ends with %q", properties[at.broken])
	}
}

func TestStatesAreCanonical(t *testing.T) {
	t.Parallel()
	m := build(scenarioNamed("fork"), 0)
	a, b := m.start, m.start
	for _, i := range []id{7, 9, 8} {
		a.learn(i)
	}
	for _, i := range []id{9, 8, 7, 8} {
		b.learn(i)
	}
	if a != b {
		t.Errorf("%v and %v differ", a.known, b.known)
	}
}

func TestKnownStatementsAreBounded(t *testing.T) {
	t.Parallel()
	var s state
	for i := range maxKnown {
		if !s.learn(id(i + 1)) {
			t.Fatalf("no room for statement %d", i+1)
		}
	}
	if !s.learn(1) || s.learn(maxKnown+1) {
		t.Error("a full state takes another statement, or loses one")
	}
}

func TestTableOfOps(t *testing.T) {
	t.Parallel()
	m := build(scenarioNamed("removed editor"), 0)
	before := statement{roster: roster{owner: {ownerCard, owns}, editor: {editorCard, edits}}, epoch: 1}
	alone, demoted, raised := before.roster, before.roster, before.roster
	alone[editor] = line{}
	demoted[editor].role = reads
	raised[editor].role = owns
	orphaned := before.roster
	orphaned[owner] = line{}
	for _, c := range []struct {
		name   string
		op     op
		author card
		roster roster
		epoch  uint8
		lawful bool
	}{
		{"remove begins an epoch", remove, ownerCard, alone, 2, true},
		{"remove in the old epoch", remove, ownerCard, alone, 1, false},
		{"remove that skips an epoch", remove, ownerCard, alone, 3, false},
		{"owner removes himself", remove, ownerCard, orphaned, 2, false},
		{"leave keeps the epoch", leave, editorCard, alone, 1, true},
		{"leave of somebody else", leave, ownerCard, alone, 1, false},
		{"demote", demote, ownerCard, demoted, 1, true},
		{"rotate", rotate, ownerCard, before.roster, 2, true},
		{"rotate that removes", rotate, ownerCard, alone, 2, false},
		{"recard that takes a role", recard, editorCard, raised, 1, false},
		{"add that changes a role", add, ownerCard, raised, 1, false},
		{"role without a change", demote, ownerCard, before.roster, 1, false},
	} {
		e := statement{op: c.op, author: c.author, roster: c.roster, epoch: c.epoch}
		if got := m.differs(&before, &e); got != c.lawful {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scenario, without, says, fails string }{
		{"restore, removed editor", "", "every property holds", ""},
		{"", "7 known head", "   4. laptop takes entry 1a with write 1a\n", ""},
		{"", "branch, entries", "and the other branch write 1a", ""},
		{"elsewhere", "", "", "no such scenario or check"},
	} {
		var out bytes.Buffer
		err := report(&out, c.scenario, c.without)
		if (err == nil) != (c.fails == "") || err != nil && err.Error() != c.fails || !strings.Contains(out.String(), c.says) {
			t.Errorf("%q without %q: %v: %s", c.scenario, c.without, err, out.String())
		}
	}
}

func TestUnexpectedResultsAreErrors(t *testing.T) {
	t.Parallel()
	sc := scenarioNamed("fork")
	for says, j := range map[string]job{
		"an attack although every check is on": {scenario: sc, result: result{full: true, broken: joined}},
		"more than":                            {scenario: sc},
		`without "7 role": found "", expected "nobody writes`: {scenario: sc, mutation: mutation{check: 1, name: "7 role", breaks: removed}, result: result{full: true}},
	} {
		if err := j.wrong(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v does not say %q", err, says)
		}
	}
}

// rows is the table of mutations as README.md shows it.
func rows() string {
	var table strings.Builder
	for _, mu := range mutations {
		broken := properties[mu.breaks]
		if mu.breaks == 0 {
			broken = "none found: other checks catch it"
		}
		fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", mu.name, mu.rule, mu.scenario, broken)
	}
	return table.String()
}

func TestReadmeHasTheTables(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(content)
	if !strings.Contains(readme, rows()) {
		t.Errorf("README.md lacks this table:\n%s", rows())
	}
	for _, sc := range scenarios {
		if row := "| " + sc.name + " | " + sc.about + " | "; !strings.Contains(readme, row) {
			t.Errorf("README.md lacks the row %q", row)
		}
	}
	for _, says := range properties {
		if !strings.Contains(readme, "- "+says) {
			t.Errorf("README.md lacks the property %q", says)
		}
	}
}
