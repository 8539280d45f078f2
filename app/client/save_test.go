package client_test

import (
	"fmt"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// BenchmarkSave changes the password of one item of an indexed vault.
func BenchmarkSave(b *testing.B) {
	for _, items := range []int{10, 10_000} {
		b.Run(fmt.Sprint(items), func(b *testing.B) {
			d := newDevice(b, startServer(b))
			d.register(b, "anna")
			ids, err := d.AddMany(b.Context(), sample.Logins(items), nil)
			if err != nil {
				b.Fatal(err)
			}
			if err := d.Index(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				n++
				it := d.get(b, ids[n%10])
				it.Password = fmt.Sprintf("password %d", n)
				d.save(b, it)
			}
		})
	}
}
