package client

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// An invitation can be for shared vaults. The new user pins them from the offer. The inviter adds the new user when the answer is accepted, to the
// vaults and with the roles of the sealed record alone.

// InvitedVault is a shared vault of an invitation.
type InvitedVault struct {
	Vault string        `json:"vault"`
	Name  string        `json:"name"` // as the inviter sees it now; empty if it is no longer one of the inviter's vaults
	Role  protocol.Role `json:"role"`
}

func (sharedVaults) offer(op *operation, vaults []InvitedVault) ([]directory.OfferedVault, []directory.InvitedVault, error) {
	return op.offered(vaults)
}

func (sharedVaults) add(op *operation, person *directory.Person, vaults []directory.InvitedVault) error {
	return op.addInvited(person, vaults)
}

// offer is that of sharing. A client without shared vaults has none to offer.
func (op *operation) offer(vaults []InvitedVault) ([]directory.OfferedVault, []directory.InvitedVault, error) {
	switch {
	case len(vaults) == 0:
		return nil, nil, nil
	case op.client.sharing == nil:
		return nil, nil, ErrNoVault
	}
	return op.client.sharing.offer(op, vaults)
}

func (op *operation) offered(vaults []InvitedVault) (offer []directory.OfferedVault, record []directory.InvitedVault, err error) {
	if len(vaults) > directory.MaxOfferedVaults {
		return nil, nil, fmt.Errorf("%w: an invitation is for at most %d vaults", members.ErrFull, directory.MaxOfferedVaults)
	}
	for _, i := range vaults {
		v, err := op.joinedVault(i.Vault)
		if err == nil {
			err = v.alarmed()
		}
		if err != nil {
			return nil, nil, err
		}
		state, role := v.Log().State, roles[i.Role]
		switch {
		case state.Closed:
			return nil, nil, members.ErrClosed
		case !members.Manages(state.Entry.Member(v.user).Role, role):
			return nil, nil, members.ErrRole
		}
		offer = append(offer, directory.Offered(state, v.name(), role))
	}
	slices.SortFunc(offer, func(a, b directory.OfferedVault) int { return bytes.Compare(a.Vault[:], b.Vault[:]) })
	for i, o := range offer {
		if i > 0 && offer[i-1].Vault == o.Vault {
			return nil, nil, fmt.Errorf("%w: %s is given twice", members.ErrSame, o.Name)
		}
		record = append(record, directory.InvitedVault{Vault: o.Vault, Role: o.Role})
	}
	return offer, record, nil
}

// invitedVaults describes the vaults of a record.
func (v *vault) invitedVaults(link directory.Invitation) []InvitedVault {
	var out []InvitedVault
	for _, i := range link.Vaults {
		d := InvitedVault{Vault: i.Vault.String(), Role: i.Role.Wire()}
		if s := v.sharedVault(i.Vault); s != nil {
			d.Name = s.name()
		}
		out = append(out, d)
	}
	return out
}

// claim pins the new user of an invitation. If the invitation is for vaults, it notes the user in the record, so that nobody else can use the
// link while the vaults are missing; otherwise it deletes the record. It returns the vaults.
func (op *operation) claim(v *vault, id chain.ID, s *SentInvitation) (vaults []directory.InvitedVault, err error) {
	user := s.found.person.Card().User
	pin := s.found.person.Pin(directory.ByLink, chain.ID{}, now())
	err = op.changeRecords(v, func(ch *replica.Change) error {
		link, ok := openInvitation(v, id)
		if !ok {
			return ErrNoInvitation
		}
		if vaults = link.Vaults; len(vaults) > 0 && op.client.sharing == nil {
			return ErrNoVault // this client cannot add the user to them
		}
		switch link.Accepted {
		case user:
			return nil // an earlier attempt has pinned the user
		case chain.ID{}:
		default:
			return directory.ErrAnswer
		}
		if link.Accepted = user; len(vaults) == 0 {
			ch.Drop(chain.RecordInvitation, id)
		} else if err := ch.Put(chain.RecordInvitation, id, link.Encode()); err != nil {
			return err
		}
		return directory.Open(v.Replica).Pin(ch, s.found.person, pin, s.found.seen)
	})
	return vaults, err
}

// openInvitation returns the record of an open invitation.
func openInvitation(v *vault, id chain.ID) (directory.Invitation, bool) {
	for _, r := range v.Records(chain.RecordInvitation) {
		if r.ID == id && r.Err == nil {
			link, ok := directory.ParseInvitation(r.Content)
			return link, ok && link.Secret.Invitation().ID == id.String()
		}
	}
	return directory.Invitation{}, false
}

func (op *operation) addInvited(person *directory.Person, vaults []directory.InvitedVault) error {
	var failed []error
	for _, i := range vaults {
		s, err := op.joinedVault(i.Vault.String())
		if err == nil {
			err = op.signMembers(s, 0, func(s *members.Signer) (*members.Signed, error) {
				return s.Add(members.Newcomer{Person: person, Role: i.Role})
			})
		}
		if err != nil && !errors.Is(err, members.ErrMember) {
			failed = append(failed, fmt.Errorf("vault %s: %w", i.Vault, err))
		}
	}
	return errors.Join(failed...)
}
