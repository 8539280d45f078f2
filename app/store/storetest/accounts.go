package storetest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

func wantAccount(t *testing.T, s vault.Store, want vault.User, v *testvault.Vault) {
	t.Helper()
	got, head, err := s.Account(t.Context(), want.Username)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("account is %+v, want %+v", got, want)
	}
	wantHead(t, "head of the account", head, v)
	if got, err := s.User(t.Context(), want.Username); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("user is %+v, %v, want %+v", got, err, want)
	}
	var cards [][]byte
	for _, c := range v.Owner.Cards {
		cards = append(cards, c.Encode())
	}
	stored, err := s.Cards(t.Context(), v.Owner.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantBlobs(t, "cards", stored, cards)
}

func wantEnvelope(t *testing.T, s vault.Store, v *testvault.Vault) {
	t.Helper()
	entry := v.State.Entry
	envelope, err := s.Envelope(t.Context(), v.ID, entry.Roster[0].Envelope)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Owner.CardKeys[len(v.Owner.CardKeys)-1].KEM.OpenEnvelope(entry, v.Owner.ID, envelope); err != nil {
		t.Error(err)
	}
}

func accountRoundTrip(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	u := accountOf(v)
	u.Generation = 1
	wantAccount(t, b, u, v)
	wantEnvelope(t, b, v)
	wantVault(t, b, v)
	if cards, err := b.Cards(t.Context(), seal.NewID()); err != nil || len(cards) != 0 {
		t.Errorf("an unknown user has %d cards, %v", len(cards), err)
	}
	_, err := b.Envelope(t.Context(), v.ID, chain.Hash{1})
	wantError(t, "unknown envelope", err, vault.ErrNotFound)
	_, _, err = b.Account(t.Context(), "eve")
	wantError(t, "unknown account", err, vault.ErrNotFound)
}

func accountIsCreatedWholeOrNot(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ada := founded(t, s, "ada")
	free := seal.NewID()
	for name, c := range map[string]struct {
		user   string
		vault  chain.ID
		change func(u *vault.User)
		want   error
	}{
		"username":   {"ada", free, nil, vault.ErrUsernameTaken},
		"user id":    {"eve", free, func(u *vault.User) { u.ID = vault.UserID(ada.Owner.ID.String()) }, vault.ErrUserIDTaken},
		"invitation": {"eve", free, func(u *vault.User) { u.Admission.Invitation = vault.InvitationID(randomID()) }, vault.ErrNoInvitation},
		"first":      {"eve", free, func(u *vault.User) { u.Admission.First = true }, vault.ErrNotFirst},
		"vault id":   {"eve", ada.ID, nil, vault.ErrVaultIDTaken},
	} {
		v, f := testvault.NewPerson(c.user).FoundAs(c.vault)
		u := accountOf(v)
		if c.change != nil {
			c.change(&u)
		}
		wantError(t, name, s.CreateAccount(t.Context(), u, f), c.want)
		_, err := s.Head(t.Context(), free)
		wantError(t, name+": vault", err, vault.ErrNotFound)
		_, err = s.User(t.Context(), "eve")
		wantError(t, name+": user", err, vault.ErrNotFound)
		if cards, err := s.Cards(t.Context(), v.Owner.ID); err != nil || len(cards) != 0 {
			t.Errorf("%s: %d cards, %v", name, len(cards), err)
		}
	}
	wantVault(t, s, ada)

	// None of them used the ID up.
	v, f := testvault.NewPerson("eve").FoundAs(free)
	if err := s.CreateAccount(t.Context(), accountOf(v), f); err != nil {
		t.Fatal(err)
	}
	wantVault(t, s, v)
}

func updateUserLeavesKeys(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	u := accountOf(v)
	u.Generation = 1
	changed := u
	changed.Keys = vault.Keys{}
	changed.TOTPSecret, changed.TOTPLastStep = "sealed", 57
	if err := s.UpdateUser(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	changed.Keys, changed.Generation = u.Keys, 2
	wantAccount(t, s, changed, v)
}

func unknownVault(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	ctx := t.Context()
	founded(t, s, "ada")
	v, _ := testvault.NewPerson("eve").Found()
	_, err := s.Head(ctx, v.ID)
	wantError(t, "head", err, vault.ErrNotFound)
	_, err = changesOf(ctx, s, v.ID, 0)
	wantError(t, "changes", err, vault.ErrNotFound)
	wantError(t, "write", s.ApplyWrite(ctx, v.Draft(items(v, 1, 10)...).WriteChange), vault.ErrNotFound)
	wantError(t, "entry", s.AppendEntry(ctx, v.DraftRotate().EntryChange), vault.ErrNotFound)
	_, err = s.Writes(ctx, v.ID, []int64{1})
	wantError(t, "writes", err, vault.ErrNotFound)
	_, err = s.Operations(ctx, v.ID, 1)
	wantError(t, "operations", err, vault.ErrNotFound)
	_, err = s.Branch(ctx, v.ID, 1, chain.Hash{1})
	wantError(t, "branch", err, vault.ErrNotFound)
	_, err = s.Envelope(ctx, v.ID, v.State.Entry.Roster[0].Envelope)
	wantError(t, "envelope", err, vault.ErrNotFound)
	chunks := testvault.Chunks("content")
	wantError(t, "chunk", s.PutChunk(ctx, v.ID, chunks[0], start, plenty), vault.ErrNotFound)
	_, err = s.Chunk(ctx, v.ID, chunks[0].Attachment, 1, start)
	wantError(t, "read chunk", err, vault.ErrNotFound)
	_, err = s.Attachment(ctx, v.ID, chunks[0].Attachment, start)
	wantError(t, "attachment", err, vault.ErrNotFound)
	if list, err := s.Attachments(ctx, v.ID); err != nil || len(list) != 0 {
		t.Errorf("%d attachments, %v", len(list), err)
	}
	if entries, err := s.Entries(ctx, v.ID, -1, 0); err != nil || len(entries) != 0 {
		t.Errorf("%d entries, %v", len(entries), err)
	}
	if lines, err := s.LiveLines(ctx, v.ID, []byte{0, 255}); err != nil || len(lines[0])+len(lines[255]) != 0 {
		t.Errorf("lines %v, %v", lines, err)
	}
	if small, err := s.Small(ctx, v.ID, 0, 0); err != nil || !small {
		t.Errorf("small: %v, %v", small, err)
	}
}

// accountEntry drafts an account entry with new hashes and a second factor.
func accountEntry(v *testvault.Vault, generation int64, r testvault.Renewal) testvault.Entry {
	e := v.DraftAccount(r)
	u := &e.Account.User
	u.Generation, u.Created = generation, start
	u.AuthHash, u.RecoveryAuthHash, u.TOTPSecret, u.TOTPLastStep = []byte("next password"), []byte("next phrase"), "next factor", 58
	return e
}

func entriesRoundTrip(t *testing.T, open func(t *testing.T) vault.Store) {
	a, b := open(t), open(t)
	v := founded(t, a, "ada")
	write(t, a, v, items(v, 2, 100)...)
	follow(t, a, v, v.DraftRotate())
	wantVault(t, b, v)
	wantEnvelope(t, b, v)
	write(t, b, v, items(v, 1, 100)...)

	e := accountEntry(v, 1, testvault.Renewal{Card: true, Epoch: true, AccountKey: true})
	follow(t, b, v, e)
	u := e.Account.User
	u.Generation = 2
	wantAccount(t, a, u, v)
	wantEnvelope(t, a, v)
	wantVault(t, a, v)
	write(t, a, v, items(v, 1, 100)...)

	// An entry without envelopes and without a card.
	e = accountEntry(v, 2, testvault.Renewal{})
	follow(t, a, v, e)
	u = e.Account.User
	u.Generation = 3
	wantAccount(t, b, u, v)
	wantVault(t, b, v)

	for after := int64(-1); after <= 5; after++ {
		entries, err := b.Entries(t.Context(), v.ID, after, 0)
		if err != nil || int64(len(entries)) != max(0, 4-after) {
			t.Errorf("%d entries after %d, %v", len(entries), after, err)
		}
	}
}

func accountEntryIsConditional(t *testing.T, open func(t *testing.T) vault.Store) {
	s := open(t)
	v := founded(t, s, "ada")
	eve := createUser(t, s, "eve")
	u := accountOf(v)
	u.TOTPSecret, u.Generation = "sealed", 1
	if err := s.UpdateUser(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	u.Generation = 2
	draft := func(change func(*vault.User)) error {
		e := accountEntry(v, 2, testvault.Renewal{Card: true, Epoch: true})
		change(&e.Account.User)
		err := s.AppendEntry(t.Context(), e.EntryChange)
		for hash := range e.Envelopes {
			if _, envelopeErr := s.Envelope(t.Context(), v.ID, hash); !errors.Is(envelopeErr, vault.ErrNotFound) {
				t.Errorf("envelope of a refused entry: %v", envelopeErr)
			}
		}
		return err
	}
	wantError(t, "old generation", draft(func(u *vault.User) { u.Generation = 1 }), vault.ErrConflict)
	wantError(t, "future generation", draft(func(u *vault.User) { u.Generation = 3 }), vault.ErrConflict)
	wantError(t, "unknown user", draft(func(u *vault.User) { u.Username = "bob" }), vault.ErrNotFound)
	wantError(t, "another id", draft(func(u *vault.User) { u.ID = vault.UserID(randomID()) }), vault.ErrNotFound)
	wantError(t, "another user", draft(func(u *vault.User) { u.Username, u.ID, u.Generation = "eve", eve.ID, 1 }), vault.ErrNotFound)
	wantAccount(t, s, u, v)
	wantVault(t, s, v)
}
