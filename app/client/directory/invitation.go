package directory

import (
	"bytes"
	"encoding/binary"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Invitation is what an inviter keeps of a link: the content of a sealed record, whose id is that of the invitation. It exists for as long
// as the link may be answered: accepting an answer and revoking delete it.
type Invitation struct {
	Secret  protocol.JoinSecret
	Offer   chain.Hash // chain.HashOf(chain.HashOffer, token)
	Invitee string
	Expires int64 // as in the offer
	// Vaults are those of the offer. The server has no say in which they are, or in the roles.
	Vaults []InvitedVault
	// Accepted is the user who was accepted, until all vaults have that member. Nobody else can use the link any more.
	// It is zero without Vaults, where accepting deletes the record.
	Accepted chain.ID
}

// InvitedVault is a shared vault of an invitation.
type InvitedVault struct {
	Vault chain.ID
	Role  chain.Role
}

// Encode returns what ParseInvitation reads.
func (i Invitation) Encode() []byte {
	b := append(make([]byte, 0, 256), chain.Format)
	b = appendText(b, i.Secret.Encode())
	b = append(b, i.Offer[:]...)
	b = appendText(b, i.Invitee)
	b = binary.BigEndian.AppendUint64(b, uint64(i.Expires)) // #nosec G115 -- not negative
	if len(i.Vaults) == 0 {
		return b
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(i.Vaults))) // #nosec G115 -- at most MaxOfferedVaults
	for _, v := range i.Vaults {
		b = append(append(b, v.Vault[:]...), byte(v.Role))
	}
	return append(b, i.Accepted[:]...)
}

// ParseInvitation returns false for anything that Encode would not have written.
func ParseInvitation(b []byte) (i Invitation, ok bool) {
	d := chain.NewDecoder(b)
	i.Secret, ok = protocol.ParseJoinSecret(text(d))
	i.Offer, i.Invitee, i.Expires = d.Hash(), text(d), d.Number()
	if d.Left() > 0 {
		n := int(d.Uint16())
		d.Refuse(n < 1 || n > MaxOfferedVaults)
		for range n {
			if d.Bad() {
				break
			}
			i.Vaults = append(i.Vaults, InvitedVault{Vault: d.ID(), Role: chain.Role(d.Byte())})
		}
		i.Accepted = d.ID()
	}
	return i, ok && d.OK() && ValidInvitee(i.Invitee) && i.Offer != chain.Hash{} && i.validVaults()
}

func (i Invitation) validVaults() bool {
	for n, v := range i.Vaults {
		if n > 0 && bytes.Compare(i.Vaults[n-1].Vault[:], v.Vault[:]) >= 0 || v.Vault == (chain.ID{}) || !validRole(v.Role) {
			return false
		}
	}
	return true
}
