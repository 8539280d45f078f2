package client_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// lies about writes that are over.
var pastLies = map[string]func(h *protocol.VaultHistory){
	"a hole": func(h *protocol.VaultHistory) {
		h.Writes, h.Operations = slices.Delete(h.Writes, 1, 2), slices.Delete(h.Operations, 1, 2)
	},
	"nothing":            func(h *protocol.VaultHistory) { h.Writes, h.Operations = h.Writes[:0], h.Operations[:0] },
	"other operations":   func(h *protocol.VaultHistory) { h.Operations[0] = h.Operations[1] },
	"missing operations": func(h *protocol.VaultHistory) { h.Operations = h.Operations[1:] },
	"another write":      func(h *protocol.VaultHistory) { h.Writes[0] = h.Writes[1] },
	"a write twice": func(h *protocol.VaultHistory) {
		h.Writes, h.Operations = append(h.Writes, h.Writes...), append(h.Operations, h.Operations...)
	},
	"an altered write":    func(h *protocol.VaultHistory) { h.Writes[1] = changedAt(h.Writes[1], 120) },
	"text without a form": func(h *protocol.VaultHistory) { h.Writes[0] = "x" },
}

// changedAt returns base64url with another digit at a place.
func changedAt(text string, at int) string {
	b := []byte(text)
	if b[at] == 'A' {
		b[at] = 'B'
	} else {
		b[at] = 'A'
	}
	return string(b)
}

func TestLiesAboutThePastChangeNothing(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	then := history(t, d)
	before := d.sync(t).Revision
	for name, lie := range pastLies {
		d.wire.lie(edit(t, protocol.PathVaultHistory, func(h *protocol.VaultHistory) {
			if len(h.Writes) > 2 { // not where the client asks for what is still missing
				lie(h)
			}
		}))
		calls := map[string]func() error{
			"Rewind":   func() error { _, err := d.Rewind(t.Context(), client.Rewind{Revision: then}, nil); return err },
			"Log":      func() error { _, _, err := d.Log(t.Context(), 10); return err },
			"Deleted":  func() error { _, err := d.Deleted(t.Context()); return err },
			"Versions": func() error { _, err := d.Versions(t.Context(), d.found1(t, "same")); return err },
		}
		for call, do := range calls {
			var altered *client.VaultAlteredError
			var answer *client.AnswerError
			err := do()
			if !errors.As(err, &altered) && !errors.As(err, &answer) {
				t.Errorf("%s, %s: %v", call, name, err)
			}
			// The present is verified: a lie about the past closes no vault.
			if code := client.Explain(err).Code; code != client.CodeHistoryAltered && altered != nil {
				t.Errorf("%s, %s: code %s", call, name, code)
			}
		}
	}
	d.wire.lie(nil)
	if after := d.sync(t).Revision; after != before {
		t.Errorf("revision %d instead of %d", after, before)
	}
	expect(t, "titles", d.titles(t, ""), []string{"added", "changed since", "same"})
}

// found1 returns the id of the only item with this title.
func (d *device) found1(t *testing.T, title string) string {
	t.Helper()
	found, err := d.Search(client.Query{Text: title})
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	return found[0].ID
}

// A server can spoil the signature of an older write. It names nobody then, and nothing is restored from there.
func TestAnUnprovenAuthorIsNotNamed(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	then := history(t, d)
	d.wire.lie(edit(t, protocol.PathVaultHistory, func(h *protocol.VaultHistory) {
		for i, w := range h.Writes {
			h.Writes[i] = changedAt(w, len(w)-20)
		}
	}))
	lines, _, err := d.Log(t.Context(), 3)
	if err != nil || lines[0].Author != "" || lines[0].Items[0].Title != "deleted" {
		t.Errorf("%+v, %v", lines, err)
	}
	_, err = d.Rewind(t.Context(), client.Rewind{Revision: then}, nil)
	if !errors.Is(err, client.ErrUnproven) || client.Explain(err).Code != client.CodeHistoryAltered {
		t.Errorf("restored the state of an unproven write: %v", err)
	}
	d.wire.lie(edit(t, protocol.PathVaultHistory, func(h *protocol.VaultHistory) { h.Cards = h.Cards[:0] }))
	if lines, _, err := d.Log(t.Context(), 3); err != nil || lines[0].Author != "anna" { // this device has the card
		t.Errorf("%+v, %v", lines, err)
	}
}
