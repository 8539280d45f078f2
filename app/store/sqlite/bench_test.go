package sqlite

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// fill creates a vault of n items, whose records have the size of a login's.
func fill(b *testing.B, n int) (*Store, *testvault.Vault, []testvault.Operation) {
	b.Helper()
	s := openFile(b, filepath.Join(b.TempDir(), "vault.db"))
	v, founding := testvault.NewPerson("ada").Found()
	if err := s.CreateAccount(b.Context(), v.User(), founding); err != nil {
		b.Fatal(err)
	}
	var all []testvault.Operation
	for len(all) < 2*n {
		var ops []testvault.Operation
		for len(all)+len(ops) < 2*n && len(ops) < chain.MaxOperations {
			ops = append(ops, login(v, seal.NewID(), 1)...)
		}
		save(b, s, v, ops)
		all = append(all, ops...)
	}
	return s, v, all
}

func login(v *testvault.Vault, item chain.ID, version uint32) []testvault.Operation {
	token := strings.Repeat("x", 700)
	return []testvault.Operation{v.PutToken(chain.RecordOverview, item, version, token), v.PutToken(chain.RecordDetails, item, version, token)}
}

func save(b *testing.B, s *Store, v *testvault.Vault, ops []testvault.Operation) {
	b.Helper()
	d := v.Draft(ops...)
	d.Now = time.Now()
	if err := s.ApplyWrite(b.Context(), d.WriteChange); err != nil {
		b.Fatal(err)
	}
	v.Apply(d)
}

type counted int

func (*counted) Begin(vault.Head) error { return nil }

func (c *counted) Write(vault.Record) error { *c++; return nil }

func BenchmarkChangesFull(b *testing.B) {
	s, v, _ := fill(b, 1000)
	for b.Loop() {
		var c counted
		if err := s.Changes(b.Context(), v.ID, 0, &c); err != nil || c != 2000 {
			b.Fatal(c, err)
		}
	}
}

// What a server does for one save: read the head and the lines of the bucket, check, and store.
func BenchmarkSaveOne(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("vault of %d", n), func(b *testing.B) {
			s, v, ops := fill(b, n)
			newest := ops[:2]
			for b.Loop() {
				b.StopTimer()
				next := login(v, newest[0].ID, newest[0].Version+1)
				d := v.Draft(append(next, testvault.Delete(newest[0]))...)
				newest = next
				b.StartTimer()
				head, err := s.Head(b.Context(), v.ID)
				if err != nil {
					b.Fatal(err)
				}
				bucket := chain.Bucket(newest[0].ID)
				lines, err := s.LiveLines(b.Context(), v.ID, []byte{bucket})
				if err != nil {
					b.Fatal(err)
				}
				live := head.Live()
				if err := live.Load(bucket, lines[bucket]); err != nil {
					b.Fatal(err)
				}
				if _, err := head.State.Admit(d.Write, d.Operations, live, v.Known); err != nil {
					b.Fatal(err)
				}
				if err := s.ApplyWrite(b.Context(), d.WriteChange); err != nil {
					b.Fatal(err)
				}
				b.StopTimer() // a server does not hold the tokens of a vault
				v.Apply(d)
				b.StartTimer()
			}
		})
	}
}

func BenchmarkReseal(b *testing.B) {
	s, v, ops := fill(b, 1000)
	for b.Loop() {
		var next, reseal []testvault.Operation
		for _, o := range ops[:1000] {
			token := strings.Repeat("y", 700)
			put := v.PutToken(o.Kind, o.ID, o.Version+1, token)
			next, reseal = append(next, put), append(reseal, testvault.Delete(o), put)
		}
		save(b, s, v, reseal)
		copy(ops, next)
	}
}
