package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// ahead moves the vault, and not the store, by writes and entries: what a store loses that is restored from a backup.
func ahead(v *testvault.Vault) {
	id, other := seal.NewID(), seal.NewID()
	first := v.PutToken(chain.RecordOverview, id, 1, "first")
	v.Apply(v.Draft(first, v.PutToken(chain.RecordDetails, id, 1, text(1000)), v.PutToken(chain.RecordOverview, other, 1, "short-lived")))
	second := v.PutToken(chain.RecordOverview, id, 2, "second")
	v.Apply(v.Draft(testvault.Delete(first), second, testvault.Delete(v.PutToken(chain.RecordOverview, other, 1, "short-lived"))))
	v.Follow(accountEntry(v, 1, testvault.Renewal{Card: true, Epoch: true}))
	v.Apply(v.Draft(testvault.Delete(second), v.PutToken(chain.RecordOverview, id, 2, "second, in epoch 2")))
	v.Follow(v.DraftRotate())
	v.Apply(v.Draft(items(v, 1, 10)...))
	v.Follow(accountEntry(v, 1, testvault.Renewal{AccountKey: true}))
}

// resentTo returns the change that leads the store to v.
func resentTo(t *testing.T, s vault.Store, v *testvault.Vault) vault.ResendChange {
	t.Helper()
	base, err := s.Head(t.Context(), v.ID)
	if err != nil {
		t.Fatal(err)
	}
	c := v.Resent(base)
	c.Now = start
	if c.Account != nil {
		u := accountOf(v)
		u.Generation = 1
		u.AuthHash = []byte("$2a$12$another password")
		c.Account.User = u
	}
	return c
}

func resendLeadsAhead(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	before := v.PutToken(chain.RecordOverview, seal.NewID(), 1, "before the backup")
	stays := v.PutToken(chain.RecordDetails, seal.NewID(), 1, "stays")
	write(t, a, v, before, stays)
	v.Apply(v.Draft(testvault.Delete(before)))
	again := v.PutToken(chain.RecordOverview, before.ID, 1, "put again")
	v.Apply(v.Draft(again))
	ahead(v)
	c := resentTo(t, b, v)
	if err := a.Resend(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	wantTokens(t, b, v.ID, start, []testvault.Operation{before, again, stays}, before.Token, again.Token, stays.Token)
	u := c.Account.User
	u.Generation = 2
	wantAccount(t, b, u, v)
	wantVault(t, b, v)
	wantRevisions(t, b, v)
	// A device that saw a part of it gets the rest, with tombstones.
	a3 := changesSince(t, b, v.ID, 4)
	tombs := 0
	for _, r := range a3.records {
		if r.Deleted {
			tombs++
		}
	}
	if tombs != 3 { // first in epoch 1, second in epoch 1, the short-lived one
		t.Errorf("%d tombstones above revision 4", tombs)
	}
	write(t, b, v, testvault.Delete(again), testvault.Delete(stays))
	wantVault(t, a, v)
	// Without an entry.
	v.Apply(v.Draft(items(v, 3, 10)...))
	if err := b.Resend(t.Context(), resentTo(t, b, v)); err != nil {
		t.Fatal(err)
	}
	wantVault(t, a, v)
}

// wantRevisions checks that each live line has the revision of the write that put it: devices ask for what is newer than theirs.
func wantRevisions(t *testing.T, s vault.Store, v *testvault.Vault) {
	t.Helper()
	puts := map[chain.Line]int64{}
	for i, ops := range v.Operations {
		for _, o := range ops {
			if !o.Delete {
				puts[o.Line] = v.Writes[i].Revision
			}
		}
	}
	for _, r := range changesSince(t, s, v.ID, 0).records {
		if r.Revision != puts[r.Line] {
			t.Errorf("a line of write %d has revision %d", puts[r.Line], r.Revision)
		}
	}
}

func resendIsConditional(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	write(t, a, v, items(v, 1, 10)...)
	stored := *v
	owner := *v.Owner
	stored.Owner = &owner
	ahead(v)
	c := resentTo(t, a, v)

	late := c
	account := *c.Account
	account.User.Generation = 7
	late.Account = &account
	wantError(t, "another generation", b.Resend(t.Context(), late), vault.ErrConflict)
	full := c
	full.Quota = vault.Quota{Items: 1}
	wantError(t, "quota of items", b.Resend(t.Context(), full), vault.ErrItemQuota)
	full.Quota = vault.Quota{Bytes: 500}
	wantError(t, "quota of records", b.Resend(t.Context(), full), vault.ErrRecordQuota)
	wantVault(t, a, &stored)
	u := accountOf(&stored)
	u.Generation = 1
	wantAccount(t, a, u, &stored)

	write(t, b, &stored, items(&stored, 1, 10)...)
	wantError(t, "behind a write", a.Resend(t.Context(), c), vault.ErrRevisionConflict)
	wantVault(t, b, &stored)
	unknown := c
	unknown.Base.Vault = seal.NewID()
	wantError(t, "unknown vault", a.Resend(t.Context(), unknown), vault.ErrNotFound)
}

func rivalResendsHaveOneWinner(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	ahead(v)
	done := make(chan error)
	c := resentTo(t, a, v) // before one of them wins
	for _, s := range []vault.Store{a, b} {
		go func() { done <- s.Resend(context.WithoutCancel(t.Context()), c) }()
	}
	first, second := <-done, <-done
	won := 0
	for _, err := range []error{first, second} {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, vault.ErrRevisionConflict):
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d winners", won)
	}
	wantVault(t, a, v)
}

func resendOfEverySize(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	for range 3 {
		v.Apply(v.Draft(items(v, 300, 300)...))
	}
	for range 40 {
		v.Apply(v.Draft(items(v, 1, 10)...))
	}
	if err := a.Resend(t.Context(), resentTo(t, a, v)); err != nil {
		t.Fatal(err)
	}
	wantVault(t, b, v)
}

// resendOfAttachments puts one whose chunks are stored, one that is lost, and deletes one.
func resendOfAttachments(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	put := func(chunks []vault.Chunk) testvault.Operation {
		t.Helper()
		for _, c := range chunks {
			if err := a.PutChunk(t.Context(), v.ID, c, start, 1<<20); err != nil {
				t.Fatal(err)
			}
		}
		return testvault.Attach(chunks[0].Attachment, chunks)
	}
	lost, half := testvault.Chunks("lost", "in two"), testvault.Chunks("half", "of two")
	gone, waits := put(testvault.Chunks("gone")), put(testvault.Chunks("waits", "for its write"))
	put(half[:1])
	write(t, a, v, gone)
	missing, torn := testvault.Attach(lost[0].Attachment, lost), testvault.Attach(half[0].Attachment, half)
	v.Apply(v.Draft(waits, missing, torn, testvault.Delete(gone)))
	c := resentTo(t, a, v)
	wantError(t, "with chunks that are missing", a.Resend(t.Context(), c), vault.ErrInvalidChange)
	for i := range c.Records {
		c.Records[i].Lost = c.Records[i].ID == missing.ID || c.Records[i].ID == torn.ID
	}
	if err := a.Resend(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	wantVault(t, b, v)
	for id, want := range map[chain.ID]error{waits.ID: nil, missing.ID: vault.ErrNotFound, torn.ID: vault.ErrNotFound} {
		_, err := b.Chunk(t.Context(), v.ID, id, 1, start)
		wantError(t, "chunk", err, want)
		_, err = b.Attachment(t.Context(), v.ID, id, start)
		wantError(t, "attachment", err, want)
	}
	list, err := b.Attachments(t.Context(), v.ID)
	list = slices.DeleteFunc(list, func(a vault.Attachment) bool { return !a.Live })
	if err != nil || len(list) != 1 || list[0].ID != waits.ID {
		t.Errorf("%+v, %v", list, err)
	}
	write(t, b, v, testvault.Delete(missing), testvault.Delete(torn), testvault.Delete(waits))
	wantVault(t, a, v)
}

// resendKeepsTokens replaces and deletes what the store has, by a write of every size.
func resendKeepsTokens(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	const size = 1000
	all := items(v, 60, size)
	pin := v.PutToken(chain.RecordPin, seal.NewID(), 1, "pin")
	write(t, a, v, append(slices.Clone(all), pin)...)
	chunks := testvault.Chunks("content")
	put := testvault.Attach(chunks[0].Attachment, chunks)
	putChunks(t, a, v, chunks...)
	write(t, a, v, put)

	var gone []testvault.Operation
	var want []string
	for _, o := range all[:55] {
		gone, want = append(gone, testvault.Delete(o)), append(want, o.Token)
	}
	v.Apply(v.Draft(append(gone, testvault.Delete(put), testvault.Delete(pin))...))
	again := v.PutToken(all[0].Kind, all[0].ID, all[0].Version, "at the same place")
	v.Apply(v.Draft(again, all[1], testvault.Delete(all[55])))
	next, newest := edit(v, all[56], "next version")
	v.Apply(v.Draft(next...))
	live := []testvault.Operation{again, all[1], newest}
	all, want = append(all[:57:57], live...), append(want, all[55].Token, all[56].Token)
	c := resentTo(t, a, v)
	full := 56*(size+vault.RecordWeight) + attachmentOf(false, chunks...).Bytes // all[1] is live again
	c.Kept = full - 1
	wantError(t, "quota of kept tokens", a.Resend(t.Context(), c), vault.ErrKeptQuota)
	c.Kept = full
	if err := a.Resend(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	wantTokens(t, b, v.ID, start, append(all, pin), append(want, again.Token, all[1].Token, newest.Token, "")...)
	wantVault(t, b, v)
	wantChunks(t, b, v, chunks...)
	// It counts for later writes, and is kept as long as what they delete.
	writeAt(t, b, v, start, full, vault.ErrKeptQuota, testvault.Delete(again))
	writeAt(t, b, v, start, full+size, nil, testvault.Delete(again))
	wantTokens(t, a, v.ID, start.Add(vault.KeptLife-time.Millisecond), all[2:4], want[2:4]...)
	wantTokens(t, a, v.ID, start.Add(vault.KeptLife), all[2:4], "", "")
}

// No part that is sent again makes a store drop the chunks that a write put.
func resendDropsNoChunks(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	live, kept := testvault.Chunks("live"), testvault.Chunks("kept")
	putChunks(t, a, v, slices.Concat(live, kept)...)
	putLive, putKept := testvault.Attach(live[0].Attachment, live), testvault.Attach(kept[0].Attachment, kept)
	write(t, a, v, putLive, putKept)
	write(t, a, v, testvault.Delete(putKept))
	for name, other := range map[string]testvault.Operation{
		"live": testvault.Attach(live[0].Attachment, testvault.Chunks("another", "content")),
		"kept": testvault.Attach(kept[0].Attachment, testvault.Chunks("another", "content")),
	} {
		ahead := *v
		liveAhead := *v.Live
		ahead.Live = &liveAhead
		ops := []testvault.Operation{other}
		if name == "live" {
			ops = append(ops, testvault.Delete(putLive))
		}
		ahead.Apply(ahead.Draft(ops...))
		c := resentTo(t, a, &ahead)
		for i := range c.Records {
			c.Records[i].Lost = !c.Records[i].Delete
		}
		wantError(t, name, a.Resend(t.Context(), c), vault.ErrInvalidChange)
	}
	wantVault(t, b, v)
	wantChunks(t, b, v, slices.Concat(live, kept)...)
}

func storeWaits(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	for _, waits := range []bool{false, true, true, false, false} {
		if err := a.SetWaiting(t.Context(), waits); err != nil {
			t.Fatal(err)
		}
		if got, err := b.Waiting(t.Context()); err != nil || got != waits {
			t.Errorf("waits: %v, %v", got, err)
		}
	}
}

func usersAreListed(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	ada, eve := createUser(t, a, "ada"), createUser(t, a, "eve")
	putSession(t, a, ada, start)
	if _, err := a.ServerKey(t.Context(), make([]byte, 32)); err != nil {
		t.Fatal(err)
	}
	if err := a.DeleteUser(t.Context(), createUser(t, a, "gone").Username); err != nil {
		t.Fatal(err)
	}
	found := map[vault.Username]vault.UserID{}
	err := b.Users(t.Context(), func(u vault.User) error {
		found[u.Username] = u.ID
		_, err := b.Sessions(t.Context(), u.ID, start) // the callback may read
		return err
	})
	if err != nil || len(found) != 2 || found["ada"] != ada.ID || found["eve"] != eve.ID {
		t.Errorf("%v, %v", found, err)
	}
	stop := errors.New("stop")
	wantError(t, "stopped", b.Users(t.Context(), func(vault.User) error { return stop }), stop)
}
