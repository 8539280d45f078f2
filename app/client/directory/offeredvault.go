package directory

import (
	"bytes"
	"encoding/binary"

	"github.com/vaultsphere/vaultsphere/app/chain"
)

// MaxOfferedVaults bounds the shared vaults that one invitation is for.
const MaxOfferedVaults = 20

// OfferedVault is a shared vault that the new user of an invitation will be a member of, as the inviter has verified it. The new user pins it
// from there: the server names no vault.
type OfferedVault struct {
	Vault    chain.ID
	Genesis  chain.Hash
	Sequence int64 // of the newest entry
	Entry    chain.Hash
	Role     chain.Role
	Name     string // as the inviter sees it; may be empty
}

// Offered returns what an offer says of a vault with a verified state.
func Offered(s chain.State, name string, role chain.Role) OfferedVault {
	return OfferedVault{Vault: s.Entry.Vault, Genesis: s.Genesis, Sequence: s.Entry.Sequence, Entry: s.Entry.Hash(), Role: role, Name: name}
}

func (v OfferedVault) append(b []byte) []byte {
	b = append(b, v.Vault[:]...)
	b = append(b, v.Genesis[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(v.Sequence)) // #nosec G115 -- not negative
	b = append(b, v.Entry[:]...)
	b = append(b, byte(v.Role))
	return appendText(b, v.Name)
}

func readOfferedVault(d *chain.Decoder) OfferedVault {
	return OfferedVault{Vault: d.ID(), Genesis: d.Hash(), Sequence: d.Number(), Entry: d.Hash(), Role: chain.Role(d.Byte()), Name: text(d)}
}

// Pin returns the pin of the vault, for the one who got the link. The offer names no write: the log does from the first entry on.
func (v OfferedVault) Pin() VaultPin {
	return VaultPin{Vault: v.Vault, Genesis: v.Genesis, Sequence: v.Sequence, Entry: v.Entry, Write: v.Genesis}
}

func validVaults(list []OfferedVault) bool {
	for i, v := range list {
		if i > 0 && bytes.Compare(list[i-1].Vault[:], v.Vault[:]) >= 0 || !v.Pin().valid() || !validRole(v.Role) || !ValidInvitee(v.Name) {
			return false
		}
	}
	return len(list) <= MaxOfferedVaults
}

func validRole(r chain.Role) bool { return r >= chain.Reader && r <= chain.Owner }
