package client_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func TestLogNamesAuthorsAndItems(t *testing.T) {
	t.Parallel()
	d, _ := registered(t)
	history(t, d)
	lines, more, err := d.Log(t.Context(), 100)
	if err != nil || more {
		t.Fatal(err, more)
	}
	var got []string
	for _, l := range lines {
		text := fmt.Sprint(l.Revision, " ", l.Author, " ", l.Entry)
		for _, it := range l.Items {
			text += fmt.Sprintf("%s %s", it.Change, it.Title)
		}
		if l.Time.IsZero() || len(l.Digest) != 64 {
			t.Errorf("%+v", l)
		}
		got = append(got, text)
	}
	expect(t, "log", got, []string{
		"6 anna deleted deleted", "5 anna added added", "4 anna changed changed since", "3 anna added same", "2 anna added deleted",
		"1 anna added changed since", "0 anna create",
	})
	lines, more, err = d.Log(t.Context(), 2)
	if err != nil || !more || len(lines) != 2 {
		t.Errorf("%d lines, %v, %v", len(lines), more, err)
	}
}

func TestDigestsAtACommonRevision(t *testing.T) {
	t.Parallel()
	d, server := registered(t)
	history(t, d)
	other := newDevice(t, server)
	other.login(t, "anna", "other")
	other.sync(t)
	lines, _, err := d.Log(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		digest, newest, err := other.Digest(t.Context(), l.Revision)
		if err != nil || digest.String() != l.Digest || newest != 6 {
			t.Errorf("revision %d: %v, %d, %v; want %s", l.Revision, digest, newest, err, l.Digest)
		}
	}
	for _, revision := range []int64{-1, 7} {
		if _, _, err := d.Digest(t.Context(), revision); !errors.Is(err, client.ErrNoRevision) {
			t.Errorf("revision %d: %v", revision, err)
		}
	}
	d.wire.lie(func(r client.Request, answer *client.Response) {
		edit(t, protocol.PathVault, func(a *protocol.VaultAnswer) {
			if len(a.Writes) > 1 {
				a.Writes[1] = changedAt(a.Writes[1], 120)
			}
		})(r, answer)
	})
	if _, _, err := d.Digest(t.Context(), 1); !errors.Is(err, client.ErrHistoryAltered) {
		t.Errorf("an altered path: %v", err)
	}
}
