package item_test

import (
	"fmt"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// typical is the login that most items are.
func typical() item.Item {
	it := full()
	it.Card, it.Identity, it.Favourite, it.Match = nil, nil, false, nil
	it.Fields = it.Fields[:1]
	return it
}

func BenchmarkParts(b *testing.B) {
	for name, it := range map[string]item.Item{"login": typical(), "full": full(), "extended": extended()} {
		meta, secret, into := it.Overview(), it.Details(), new(item.Item)
		for what, run := range map[string]func() error{
			"ReadMeta":    func() error { return into.ReadOverview(meta) },
			"ParseSecret": func() error { _, err := item.ParseDetails(secret); return err },
			"Meta":        func() error { it.Overview(); return nil },
			"Secret":      func() error { it.Details(); return nil },
			"Normalise":   func() error { it.Normalise(); return nil },
			"Validate":    func() error { _ = it.Validate(); return nil },
			"Join":        func() error { _, err := it.Open(secret); return err },
			"SameSecret":  func() error { it.SameDetails(it); return nil },
		} {
			b.Run(fmt.Sprintf("%s/%s", what, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
