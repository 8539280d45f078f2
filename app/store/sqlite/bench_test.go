package sqlite

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// fill creates a vault of n items, whose records have the size of a login's.
func fill(b *testing.B, n int) (s *Store, revision int64) {
	b.Helper()
	s = openFile(b, filepath.Join(b.TempDir(), "vault.db"))
	addUser(b, s, "ada")
	for done := 0; done < n; {
		c := vault.Change{Base: revision, Manifest: "manifest"}
		for ; done < n && len(c.Puts) < protocol.MaxChangeRecords; done++ {
			for _, kind := range []protocol.Kind{protocol.KindOverview, protocol.KindDetails} {
				c.Puts = append(c.Puts, protocol.Put{Place: protocol.Place{ItemID: fmt.Sprintf("%022d", done), Kind: kind, Version: 1}, Token: strings.Repeat("x", 700)})
			}
		}
		var err error
		if revision, err = s.Apply(b.Context(), "ada", c); err != nil {
			b.Fatal(err)
		}
	}
	return s, revision
}

func BenchmarkChangesNothingNew(b *testing.B) {
	s, revision := fill(b, 1000)
	for b.Loop() {
		if _, err := vault.Collect(b.Context(), s, "ada", revision); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkChangesFull(b *testing.B) {
	s, _ := fill(b, 1000)
	for b.Loop() {
		r, err := vault.Collect(b.Context(), s, "ada", 0)
		if err != nil || len(r.Records) != 2000 {
			b.Fatal(len(r.Records), err)
		}
	}
}

func BenchmarkSaveOne(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("vault of %d", n), func(b *testing.B) {
			s, revision := fill(b, n)
			for b.Loop() {
				c := vault.Change{Base: revision, Manifest: "manifest", Puts: []protocol.Put{
					{Place: protocol.Place{ItemID: fmt.Sprintf("%022d", revision%int64(n)), Kind: protocol.KindOverview, Version: 2}, Token: strings.Repeat("y", 700)},
					{Place: protocol.Place{ItemID: fmt.Sprintf("%022d", revision%int64(n)), Kind: protocol.KindDetails, Version: 2 + revision}, Token: strings.Repeat("y", 700)},
				}}
				var err error
				if revision, err = s.Apply(b.Context(), "ada", c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
