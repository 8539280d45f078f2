package vault

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Register creates a user with a personal vault, and the first session. It checks the invitation first, where one is required:
// a stranger learns nothing about usernames.
func (s *Service) Register(ctx context.Context, in protocol.NewUserRequest, door Door, from Caller) (Entered, error) {
	admission, err := s.admission(ctx, in.Invitation, door)
	if err != nil {
		return Entered{}, err
	}
	if err := checkFirst(
		checkAuthKey("auth_key", in.AuthKey),
		checkAuthKey("recovery_auth_key", in.RecoveryAuthKey),
		checkDevice(in.Device),
		checkTransport(in.Transport),
	); err != nil {
		return Entered{}, err
	}
	if admission.Answer, err = parseAnswer(in); err != nil {
		return Entered{}, err
	}
	card, name, err := parseFirstCard(in.Card)
	if err != nil {
		return Entered{}, err
	}
	founding, err := parseFounding(in, card)
	if err != nil {
		return Entered{}, err
	}
	keys, err := parseFirstKeys(in, founding)
	if err != nil {
		return Entered{}, err
	}
	if err := s.vacate(ctx, name); err != nil {
		return Entered{}, err
	}
	u := User{
		Username: name, ID: UserID(card.User.String()), Created: s.now(), Keys: keys, Generation: 1, Admission: admission.Admission,
	}
	if u.AuthHash, err = s.hash.hash(ctx, in.AuthKey); err != nil {
		return Entered{}, err
	}
	if u.RecoveryAuthHash, err = s.hash.hash(ctx, in.RecoveryAuthKey); err != nil {
		return Entered{}, err
	}
	err = s.store.CreateAccount(ctx, u, founding)
	if errors.Is(err, ErrNotFirst) && door.Open { // another user came first
		u.Admission = Admission{}
		err = s.store.CreateAccount(ctx, u, founding)
	}
	if err != nil {
		return Entered{}, err
	}
	u.Standing.Administrator = u.Admission.Administrator
	s.record(ctx, protocol.AuditRegistered, u, in.Device)
	if i := u.Admission.Invitation; i != "" {
		s.trail.record(ctx, Event{
			Kind: protocol.AuditInvitationUsed, Who: u.Username, WhoID: u.ID, Whom: admission.by, WhomID: admission.byID, Device: in.Device, Invitation: i,
		})
	}
	return s.enter(ctx, u, in.Device, from)
}

// parseFirstCard reads the card of a new user. Cards show names, so a card has the canonical form of the name, and no other.
func parseFirstCard(encoded protocol.Signed) (*chain.Card, Username, error) {
	card, err := parse("card", encoded, chain.ParseCard)
	if err != nil {
		return nil, "", err
	}
	name, err := newUsername(card.Username)
	switch {
	case err != nil:
		return nil, "", err
	case string(name) != card.Username:
		return nil, "", badField("card", "must name the user in the canonical form of the username")
	case card.Generation != 1:
		return nil, "", badField("card", "of a new user must be of generation 1")
	}
	return card, name, nil
}

// parseFounding checks the first two entries of the user's vault. The rules of package chain tie their authors and rosters to the card,
// and leave them no write to name.
func parseFounding(in protocol.NewUserRequest, card *chain.Card) (Founding, error) {
	create, err := parse("create", in.Create, chain.ParseEntry)
	if err != nil {
		return Founding{}, err
	}
	account, err := parse("account", in.Account, chain.ParseEntry)
	if err != nil {
		return Founding{}, err
	}
	cards := &chain.Cards{}
	if err := cards.Add(card); err != nil {
		return Founding{}, refused("card", err)
	}
	state, err := chain.Begin(create, cards)
	if err != nil {
		return Founding{}, badField("create", "was refused: %v", err) // never stale: nothing comes before it
	}
	state, err = state.Follow([]*chain.Entry{account}, nil, cards)
	switch {
	case err != nil:
		return Founding{}, badField("account", "was refused: %v", err)
	case create.Type != chain.Personal:
		return Founding{}, badField("create", "must create a personal vault")
	case account.Op != chain.OpAccount:
		return Founding{}, badField("account", "must be an account entry")
	case account.Epoch != create.Epoch:
		return Founding{}, badField("account", "must not begin another epoch")
	}
	envelope, err := parseEnvelope("envelope", in.Envelope, account)
	if err != nil {
		return Founding{}, err
	}
	return Founding{
		Card: card, Entries: [2]*chain.Entry{create, account}, Envelope: envelope,
		Head: Head{Vault: create.Vault, State: state, Buckets: chain.NewLive(create.Vault).Hashes()},
	}, nil
}

func parseFirstKeys(in protocol.NewUserRequest, f Founding) (Keys, error) {
	keys, err := parseKeys(in.Keys)
	if err != nil {
		return Keys{}, err
	}
	d := keys.document
	if err := d.Annexed(f.Entries[1]); err != nil {
		return Keys{}, refused("keys.document", err)
	}
	switch {
	case len(d.Wraps) != 2:
		return Keys{}, badField("keys.document", "of a new user must have the wraps of password and recovery phrase, and no other")
	case authKeyHash(d, chain.MethodPassword) != hashAuthKey(in.AuthKey):
		return Keys{}, badField("auth_key", "is not that of the document")
	case authKeyHash(d, chain.MethodPhrase) != hashAuthKey(in.RecoveryAuthKey):
		return Keys{}, badField("recovery_auth_key", "is not that of the document")
	}
	keys.Vault = f.Head.Vault
	return keys.Keys, nil
}
