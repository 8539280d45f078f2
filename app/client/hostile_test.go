package client_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// crime is what a hostile server can send: an older state of the vault, and another user's vault.
type crime struct {
	old, other protocol.VaultAnswer
	first      string // id of an item whose overview and details have two versions
	second     string // id of another item
	deleted    string // id of an item that is only in old
	since      int64  // revision of old
}

func find(t *testing.T, v *protocol.VaultAnswer, account string, kind protocol.RecordKind, version int64) *protocol.VaultRecord {
	t.Helper()
	for i := range v.Records {
		if r := &v.Records[i]; r.ItemID == account && r.Kind == kind && (r.Version == version || version == 0) {
			return r
		}
	}
	t.Fatalf("record %s %s %d is not in the answer", account, kind, version)
	return nil
}

// lies change an answer with the whole vault. The error contains one of the alternatives in want, which | separates.
var lies = map[string]struct {
	tell func(t *testing.T, c *crime, v *protocol.VaultAnswer)
	want string
}{
	"a token in another account's place": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		a, b := find(t, v, c.first, protocol.RecordOverview, 0), find(t, v, c.second, protocol.RecordOverview, 0)
		a.Token, b.Token = b.Token, a.Token
	}, "record of item FIRST, kind 1, version 2, epoch 1 was changed outside this vault"},
	"a token in another kind's place": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		find(t, v, c.second, protocol.RecordOverview, 0).Token = find(t, v, c.second, protocol.RecordDetails, 1).Token
	}, "record of item SECOND, kind 1, version 1, epoch 1 was changed outside this vault"},
	"a token in another version's place": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		find(t, v, c.first, protocol.RecordDetails, 2).Token = find(t, v, c.first, protocol.RecordDetails, 1).Token
	}, "record of item FIRST, kind 2, version 2, epoch 1 was changed outside this vault"},
	"a version that was never written": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		find(t, v, c.first, protocol.RecordDetails, 2).Version = 3
	}, "record of item FIRST, kind 2, version 3, epoch 1 was changed outside this vault"},
	"another user's token": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		find(t, v, c.second, protocol.RecordDetails, 1).Token = c.other.Records[0].Token
	}, "record of item SECOND, kind 2, version 1, epoch 1 was changed outside this vault"},
	"another user's record": {func(_ *testing.T, c *crime, v *protocol.VaultAnswer) {
		v.Records = append(v.Records, c.other.Records[0])
	}, "was changed outside this vault; the server shows 1 record too many"},
	"an older token of the same record": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		find(t, v, c.first, protocol.RecordOverview, 2).Token = find(t, &c.old, c.first, protocol.RecordOverview, 1).Token
	}, "record of item FIRST, kind 1, version 2, epoch 1 was changed outside this vault"},
	"an older version of a record": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		r, old := find(t, v, c.first, protocol.RecordOverview, 2), find(t, &c.old, c.first, protocol.RecordOverview, 1)
		r.Version, r.Token = 1, old.Token
	}, "was changed outside this vault|overview FIRST version 1 is older than the version 2 that this device has"},
	"a record dropped": {func(_ *testing.T, _ *crime, v *protocol.VaultAnswer) {
		v.Records = v.Records[1:]
	}, "the server left out 1 record"},
	"an item dropped": {func(_ *testing.T, c *crime, v *protocol.VaultAnswer) {
		v.Records = slices.DeleteFunc(v.Records, func(r protocol.VaultRecord) bool { return r.ItemID == c.second })
	}, "the server left out 2 records"},
	"everything dropped": {func(_ *testing.T, _ *crime, v *protocol.VaultAnswer) {
		v.Records = []protocol.VaultRecord{}
	}, "the server left out 5 records"},
	"a deleted record shown again": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		v.Records = append(v.Records, *find(t, &c.old, c.deleted, protocol.RecordDetails, 1))
	}, "the server shows 1 record too many"},
	"a record repeated": {func(_ *testing.T, _ *crime, v *protocol.VaultAnswer) {
		r := v.Records[slices.IndexFunc(v.Records, func(r protocol.VaultRecord) bool { return r.Kind == protocol.RecordDetails })]
		v.Records = append(v.Records, r)
	}, "was repeated"},
	"two versions of an overview": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		v.Records = append(v.Records, *find(t, &c.old, c.first, protocol.RecordOverview, 1))
	}, "the server shows 1 record too many"},
	"a truncated token": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		r := find(t, v, c.first, protocol.RecordDetails, 2)
		r.Token = r.Token[:len(r.Token)-4]
	}, "record of item FIRST, kind 2, version 2, epoch 1 was changed outside this vault"},
	"an altered token": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		r := find(t, v, c.first, protocol.RecordOverview, 2)
		b := []byte(r.Token)
		b[len(b)/2] ^= 1
		r.Token = string(b)
	}, "record of item FIRST, kind 1, version 2, epoch 1 was changed outside this vault"},
	"a tombstone among all live records": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		r := find(t, v, c.first, protocol.RecordOverview, 2)
		r.Token, r.Deleted = "", true
	}, "record FIRST of kind overview version 2 is a tombstone"},
	"a record of a later revision": {func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
		find(t, v, c.first, protocol.RecordOverview, 2).Revision = v.Revision + 1
	}, "record FIRST of kind overview version 2 claims revision"},
	"a malformed id": {func(_ *testing.T, _ *crime, v *protocol.VaultAnswer) {
		v.Records[0].ItemID = "../../x"
	}, "a record has a malformed id"},
	"a write of another user": {func(_ *testing.T, c *crime, v *protocol.VaultAnswer) {
		v.Writes[0] = c.other.Writes[0]
	}, "history|shows another vault"},
	"the log of another user": {func(_ *testing.T, c *crime, v *protocol.VaultAnswer) {
		v.VaultLog = c.other.VaultLog
	}, "shows another vault|history|but this device has seen"},
	"an altered write": {func(t *testing.T, _ *crime, v *protocol.VaultAnswer) {
		b := decoded(t, v.Writes[0])
		b[100] ^= 1
		v.Writes[0] = base64.RawURLEncoding.EncodeToString(b)
	}, "history"},
	"older writes with the new records": {func(_ *testing.T, c *crime, v *protocol.VaultAnswer) {
		v.Writes, v.Revision = c.old.Writes, c.old.Revision
	}, "names another state of the vault than it shows|this device has seen"},
}

func (c *crime) names(want string) []string {
	want = strings.NewReplacer("FIRST", c.first, "SECOND", c.second).Replace(want)
	return strings.Split(want, "|")
}

// scene returns the server of a vault with a history, and a device that has not synced the latest changes.
func scene(t *testing.T) (server string, witness *device, c *crime) {
	t.Helper()
	server = startServer(t)
	owner, stranger := newDevice(t, server), newDevice(t, server)
	owner.register(t, "anna")
	stranger.register(t, "mallory")
	stranger.save(t, login("theirs"))
	c = &crime{}
	first := owner.save(t, login("first"))
	c.first = first.ID
	c.second = owner.save(t, login("second")).ID
	c.deleted = owner.save(t, login("deleted")).ID
	c.old, c.other = owner.fetch(t), stranger.fetch(t)
	witness = newDevice(t, server)
	witness.login(t, "anna", "witness")
	c.since = witness.sync(t).Revision
	first.Title, first.Password = "first again", "new"
	owner.save(t, first)
	if err := owner.Delete(t.Context(), []string{c.deleted}); err != nil {
		t.Fatal(err)
	}
	return server, witness, c
}

func TestLiesAboutTheWholeVaultAreRefused(t *testing.T) {
	t.Parallel()
	server, _, c := scene(t)
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, server)
			d.login(t, "anna", "victim")
			d.wire.lie(edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { lie.tell(t, c, v) }))
			_, err := d.Sync(t.Context())
			expectAltered(t, err, c.names(lie.want))
			if got := d.titles(t, ""); len(got) != 0 {
				t.Errorf("the client shows %q of a vault that it refused", got)
			}
			d.wire.lie(nil)
			d.sync(t)
			if got := d.titles(t, ""); !slices.Equal(got, []string{"first again", "second"}) {
				t.Errorf("after an honest answer the client shows %q", got)
			}
		})
	}
}

// A device that has synced before asks for a delta. If it does not verify, the device asks for the whole vault. Both answers lie.
func TestLiesToADeviceThatSyncedBeforeAreRefused(t *testing.T) {
	t.Parallel()
	server, _, c := scene(t)
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			d := c.behind(t, server)
			d.wire.lie(func(r client.Request, answer *client.Response) {
				tell := func(v *protocol.VaultAnswer) { lie.tell(t, c, v) }
				if strings.Contains(r.Path, "since=0&") {
					edit(t, protocol.PathVault, tell)(r, answer)
					return
				}
				// The delta omits a record, because it cannot express every lie.
				edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { v.Records = v.Records[1:] })(r, answer)
			})
			_, err := d.Sync(t.Context())
			expectAltered(t, err, c.names(lie.want))
			if got := d.titles(t, ""); !slices.Equal(got, []string{"deleted", "first", "second"}) {
				t.Errorf("the client shows %q instead of the verified vault", got)
			}
		})
	}
}

// behind returns a device that has synced the old state.
func (c *crime) behind(t *testing.T, server string) *device {
	t.Helper()
	d := newDevice(t, server)
	d.login(t, "anna", "victim")
	d.wire.lie(edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { *v = c.old }))
	d.sync(t)
	d.wire.lie(nil)
	return d
}

func expectAltered(t *testing.T, err error, want []string) {
	t.Helper()
	var altered *client.VaultAlteredError
	if !errors.As(err, &altered) && !errors.Is(err, client.ErrRolledBack) {
		t.Fatalf("got %v, want the vault to be refused", err)
	}
	if !slices.ContainsFunc(want, func(w string) bool { return strings.Contains(err.Error(), w) }) {
		t.Errorf("got %q, want it to say %q", err, want)
	}
	if code := client.Explain(err).Code; code != client.CodeVaultAltered && code != client.CodeVaultRolledBack {
		t.Errorf("the code is %s", code)
	}
}

func TestLiesInADeltaLeadToAFullDownload(t *testing.T) {
	t.Parallel()
	server, _, c := scene(t)
	for name, tell := range map[string]func(t *testing.T, c *crime, v *protocol.VaultAnswer){
		"a record dropped": func(_ *testing.T, _ *crime, v *protocol.VaultAnswer) { v.Records = v.Records[1:] },
		"a tombstone kept back": func(_ *testing.T, _ *crime, v *protocol.VaultAnswer) {
			v.Records = slices.DeleteFunc(v.Records, func(r protocol.VaultRecord) bool { return r.Deleted })
		},
		"a record repeated": func(_ *testing.T, _ *crime, v *protocol.VaultAnswer) { v.Records = append(v.Records, v.Records[0]) },
		"an older version": func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
			*find(t, v, c.first, protocol.RecordOverview, 2) = *find(t, &c.old, c.first, protocol.RecordOverview, 1)
		},
		"a known record as if it were new": func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
			r := *find(t, &c.old, c.second, protocol.RecordDetails, 1)
			r.Revision = v.Revision
			v.Records = append(v.Records, r)
		},
		"a record of before": func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
			find(t, v, c.first, protocol.RecordOverview, 2).Revision = c.since
		},
		"an altered token": func(t *testing.T, c *crime, v *protocol.VaultAnswer) {
			find(t, v, c.first, protocol.RecordDetails, 2).Token += "A"
		},
		"a tombstone of a live record": func(_ *testing.T, c *crime, v *protocol.VaultAnswer) {
			v.Records = append(v.Records, protocol.VaultRecord{ItemID: c.second, Kind: protocol.RecordDetails, Version: 1, Epoch: 1, Revision: v.Revision, Deleted: true})
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := c.behind(t, server)
			full := 0
			d.wire.lie(func(r client.Request, answer *client.Response) {
				if strings.Contains(r.Path, "since=0&") {
					full++
					return
				}
				edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { tell(t, c, v) })(r, answer)
			})
			d.sync(t)
			if full != 1 {
				t.Errorf("the whole vault was asked for %d times", full)
			}
			if got := d.titles(t, ""); !slices.Equal(got, []string{"first again", "second"}) {
				t.Errorf("the client shows %q", got)
			}
		})
	}
}

func TestAnHonestDeltaIsTakenAsItIs(t *testing.T) {
	t.Parallel()
	_, d, _ := scene(t)
	before := len(d.wire.sent)
	d.sync(t)
	// The second request is for the history of this device.
	if got := d.titles(t, ""); !slices.Equal(got, []string{"first again", "second"}) || len(d.wire.sent) != before+2 || !isAt(d.wire.sent[before+1], protocol.PathVaultHistory) {
		t.Errorf("the client shows %q after %d requests", got, len(d.wire.sent)-before)
	}
}

func TestAnOlderVaultAsAWholeIsRefused(t *testing.T) {
	t.Parallel()
	server, d, c := scene(t)
	revision := d.sync(t).Revision
	serveOld := edit(t, protocol.PathVault, func(v *protocol.VaultAnswer) { *v = c.old })
	names := fmt.Sprintf("server shows the vault at revision %d, but this device has seen revision %d", c.old.Revision, revision)

	t.Run("in the same run", func(t *testing.T) {
		d.wire.lie(serveOld)
		if _, err := d.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) || err.Error() != names {
			t.Errorf("got %v, want %s", err, names)
		}
	})
	t.Run("after a restart", func(t *testing.T) {
		again := d.restarted(t, server)
		if err := again.KeepCopy(t.Context(), false, false); err != nil { // the cache holds the newest state
			t.Fatal(err)
		}
		again.login(t, "anna", "x")
		again.wire.lie(serveOld)
		_, err := again.Sync(t.Context())
		if !errors.Is(err, client.ErrRolledBack) || err.Error() != names || client.Explain(err).Code != client.CodeVaultRolledBack {
			t.Errorf("got %v, want %s", err, names)
		}
		if _, err := again.Save(t.Context(), login("x")); !errors.Is(err, client.ErrRolledBack) {
			t.Errorf("a change on top of it: %v", err)
		}
	})
	t.Run("a device that has seen nothing cannot know", func(t *testing.T) {
		fresh := newDevice(t, server)
		fresh.login(t, "anna", "x")
		fresh.wire.lie(serveOld)
		fresh.sync(t)
	})
}

// The server accepts a change from one device and shows the vault without it to the other, which then makes another change.
func TestAForkIsRefused(t *testing.T) {
	t.Parallel()
	server, a, b, _ := twoDevices(t)
	b.wire.before = func(r *client.Request) (*client.Response, error) {
		if !isAt(*r, protocol.PathVaultWrites) {
			return nil, nil
		}
		return &client.Response{Status: 204}, nil
	}
	b.save(t, login("on b"))
	a.save(t, login("on a"))
	revision := a.sync(t).Revision
	want := fmt.Sprintf("server shows another vault at revision %d than this device has seen at revision %d", revision, revision)
	if _, err := b.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	again := b.restarted(t, server)
	again.login(t, "anna", "x")
	if _, err := again.Sync(t.Context()); !errors.Is(err, client.ErrRolledBack) || err.Error() != want {
		t.Errorf("after a restart: got %v, want %s", err, want)
	}
}
