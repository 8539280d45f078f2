package seal

import (
	"bytes"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

func BenchmarkSealEnvelope(b *testing.B) {
	c := newEnvelopeCase(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.key.SealEnvelope(c.entry.Vault, 3, c.card); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenEnvelope(b *testing.B) {
	c := newEnvelopeCase(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.open(); err != nil {
			b.Fatal(err)
		}
	}
}

const benchRecords = 10000

func perRecord(b *testing.B) {
	b.Helper()
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/benchRecords, "µs/record")
}

func benchEpoch(b *testing.B) (EpochKey, []RecordPlace, []string, Record) {
	b.Helper()
	k, r := fixedEpochKey("epoch"), Record{Content: bytes.Repeat([]byte("x"), 180)}
	places, tokens := make([]RecordPlace, benchRecords), make([]string, benchRecords)
	for i := range places {
		places[i] = RecordPlace{fixedID("vault"), 3, NewID(), chain.RecordOverview, 1}
		var err error
		if tokens[i], err = k.Seal(places[i], r); err != nil {
			b.Fatal(err)
		}
	}
	return k, places, tokens, r
}

func BenchmarkSeal10000(b *testing.B) {
	k, places, _, r := benchEpoch(b)
	b.ReportAllocs()
	for b.Loop() {
		for i := range places {
			if _, err := k.Seal(places[i], r); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRecord(b)
}

func BenchmarkOpen10000(b *testing.B) {
	k, places, tokens, _ := benchEpoch(b)
	b.ReportAllocs()
	for b.Loop() {
		for i := range places {
			if _, err := k.Open(places[i], tokens[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
	perRecord(b)
}

func BenchmarkDerivePasswordKey(b *testing.B) {
	for b.Loop() {
		if _, err := DerivePasswordKey("correct horse battery staple", fixedKDF("s")); err != nil {
			b.Fatal(err)
		}
	}
}
