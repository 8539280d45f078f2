package item_test

import (
	"fmt"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// typical is a typical login.
func typical() item.Item {
	it := full()
	it.Card, it.Identity, it.Favourite, it.Match = nil, nil, false, nil
	it.Fields = it.Fields[:1]
	return it
}

func BenchmarkParts(b *testing.B) {
	for name, it := range map[string]item.Item{"login": typical(), "full": full(), "extended": extended()} {
		overview, details, into := it.Overview(), it.Details(), new(item.Item)
		for what, run := range map[string]func() error{
			"ReadOverview": func() error { return into.ReadOverview(overview) },
			"ParseDetails": func() error { _, err := item.ParseDetails(details); return err },
			"Overview":     func() error { it.Overview(); return nil },
			"Details":      func() error { it.Details(); return nil },
			"Normalise":    func() error { it.Normalise(); return nil },
			"Validate":     func() error { _ = it.Validate(); return nil },
			"Open":         func() error { _, err := it.Open(details); return err },
			"SameDetails":  func() error { it.SameDetails(it); return nil },
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
