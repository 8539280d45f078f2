package seal

import (
	"bytes"
	"testing"
)

func BenchmarkDeriveMasterKey(b *testing.B) {
	salt := fixedSalt("s")
	for b.Loop() {
		if _, err := DeriveMasterKey("correct horse battery staple", salt, DefaultParams); err != nil {
			b.Fatal(err)
		}
	}
}

const benchRecords = 10000

func benchVault(b *testing.B) (VaultKey, []Place, []string, []byte) {
	b.Helper()
	v, user, content := fixedVaultKey("v"), fixedUser("u"), bytes.Repeat([]byte("x"), 180)
	places, tokens := make([]Place, benchRecords), make([]string, benchRecords)
	for i := range places {
		places[i] = Place{user, NewAccountID(), KindAccount, 1}
		var err error
		if tokens[i], err = v.Seal(places[i], content); err != nil {
			b.Fatal(err)
		}
	}
	return v, places, tokens, content
}

func perRecord(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchRecords, "µs/record")
}

func BenchmarkSeal10000(b *testing.B) {
	v, places, _, content := benchVault(b)
	b.ReportAllocs()
	for b.Loop() {
		for i := range places {
			if _, err := v.Seal(places[i], content); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRecord(b)
}

func BenchmarkOpen10000(b *testing.B) {
	v, places, tokens, _ := benchVault(b)
	b.ReportAllocs()
	for b.Loop() {
		for i := range places {
			if _, err := v.Open(places[i], tokens[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRecord(b)
}

func BenchmarkDigest10000(b *testing.B) {
	v, places, tokens, _ := benchVault(b)
	mk := v.ManifestKey()
	b.ReportAllocs()
	for b.Loop() {
		var sum Digest
		for i := range places {
			d, err := mk.Term(places[i], tokens[i])
			if err != nil {
				b.Fatal(err)
			}
			sum = sum.Add(d)
		}
	}
	perRecord(b)
}
