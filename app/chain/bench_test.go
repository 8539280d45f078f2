package chain

import (
	"fmt"
	"testing"
)

// grown returns a personal vault with so many items, a write for each twenty.
func grown(b *testing.B, items int) (*vault, *person) {
	b.Helper()
	anna := newPerson(b, "anna")
	v := newVault(b, Personal, anna)
	for i := 0; i < items; i += 20 {
		var ops []Operation
		for j := i; j < min(i+20, items); j++ {
			name := fmt.Sprint(j)
			ops = append(ops, put(RecordOverview, name, 1, 1), put(RecordDetails, name, 1, 1))
		}
		v.write(anna, ops...)
	}
	return v, anna
}

// What the server and the author each do for a save. It must hardly depend on the size of the vault.
func BenchmarkAdmit(b *testing.B) {
	for _, items := range []int{10, 1000, 10_000} {
		b.Run(fmt.Sprint(items), func(b *testing.B) {
			v, anna := grown(b, items)
			w, ops := v.prepare(anna, put(RecordOverview, "new", 1, 1), put(RecordDetails, "new", 1, 1))
			for b.Loop() {
				if _, err := v.state.Admit(w, ops, v.clone(), v.cards); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(w.Encode())+len(EncodeOperations(ops))), "bytes")
		})
	}
}

// What a device does that was away for so many writes, beside opening the records.
func BenchmarkFollow(b *testing.B) {
	for _, writes := range []int{1, 10_000} {
		b.Run(fmt.Sprint(writes), func(b *testing.B) {
			anna := newPerson(b, "anna")
			v := newVault(b, Personal, anna)
			for i := range writes {
				o := put(RecordOverview, "bank", 1, 1)
				if i%2 == 1 {
					o = del(o)
				}
				v.write(anna, o)
			}
			entries, path := v.answer(v.states[0], v.state)
			for b.Loop() {
				if _, err := v.states[0].Follow(entries, path, v.cards); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(path)), "path")
		})
	}
}
