package client

import (
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A wiped key panics when it is used.
func TestChangeOpensNothingThatItWrote(t *testing.T) {
	t.Parallel()
	v := newVault(seal.NewUserID(), seal.NewVaultKey())
	v.indexed = true
	end := v.plain.keep()
	ch := v.change()
	id := string(seal.NewAccountID())
	if err := ch.writeNew(item.Item{ID: id, Title: "Mail", Password: "hunter2", Notes: "blue"}.Normalise()); err != nil {
		t.Fatal(err)
	}
	v.key.Wipe()
	if err := ch.openChanged(t.Context()); err != nil {
		t.Fatal(err)
	}
	ch.commit(1, "")
	e := v.shown(id)
	if in := e.inside.Load(); in == nil || in.err != nil || in.password != "hunter2" {
		t.Errorf("the details of the new item: %+v", in)
	}
	if it, err := v.whole(e); err != nil || it.Title != "Mail" || it.Notes != "blue" {
		t.Errorf("got %+v, %v", it, err)
	}
	end()
	if v.plain.known != nil {
		t.Error("plaintexts stay in memory after the change")
	}
}
