package vault_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// refused sends a write that comes too late, and returns the news in the refusal.
func (u *user) refused(session vault.Session, w protocol.WriteRequest) *protocol.VaultAnswer {
	u.t.Helper()
	err := u.Write(u.t.Context(), session, u.ID.String(), w)
	stale("").check(u.t, err)
	var answer *vault.Error
	if !errors.As(err, &answer) {
		u.t.Fatalf("no answer: %v", err)
	}
	return answer.News
}

func (u *user) wantHeld(what string, want bool) {
	u.t.Helper()
	if held, _ := u.Held(u.ID); held != want {
		u.t.Errorf("%s: the vault is held: %t", what, held)
	}
}

func (u *user) drafted(content string) testvault.Write {
	return u.Draft(u.Put(chain.RecordOverview, seal.NewID(), 1, content))
}

func TestLoserOfARaceGetsTheNews(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first func(u *user)
		none  bool // the news are too much
	}{
		"a write":            {first: func(u *user) { u.item("faster") }},
		"several writes":     {first: func(u *user) { u.item("faster"); u.item("faster"); u.item("faster") }},
		"an entry":           {first: func(u *user) { u.renew(testvault.Renewal{Epoch: true, Card: false}) }},
		"an entry and write": {first: func(u *user) { u.renew(testvault.Renewal{Epoch: true}); u.item("faster") }},
		"a large write": {none: true, first: func(u *user) {
			for range 3 {
				u.save(u.Put(chain.RecordDetails, seal.NewID(), 1, strings.Repeat("large", 6000)))
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newSite(t).register("ada")
			u.item("before")
			loser := u.mustLogin()
			since, after := u.State.Revision, u.State.Entry.Sequence
			late := writeRequest(u.drafted("late"))
			c.first(u)
			news := u.refused(loser, late)
			u.wantHeld("after the refusal", true)
			if c.none {
				if news != nil {
					t.Errorf("%d records of news", len(news.Records))
				}
				return
			}
			whole := collected{protocol.VaultAnswer{Records: []protocol.VaultRecord{}}}
			if err := u.Changes(t.Context(), loser, u.ID.String(), vault.Asked{Since: since, After: after, Revision: since}, &whole); err != nil {
				t.Fatal(err)
			}
			if news == nil || !reflect.DeepEqual(*news, whole.VaultAnswer) {
				t.Errorf("the news are\n%+v, want\n%+v", news, whole.VaultAnswer)
			}
		})
	}
}

// While a vault is held, the loser writes, and another waits and loses then.
func TestLoserOfARaceIsNext(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.item("before")
	loser := u.mustLogin()
	late := writeRequest(u.drafted("late"))
	u.item("faster")
	u.refused(loser, late)

	other := writeRequest(u.drafted("faster again"))
	done := make(chan error)
	go func() { done <- u.Write(t.Context(), u.session, u.ID.String(), other) }()
	await.Until(t, "the write of another session waits", func() bool { _, waiting := u.Held(u.ID); return waiting == 1 })
	next := u.drafted("late, again")
	if err := u.Write(t.Context(), loser, u.ID.String(), writeRequest(next)); err != nil {
		t.Fatalf("the loser's next try: %v", err)
	}
	u.Apply(next)
	stale("").check(t, <-done)
	u.unmoved()
	u.wantHeld("for the other, who has lost now", true)
	u.session, loser = loser, u.session
	if err := u.Write(t.Context(), loser, u.ID.String(), writeRequest(u.drafted("in turn"))); err != nil {
		t.Errorf("the other's next try: %v", err)
	}
	u.wantHeld("after it", false)
}

// The attack: a thief has the token of a session and all that the user ever signed, and tries to keep the user from writing.
func TestSessionAloneHoldsNoVault(t *testing.T) {
	t.Parallel()
	u := newSite(t).register("ada")
	u.item("first")
	u.item("second")
	writes := map[string]protocol.WriteRequest{}
	older := u.drafted("older")
	if err := u.Write(t.Context(), u.session, u.ID.String(), writeRequest(older)); err != nil {
		t.Fatal(err)
	}
	u.Apply(older)
	writes["an older write again"] = writeRequest(older)
	newest := u.drafted("newest")
	if err := u.Write(t.Context(), u.session, u.ID.String(), writeRequest(newest)); err != nil {
		t.Fatal(err)
	}
	u.Apply(newest)
	writes["the newest write again"] = writeRequest(newest)
	unsigned := u.drafted("unsigned")
	unsigned.Write.Revision = newest.Write.Revision
	unsigned.Write.Previous = newest.Write.Previous
	unsigned.Write.Sign(signerOf(thief))
	writes["a rival that the thief signed"] = writeRequest(unsigned)
	far := u.drafted("far")
	far.Write.Revision += 5
	far.Write.Sign(signerOf(thief))
	writes["a later one that the thief signed"] = writeRequest(far)
	session := u.mustLogin()
	for name, w := range writes {
		if news := u.refused(session, w); news != nil {
			t.Errorf("%s: the thief gets news", name)
		}
		u.wantHeld(name, false)
	}
	u.item("undisturbed")
}
