package client

import (
	"context"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Registration is an account that does not exist yet. Its phrase is shown and confirmed before anything is sent.
type Registration struct {
	// Invitation is the secret of the link that some servers require; nil: none.
	Invitation *protocol.JoinSecret
	// Offered is what ReadOffer returned, if the user has read it. Then the server cannot hide the offer.
	Offered *Offered

	inviter  *VerifiedPerson
	unpinned error
	phrase   seal.RecoveryPhrase
	kdf      seal.KDF
	password seal.PasswordKey
	key      seal.AccountKey
	card     seal.CardKeys
	epoch    seal.EpochKey
}

// Words returns the recovery phrase. It is shown once and never stored.
func (r *Registration) Words() []string { return r.phrase.Words() }

// Forget wipes the keys of a registration that was abandoned or completed.
func (r *Registration) Forget() {
	r.password.Wipe()
	r.phrase.Wipe()
	r.key.Wipe()
	r.card.Wipe()
	r.epoch.Wipe()
}

// PrepareRegistration creates the keys of a new account. It sends nothing.
func (c *Client) PrepareRegistration(password string) (*Registration, error) {
	r := &Registration{
		phrase: seal.NewRecoveryPhrase(), kdf: seal.NewKDF(c.cost), key: seal.NewAccountKey(), card: seal.NewCardKeys(), epoch: seal.NewEpochKey(),
	}
	var err error
	if r.password, err = derivePassword(password, r.kdf); err != nil {
		return nil, err
	}
	return r, nil
}

// CheckRegistration returns the error that Register would return for the invitation and the username, which may be empty. Call it
// before the user chooses a password and writes down the phrase.
func (c *Client) CheckRegistration(ctx context.Context, username string, invitation *protocol.JoinSecret) error {
	err := c.tell(ctx, methodPost, protocol.PathRegisterCheck, protocol.RegisterCheckRequest{Invitation: invitationOf(invitation), Username: typedUsername(username)})
	if hasCode(err, protocol.CodeNotFound) || hasCode(err, protocol.CodeMethodNotAllowed) {
		return nil // an older server, which checks at registration
	}
	return err
}

// invitationOf returns what the server learns of an invitation.
func invitationOf(secret *protocol.JoinSecret) *protocol.Invitation {
	if secret == nil {
		return nil
	}
	i := secret.Invitation()
	return &i
}

// An id is 128 random bits: more than one collision is a server that lies.
const maxUserIDs = 3

// Register creates the account with its personal vault and leaves it unlocked. After username_taken the same registration can be used
// again with another name.
func (c *Client) Register(ctx context.Context, r *Registration, username, device string) (string, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return "", err
	}
	defer op.end()
	username = canonicalUsername(username)
	for range maxUserIDs {
		var name string
		name, err = op.register(r, username, device)
		if err == nil || !hasCode(err, protocol.CodeUserIDTaken) {
			return name, err
		}
	}
	return "", err
}

// Inviter returns who made the link, after Register. It returns nil if the link has no offer, or if the server did not take the pin: the
// error says why, and the user can still compare the fingerprint.
func (r *Registration) Inviter() (*VerifiedPerson, error) { return r.inviter, r.unpinned }

func (op *operation) register(r *Registration, username, device string) (string, error) {
	offer, err := op.openOffer(r.Invitation)
	if err == nil {
		err = r.Offered.same(r.Invitation, offer)
	}
	if err != nil {
		return "", err
	}
	f, err := r.found(seal.NewID(), seal.NewID(), username)
	if err != nil {
		return "", err
	}
	request := f.request
	request.Answer = offer.answer(f.keys.identity.User, f.keys.document.Card)
	request.Invitation, request.Device, request.Transport = invitationOf(r.Invitation), device, op.client.sessionTransport()
	v, err := newVault(f.account, f.keys)
	if err != nil {
		return "", err
	}
	former, err := op.findRemembered(username)
	if err != nil {
		return "", err
	}
	if err := op.storeMemory(v, f.state); err != nil {
		return "", err
	}
	var answer protocol.UserSession
	if err := op.call(methodPost, protocol.PathUsers, request, &answer); err != nil {
		if refused(err) {
			err = errors.Join(err, op.memory.Store(v.user.String(), Remembered{})) // the account does not exist
		}
		return "", err
	}
	a := answer.Account
	if !sameKeys(&a, &f.account) {
		return "", replica.Altered(replica.Found(bridge.Finding{Code: bridge.OtherAccount}, "the server answered the registration with another account"))
	}
	if err := op.replaced(former); err != nil { // the server would not have taken the name
		return "", err
	}
	v.account = a
	if err := op.enter(answer, v, device); err != nil || offer == nil {
		return a.Username, err
	}
	if r.unpinned = op.pinInviter(v, offer); r.unpinned == nil {
		inviter := verifiedPerson(directory.Entry{Pin: offer.Pin(now())})
		r.inviter = &inviter
	}
	return a.Username, nil
}

// refused reports whether err is an answer of the server that it did not do what it was asked.
func refused(err error) bool {
	var s *ServerError
	return errors.As(err, &s) && s.Status/100 == 4 && s.RequestID != ""
}

// founding is a new account as it is sent, and what the device holds of it.
type founding struct {
	request protocol.NewUserRequest
	account protocol.UserAccount
	keys    accountKeys
	state   chain.State
}

// found signs the first card of a user, and the first two entries of the personal vault.
func (r *Registration) found(user, vault chain.ID, username string) (founding, error) {
	card, err := seal.FirstCard(user, username, r.card)
	if err != nil {
		return founding{}, fmt.Errorf("%w: %w", ErrUsername, err)
	}
	cards := &chain.Cards{}
	if err := cards.Add(card); err != nil {
		return founding{}, err
	}
	envelope, err := r.epoch.SealEnvelope(vault, 1, card)
	if err != nil {
		return founding{}, err
	}
	create := &chain.Entry{
		Vault: vault, Type: chain.Personal, Op: chain.OpCreate, Author: user, AuthorCard: card.Hash(), Time: now(), Epoch: 1,
		Commitment: r.epoch.Commitment(vault, 1),
		Roster:     []chain.Member{{User: user, Card: card.Hash(), Role: chain.Owner, Envelope: chain.HashOf(chain.HashEnvelope, envelope)}},
	}
	create.Sign(r.card.Signing)
	state, err := chain.Begin(create, cards)
	if err != nil {
		return founding{}, err
	}
	entry, err := (&accountDraft{
		key: r.key, generation: 1, identity: seal.Identity{User: user, Genesis: state.Genesis, Cards: []seal.CardKeys{r.card}},
		kdf: r.kdf, wraps: []newWrap{{key: r.password.WrapKey(), method: chain.MethodPassword, auth: r.password.AuthKey()}, {key: r.phrase.WrapKey(), method: chain.MethodPhrase, auth: r.phrase.AuthKey()}},
	}).sign(&replica.Log{State: state, Cards: cards})
	if err != nil {
		return founding{}, err
	}
	f := founding{keys: entry.accountKeys, state: entry.state}
	f.account = protocol.UserAccount{Username: username, UserID: user.String(), Vault: vault.String(), Keys: entry.keys}
	f.request = protocol.NewUserRequest{
		Card: encodeSigned(card.Encode()), Create: encodeSigned(create.Encode()), Account: encodeSigned(entry.entry.Encode()),
		Envelope: encodeSigned(envelope), Keys: entry.keys, AuthKey: r.password.AuthKey().Encode(), RecoveryAuthKey: r.phrase.AuthKey().Encode(),
	}
	return f, nil
}

func (c *Client) sessionTransport() protocol.SessionTransport {
	if _, ok := c.transport.(bearer); ok {
		return protocol.SessionBearer
	}
	return protocol.SessionCookie
}

// enter makes v the unlocked vault of a new session.
func (op *operation) enter(answer protocol.UserSession, v *vault, device string) error {
	if err := op.setBearer(answer); err != nil {
		return err
	}
	if err := op.recall(v); err != nil {
		return err
	}
	op.forget()
	if err := op.checkOutbox(v); err != nil {
		return err
	}
	op.client.mu.Lock()
	defer op.client.mu.Unlock()
	op.client.account, op.client.unlocked, op.client.device = &answer.Account, v.unlocked, device
	return nil
}

// setBearer makes a new session that of the transport. A browser has its cookie already.
func (op *operation) setBearer(answer protocol.UserSession) error {
	b, ok := op.client.transport.(bearer)
	if !ok {
		return nil
	}
	if answer.Token == "" {
		return &AnswerError{Path: protocol.PathLogin, Err: errors.New("no session token")}
	}
	b.SetBearer(answer.Token)
	return nil
}
