package directory

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// VaultPin is what a user's devices know of a shared vault: the content of a sealed record. A server cannot show a device without memory
// another vault, or an earlier state of this one.
type VaultPin struct {
	Vault    chain.ID
	Genesis  chain.Hash // the hash of the first entry
	Sequence int64      // of the newest known entry
	Entry    chain.Hash
	Revision int64 // of the newest known write; 0 for none
	Write    chain.Hash
	Shown    int64 // the user was shown the entries below this sequence number, and may sign for their rosters
}

// PinOf returns the pin of a verified state.
func PinOf(s chain.State, shown int64) VaultPin {
	return VaultPin{Vault: s.Entry.Vault, Genesis: s.Genesis, Sequence: s.Entry.Sequence, Entry: s.Entry.Hash(),
		Revision: s.Revision, Write: s.Write, Shown: shown}
}

// pinVault is the type of the pin of a shared vault.
const pinVault = 2

// Encode returns what ParseVaultPin reads.
func (p VaultPin) Encode() []byte {
	b := append(make([]byte, 0, 160), chain.Format, pinVault)
	b = append(b, p.Vault[:]...)
	b = append(b, p.Genesis[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Sequence)) // #nosec G115 -- not negative, as the next two
	b = append(b, p.Entry[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(p.Revision)) // #nosec G115
	b = append(b, p.Write[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(p.Shown)) // #nosec G115
}

// ParseVaultPin reads the pin of a shared vault. It returns ErrVaultPin for anything that Encode would not have written.
func ParseVaultPin(b []byte) (VaultPin, error) {
	d := chain.NewDecoder(b)
	d.Refuse(d.Byte() != pinVault)
	p := VaultPin{Vault: d.ID(), Genesis: d.Hash(), Sequence: d.Number(), Entry: d.Hash(), Revision: d.Number(), Write: d.Hash(), Shown: d.Number()}
	if !d.OK() || !p.valid() {
		return VaultPin{}, ErrVaultPin
	}
	return p, nil
}

func (p VaultPin) valid() bool {
	none := chain.Hash{}
	return p.Vault != chain.ID{} && p.Genesis != none && p.Entry != none && p.Write != none && p.Shown <= p.Sequence+1 &&
		(p.Sequence == 0) == (p.Entry == p.Genesis) && (p.Revision == 0) == (p.Write == p.Genesis)
}

// contradicts reports whether no history can contain both pins.
func (p VaultPin) contradicts(o VaultPin) bool {
	return p.Genesis != o.Genesis || p.Sequence == o.Sequence && p.Entry != o.Entry || p.Revision == o.Revision && p.Write != o.Write
}

// PinnedVault has all pins of a shared vault. There may be several: two devices wrote at the same time, or a branch was brought together.
// Which one is ahead, only the log of the vault says.
type PinnedVault struct {
	Vault chain.ID
	Pins  []VaultPin // never empty

	records []chain.ID // of Pins
}

// Genesis returns the hash of the first entry of the vault.
func (p PinnedVault) Genesis() chain.Hash { return p.Pins[0].Genesis }

// Shown returns the sequence number below which the user was shown all entries.
func (p PinnedVault) Shown() (n int64) {
	for _, pin := range p.Pins {
		n = max(n, pin.Shown)
	}
	return n
}

// Check returns ErrVaultParted if the pins contradict each other, whatever the server shows.
func (p PinnedVault) Check() error {
	for i, pin := range p.Pins {
		if slices.ContainsFunc(p.Pins[:i], pin.contradicts) {
			return fmt.Errorf("%w: two devices saw different ones", ErrVaultParted)
		}
	}
	return nil
}

// Revisions returns those of the known writes, in ascending order, each once: what Reaches asks at for.
func (p PinnedVault) Revisions() []int64 {
	var out []int64
	for _, pin := range p.Pins {
		if pin.Revision > 0 {
			out = append(out, pin.Revision)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Reaches returns ErrVaultParted unless a verified log contains what every pin names. at returns the hash of the write at a revision of the
// same history.
func (p PinnedVault) Reaches(log *replica.Log, at func(revision int64) (chain.Hash, error)) error {
	if err := p.Check(); err != nil {
		return err
	}
	for _, pin := range p.Pins {
		switch {
		case pin.Vault != log.State.Entry.Vault || pin.Genesis != log.State.Genesis:
			return fmt.Errorf("%w: it began differently", ErrVaultParted)
		case pin.Sequence >= int64(len(log.Entries)) || pin.Revision > log.State.Revision:
			return fmt.Errorf("%w: it was newer", ErrVaultParted)
		case log.Entries[pin.Sequence].Hash() != pin.Entry:
			return fmt.Errorf("%w: log entry %d was another", ErrVaultParted, pin.Sequence)
		case pin.Revision == 0:
			continue
		}
		write, err := at(pin.Revision)
		if err != nil {
			return fmt.Errorf("write %d: %w", pin.Revision, err)
		}
		if write != pin.Write {
			return fmt.Errorf("%w: write %d was another", ErrVaultParted, pin.Revision)
		}
	}
	return nil
}

// VaultBook has the pins of all shared vaults of a user.
type VaultBook struct {
	Vaults     []PinnedVault // in the order of their ids
	Unreadable int           // records that this version cannot read: one of them may be the pin of any vault
}

// OpenVaults reads the pins of shared vaults from a personal vault.
func OpenVaults(v *replica.Replica) *VaultBook {
	b := &VaultBook{}
	for _, r := range v.Records(chain.RecordPin) {
		if len(r.Content) > 1 && r.Content[0] == chain.Format && r.Content[1] != pinVault {
			continue // of something else
		}
		pin, err := ParseVaultPin(r.Content)
		if r.Err != nil || err != nil {
			b.Unreadable++
			continue
		}
		b.add(pin, r.ID)
	}
	return b
}

func (b *VaultBook) add(pin VaultPin, record chain.ID) {
	i, found := b.find(pin.Vault)
	if !found {
		b.Vaults = slices.Insert(b.Vaults, i, PinnedVault{Vault: pin.Vault})
	}
	p := &b.Vaults[i]
	p.Pins, p.records = append(p.Pins, pin), append(p.records, record)
}

func (b *VaultBook) find(vault chain.ID) (int, bool) {
	return slices.BinarySearchFunc(b.Vaults, vault, func(p PinnedVault, id chain.ID) int { return bytes.Compare(p.Vault[:], id[:]) })
}

// Of returns the pins of a vault, and false if there are none.
func (b *VaultBook) Of(vault chain.ID) (PinnedVault, bool) {
	i, found := b.find(vault)
	if !found {
		return PinnedVault{}, false
	}
	return b.Vaults[i], true
}

// Pin adds what an offer or the user's own first entry says of a vault. It replaces nothing: if another pin of the vault is there, the log
// must contain both.
func (b *VaultBook) Pin(c *replica.Change, pin VaultPin) error {
	if !pin.valid() {
		return ErrVaultPin
	}
	if known, ok := b.Of(pin.Vault); ok {
		if slices.ContainsFunc(known.Pins, pin.contradicts) {
			return ErrVaultParted
		}
		if slices.Contains(known.Pins, pin) {
			return nil
		}
	}
	return c.Put(chain.RecordPin, seal.NewID(), pin.Encode())
}

// Forward puts one pin in place of those of a vault, which Reaches finds in its log, and reports whether that changes anything. A vault
// without a pin gets none: that is up to the user. shown is as in VaultPin.
func (b *VaultBook) Forward(c *replica.Change, log *replica.Log, shown int64, at func(revision int64) (chain.Hash, error)) (bool, error) {
	known, ok := b.Of(log.State.Entry.Vault)
	if !ok {
		return false, ErrNoVaultPin
	}
	if err := known.Reaches(log, at); err != nil {
		return false, err
	}
	pin := PinOf(log.State, max(shown, known.Shown()))
	if !pin.valid() {
		return false, ErrVaultPin
	}
	if len(known.Pins) == 1 && known.Pins[0] == pin {
		return false, nil
	}
	return true, known.replace(c, pin)
}

// Accept puts a pin in place of those of a vault, although the history of the pin may not contain them: the user has agreed to go back, or
// to another history.
func (b *VaultBook) Accept(c *replica.Change, pin VaultPin) error {
	if !pin.valid() {
		return ErrVaultPin
	}
	known, ok := b.Of(pin.Vault)
	if !ok {
		return ErrNoVaultPin
	}
	return known.replace(c, pin)
}

func (p PinnedVault) replace(c *replica.Change, pin VaultPin) error {
	for _, record := range p.records[1:] {
		c.Drop(chain.RecordPin, record)
	}
	return c.Put(chain.RecordPin, p.records[0], pin.Encode())
}

// Forget deletes all pins of a vault, and reports whether there were any.
func (b *VaultBook) Forget(c *replica.Change, vault chain.ID) bool {
	known, ok := b.Of(vault)
	for _, record := range known.records {
		c.Drop(chain.RecordPin, record)
	}
	return ok
}

// Bring adds the pins of a branch that b does not have to a change of the vault of b, as far as it has room for them. It deletes nothing:
// if two pins of a vault contradict each other, Check says so.
func (b *VaultBook) Bring(c *replica.Change, branch *VaultBook) error {
	for _, theirs := range branch.Vaults {
		own, _ := b.Of(theirs.Vault)
		for _, pin := range theirs.Pins {
			if slices.Contains(own.Pins, pin) {
				continue
			}
			if c.Operations() == replica.MaxOperations {
				return nil
			}
			if err := c.Put(chain.RecordPin, seal.NewID(), pin.Encode()); err != nil {
				return err
			}
		}
	}
	return nil
}
