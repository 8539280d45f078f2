package directory

import (
	"bytes"
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

type vaultPinVector struct {
	Sequence int64  `json:"sequence"`
	Revision int64  `json:"revision"`
	Shown    int64  `json:"shown"`
	Pin      string `json:"pin"`
}

func vaultSamples() []VaultPin {
	id, first, entry, write := filled[chain.ID](1), filled[chain.Hash](2), filled[chain.Hash](3), filled[chain.Hash](4)
	return []VaultPin{
		{Vault: id, Genesis: first, Entry: first, Write: first, Shown: 1},
		{Vault: id, Genesis: first, Sequence: 7, Entry: entry, Write: first},
		{Vault: id, Genesis: first, Entry: first, Revision: 1, Write: write},
		{Vault: id, Genesis: first, Sequence: chain.MaxNumber, Entry: entry, Revision: chain.MaxNumber, Write: write, Shown: chain.MaxNumber},
	}
}

func TestVaultPinsThatNobodyWrote(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(p *VaultPin) []byte{
		"no vault":                   func(p *VaultPin) []byte { p.Vault = chain.ID{}; return p.Encode() },
		"no first entry":             func(p *VaultPin) []byte { p.Genesis = chain.Hash{}; return p.Encode() },
		"no entry":                   func(p *VaultPin) []byte { p.Entry = chain.Hash{}; return p.Encode() },
		"no write":                   func(p *VaultPin) []byte { p.Write = chain.Hash{}; return p.Encode() },
		"two first entries":          func(p *VaultPin) []byte { p.Sequence = 0; p.Shown = 0; return p.Encode() },
		"a later entry is the first": func(p *VaultPin) []byte { p.Entry = p.Genesis; return p.Encode() },
		"a write before the first":   func(p *VaultPin) []byte { p.Revision = 0; return p.Encode() },
		"a write that is the entry":  func(p *VaultPin) []byte { p.Write = p.Genesis; return p.Encode() },
		"shown before it was there":  func(p *VaultPin) []byte { p.Sequence = 7; p.Shown = 9; return p.Encode() },
		"an entry out of range":      func(p *VaultPin) []byte { p.Sequence = chain.MaxNumber + 1; return p.Encode() },
		"a write out of range":       func(p *VaultPin) []byte { p.Revision = chain.MaxNumber + 1; return p.Encode() },
		"one byte more":              func(p *VaultPin) []byte { return append(p.Encode(), 0) },
		"one byte less":              func(p *VaultPin) []byte { b := p.Encode(); return b[:len(b)-1] },
		"another format":             func(p *VaultPin) []byte { b := p.Encode(); b[0] = 1; return b },
		"of a person":                func(p *VaultPin) []byte { b := p.Encode(); b[1] = pinPerson; return b },
		"nothing":                    func(*VaultPin) []byte { return nil },
	} {
		p := vaultSamples()[3]
		if got, err := ParseVaultPin(edit(&p)); !errors.Is(err, ErrVaultPin) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := ParsePin(vaultSamples()[0].Encode()); !errors.Is(err, ErrPin) {
		t.Errorf("taken for the pin of a person: %v", err)
	}
}

// Whatever ParseVaultPin takes, Encode writes.
func FuzzVaultPin(f *testing.F) {
	for _, p := range vaultSamples() {
		f.Add(p.Encode())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ParseVaultPin(b); err == nil && !bytes.Equal(p.Encode(), b) {
			t.Errorf("%x is taken for %x", b, p.Encode())
		}
	})
}
