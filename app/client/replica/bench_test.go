package replica

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

const benchItems = 10000

// benchBody returns the answer about a vault with benchItems items.
func benchBody(b *testing.B) (*owned, []byte) {
	b.Helper()
	o := newOwned(b)
	for chunk := range slices.Chunk(slices.Collect(benchNumbers), chain.MaxOperations/2) {
		var ops []testvault.Operation
		for _, i := range chunk {
			id := seal.NewID()
			it := item.Item{
				ID: id.String(), Title: fmt.Sprintf("Item %d", i), Username: "ada@example.com", URLs: []string{fmt.Sprintf("https://site%d.example/login", i)},
				Password: fmt.Sprintf("password %d of many", i), Notes: "a note",
			}.Normalise()
			ops = append(ops, o.Put(chain.RecordOverview, id, 1, string(it.Overview())), o.Put(chain.RecordDetails, id, 1, string(it.Details())))
		}
		o.Apply(o.Draft(ops...))
	}
	return o, encoded(b, o.Answer(0, -1, 0))
}

func benchNumbers(yield func(int) bool) {
	for i := range benchItems {
		if !yield(i) {
			return
		}
	}
}

func (o *owned) takeBody(b *testing.B, r *Replica, body []byte) {
	a, err := Parse(body)
	if err != nil {
		b.Fatal(err)
	}
	log, err := r.Follow(a, chain.State{})
	if err != nil {
		b.Fatal(err)
	}
	next, err := r.Verify(b.Context(), log, o.Identity(), a.Records, true)
	if err != nil {
		b.Fatal(err)
	}
	next.Commit()
}

func BenchmarkTake10000(b *testing.B) {
	o, body := benchBody(b)
	b.ReportAllocs()
	for b.Loop() {
		o.takeBody(b, New(o.Owner.ID, o.ID), body)
	}
}

func BenchmarkMemory10000(b *testing.B) {
	o, body := benchBody(b)
	r := New(o.Owner.ID, o.ID)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	o.takeBody(b, r, body)
	for b.Loop() {
		runtime.KeepAlive(r)
		runtime.KeepAlive(o)
	}
	b.ReportMetric(float64(heap()-before)/1e6, "MB")
	runtime.KeepAlive(body)
	runtime.KeepAlive(r)
	runtime.KeepAlive(o)
}

// Each vault has its own log, envelope, writes and root.
func BenchmarkOpenNineteen(b *testing.B) {
	var vaults [19]*owned
	var bodies [19][]byte
	for i := range vaults {
		vaults[i] = newOwned(b)
		vaults[i].add("Bank")
		bodies[i] = encoded(b, vaults[i].Answer(0, -1, 0))
	}
	for b.Loop() {
		for i, o := range vaults {
			o.takeBody(b, New(o.Owner.ID, o.ID), bodies[i])
		}
	}
}
