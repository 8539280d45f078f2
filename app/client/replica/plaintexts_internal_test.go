package replica

import (
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// A wiped key panics when it is used.
func TestChangeOpensNothingThatItWrote(t *testing.T) {
	t.Parallel()
	o := newOwned(t)
	o.sync(t)
	v := o.replica
	v.Indexed = true
	end := v.KeepPlaintexts()
	ch := v.Change()
	id := seal.NewID().String()
	it := item.Item{ID: id, Title: "Mail", Password: "hunter2", Notes: "blue"}.Normalise()
	if err := ch.Create(id, it.Overview(), it.Details()); err != nil {
		t.Fatal(err)
	}
	v.Wipe()
	if _, err := ch.Sign(o.author(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := ch.OpenChanged(t.Context()); err != nil {
		t.Fatal(err)
	}
	ch.Commit()
	e := v.Shown(id)
	if in := e.details.Load(); in == nil || in.err != nil || in.password != "hunter2" {
		t.Errorf("the details of the new item: %+v", in)
	}
	if it, err := v.Open(e); err != nil || it.Title != "Mail" || it.Notes != "blue" {
		t.Errorf("got %+v, %v", it, err)
	}
	end()
	if v.plain.known != nil {
		t.Error("plaintexts stay in memory after the change")
	}
}
