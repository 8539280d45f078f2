package directory

import (
	"bytes"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// vectors.json pins the encoding for every implementation. It is embedded, so that the WebAssembly build reads it too. After a deliberate
// change of the format, run: go test ./app/client/directory -run TestVectors -update
//
//go:embed testdata/vectors.json
var frozen []byte

var update = flag.Bool("update", false, "rewrite testdata/vectors.json")

type pinVector struct {
	Username string `json:"username"`
	How      string `json:"how"`
	Pin      string `json:"pin"`
}

func filled[T ~[16]byte | ~[32]byte](b byte) (out T) {
	for i := range len(out) {
		out[i] = b
	}
	return out
}

func samples() []Pin {
	return []Pin{
		{User: filled[chain.ID](1), Username: "anna", How: Compared, Time: 1_767_225_600_000, Cards: []chain.Hash{filled[chain.Hash](2)}},
		{User: filled[chain.ID](3), Username: "борис@example.org", How: ByLink, Cards: []chain.Hash{filled[chain.Hash](4), filled[chain.Hash](5)}},
		{User: filled[chain.ID](6), Username: strings.Repeat("ö", 127), How: Introduced, By: filled[chain.ID](1), Time: chain.MaxNumber,
			Cards: slices.Repeat([]chain.Hash{filled[chain.Hash](7)}, 3)},
	}
}

func TestVectors(t *testing.T) {
	var now struct {
		Comment string           `json:"comment"`
		Pins    []pinVector      `json:"pins"`
		Vaults  []vaultPinVector `json:"vaults"`
	}
	now.Comment = "Pins of persons and of shared vaults: the content of records of the kind pin. See docs/sealed-format.md."
	for _, p := range samples() {
		now.Pins = append(now.Pins, pinVector{p.Username, p.How.Word(), hex.EncodeToString(p.Encode())})
	}
	for _, p := range vaultSamples() {
		now.Vaults = append(now.Vaults, vaultPinVector{p.Sequence, p.Revision, p.Shown, hex.EncodeToString(p.Encode())})
	}
	text, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile("testdata/vectors.json", text, 0o644); err != nil { //nolint:gosec // public
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(text, frozen) {
		t.Errorf("the format has changed:\n%s", text)
	}
	for i, v := range now.Pins {
		b, err := hex.DecodeString(v.Pin)
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePin(b)
		if want := samples()[i]; err != nil || p.User != want.User || p.Username != want.Username || p.How != want.How || p.By != want.By ||
			p.Time != want.Time || !slices.Equal(p.Cards, want.Cards) {
			t.Errorf("%d: %+v, %v", i, p, err)
		}
	}
	for i, v := range now.Vaults {
		b, err := hex.DecodeString(v.Pin)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := ParseVaultPin(b); err != nil || p != vaultSamples()[i] {
			t.Errorf("%d: %+v, %v", i, p, err)
		}
	}
}

func TestPinsThatNobodyWrote(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(p *Pin) []byte{
		"no user":               func(p *Pin) []byte { p.User = chain.ID{}; return p.Encode() },
		"no username":           func(p *Pin) []byte { p.Username = ""; return p.Encode() },
		"a name that lies":      func(p *Pin) []byte { p.Username = "an\u202ena"; return p.Encode() },
		"no way":                func(p *Pin) []byte { p.How = 0; return p.Encode() },
		"an unknown way":        func(p *Pin) []byte { p.How = 4; return p.Encode() },
		"introduced by nobody":  func(p *Pin) []byte { p.How = Introduced; return p.Encode() },
		"compared by a third":   func(p *Pin) []byte { p.By = chain.ID{1}; return p.Encode() },
		"a time out of range":   func(p *Pin) []byte { p.Time = chain.MaxNumber + 1; return p.Encode() },
		"no cards":              func(p *Pin) []byte { p.Cards = nil; return p.Encode() },
		"a card of zeros":       func(p *Pin) []byte { p.Cards = make([]chain.Hash, 1); return p.Encode() },
		"more cards than exist": func(p *Pin) []byte { p.Cards = slices.Repeat(p.Cards, 513); return p.Encode() },
		"one byte more":         func(p *Pin) []byte { return append(p.Encode(), 0) },
		"one byte less":         func(p *Pin) []byte { b := p.Encode(); return b[:len(b)-1] },
		"another format":        func(p *Pin) []byte { b := p.Encode(); b[0] = 1; return b },
		"another type":          func(p *Pin) []byte { b := p.Encode(); b[1] = 2; return b },
		"nothing":               func(*Pin) []byte { return nil },
	} {
		p := samples()[0]
		if got, err := ParsePin(edit(&p)); !errors.Is(err, ErrPin) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// Whatever ParsePin takes, Encode writes.
func FuzzPin(f *testing.F) {
	for _, p := range samples() {
		f.Add(p.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ParsePin(b); err == nil && !bytes.Equal(p.Encode(), b) {
			t.Errorf("%x is taken for %x", b, p.Encode())
		}
	})
}
