package client

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

func TestHistoryKeepsThirtyDaysAndItsSize(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_800_000_000_000)
	big := strings.Repeat("A", maxHistoryBytes/3)
	at := func(d time.Duration, write string) historyStep {
		return historyStep{At: now.Add(-d).UnixMilli(), Writes: []heldWrite{{Write: write}}}
	}
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		steps []historyStep
		want  []string
	}{
		"old ones go":        {[]historyStep{at(31*day, "old"), at(30*day, "last"), at(0, "new")}, []string{"last", "new"}},
		"whatever the order": {[]historyStep{at(0, "new"), at(31*day, "old")}, []string{"new"}},
		"the newest stay":    {[]historyStep{at(3*day, big), at(2*day, big), at(day, big), at(0, "new")}, []string{big, big, "new"}},
	} {
		h := deviceHistory{steps: c.steps}
		h.keep(now)
		var got []string
		for _, s := range h.steps {
			got = append(got, s.Writes[0].Write)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %d steps are left", name, len(got))
		}
	}
}

// line returns writes from revision 1, each the predecessor of the next, with their operations.
func line(t *testing.T, n int) (heads []chain.Hash, steps []historyStep) {
	t.Helper()
	vault, author := seal.NewID(), seal.NewID()
	before := chain.Hash{1}
	for i := range n {
		ops := []chain.Operation{{Line: chain.Line{Kind: chain.RecordOverview, ID: seal.NewID(), Version: 1, Epoch: 1, Hash: chain.Hash{byte(i + 1)}}}}
		w := &chain.Write{Vault: vault, Epoch: 1, Revision: int64(i + 1), Previous: before, Skip: before, Entry: chain.Hash{2}, Author: author,
			AuthorCard: chain.Hash{3}, Root: chain.Hash{4}, Operations: chain.HashOperations(ops)}
		before = w.Hash()
		heads = append(heads, before)
		steps = append(steps, historyStep{Writes: []heldWrite{held(w, ops)}})
	}
	return heads, steps
}

func TestHistoryLeadsBackFromTheHead(t *testing.T) {
	t.Parallel()
	heads, steps := line(t, 5)
	_, others := line(t, 5)
	foreign := others[1].Writes[0].Operations
	for name, c := range map[string]struct {
		change func(h *deviceHistory)
		want   int
	}{
		"all":                    {func(*deviceHistory) {}, 5},
		"a gap":                  {func(h *deviceHistory) { h.steps = slices.Delete(h.steps, 2, 3) }, 2},
		"operations are missing": {func(h *deviceHistory) { h.steps[3].Writes = []heldWrite{{Write: h.steps[3].Writes[0].Write}} }, 1},
		"other operations":       {func(h *deviceHistory) { h.steps[3].Writes = []heldWrite{{h.steps[3].Writes[0].Write, foreign}} }, 1},
		"of another vault too":   {func(h *deviceHistory) { h.steps = append(h.steps, others...) }, 5},
		"malformed":              {func(h *deviceHistory) { h.steps[4].Writes = []heldWrite{{"AAAA", "AAAA"}} }, 0},
	} {
		h := deviceHistory{steps: slices.Clone(steps)}
		c.change(&h)
		back := h.back(heads[4])
		if len(back) != c.want {
			t.Errorf("%s: %d writes", name, len(back))
		}
		for i, w := range back {
			if w.Revision != int64(5-i) || w.Hash() != heads[4-i] {
				t.Errorf("%s: revision %d in place %d", name, w.Revision, i)
			}
		}
	}
}

// A server that gives more than leads to the head cannot push out what the device has.
func TestOnlyWritesOfTheVaultEnterTheHistory(t *testing.T) {
	t.Parallel()
	heads, steps := line(t, 4)
	_, others := line(t, 40)
	var given []heldWrite
	for _, s := range slices.Concat(others[:20], steps, others[20:]) {
		given = append(given, s.Writes...)
	}
	got := verified(given, heads[3])
	if len(got) != 4 || got[0] != steps[0].Writes[0] || got[3] != steps[3].Writes[0] {
		t.Errorf("%d writes", len(got))
	}
	if got := verified(given, chain.Hash{9}); len(got) != 0 {
		t.Errorf("%d writes of another head", len(got))
	}
}
