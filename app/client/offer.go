package client

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// An invitation link verifies both its ends without a comparison. Its secret seals an offer with the inviter's cards, which the new user
// pins, and proves the answer with the new user's card. The inviter keeps the secret in a sealed record until an answer is accepted or the
// link is revoked: the record alone decides, and the server cannot answer a link that was used, revoked or has expired.

// ErrNoInvitation: there is no open invitation of the user with this id.
var ErrNoInvitation = errors.New("you have no such open invitation: it was accepted or revoked")

var errNoOrigin = errors.New("the address of the server is not known")

// origin returns the address of the server, as offers have it.
func (op *operation) origin() (string, error) {
	t, ok := op.client.transport.(interface{ Origin() string })
	if !ok || t.Origin() == "" || len(t.Origin()) > 255 {
		return "", errNoOrigin
	}
	return t.Origin(), nil
}

// InvitationTerms say for whom an invitation is, for how long, and to what.
type InvitationTerms struct {
	Invitee string // what the inviter calls the new user; may be empty, and the server does not see it
	Days    int    // for which the link works; 0: protocol.MaxInvitationDays
	// Vaults are the shared ones that the new user will be a member of. The inviter must be able to give the roles. Their names are ignored.
	Vaults []InvitedVault
}

// ErrDays: an invitation cannot be open for this long.
var ErrDays = fmt.Errorf("an invitation is open for 1 to %d days", protocol.MaxInvitationDays)

func (t InvitationTerms) days() (int, error) {
	if t.Days < 0 || t.Days > protocol.MaxInvitationDays {
		return 0, ErrDays
	}
	return cmp.Or(t.Days, protocol.MaxInvitationDays), nil
}

// InvitePerson makes an invitation, for an administrator. It returns ErrDays, or directory.ErrInvitee. The server never sees the secret.
func (c *Client) InvitePerson(ctx context.Context, terms InvitationTerms) (protocol.JoinSecret, error) {
	return c.invite(ctx, terms, func(*operation, *protocol.NewInvitationRequest) error { return nil })
}

// InviteAdministrator is InvitePerson for a user who becomes an administrator. password is the master password of the administrator who
// invites.
func (c *Client) InviteAdministrator(ctx context.Context, terms InvitationTerms, password string) (protocol.JoinSecret, error) {
	return c.invite(ctx, terms, func(op *operation, r *protocol.NewInvitationRequest) (err error) {
		r.Administrator = true
		r.CurrentAuthKey, err = op.currentAuth(password)
		return err
	})
}

func (c *Client) invite(ctx context.Context, terms InvitationTerms, complete func(*operation, *protocol.NewInvitationRequest) error) (protocol.JoinSecret, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return protocol.JoinSecret{}, err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return protocol.JoinSecret{}, err
	}
	days, err := terms.days()
	if err != nil {
		return protocol.JoinSecret{}, err
	}
	secret := protocol.NewJoinSecret()
	wire := secret.Invitation()
	offered, invited, err := op.offer(terms.Vaults)
	if err != nil {
		return protocol.JoinSecret{}, err
	}
	life := time.Duration(days) * 24 * time.Hour
	link := directory.Invitation{Secret: secret, Invitee: terms.Invitee, Expires: now() + life.Milliseconds(), Vaults: invited}
	offer, err := op.sealOffer(v, link, offered)
	if err != nil {
		return protocol.JoinSecret{}, err
	}
	link.Offer = chain.HashOf(chain.HashOffer, []byte(offer))
	request := protocol.NewInvitationRequest{ID: wire.ID, ProofHash: protocol.HashProof(wire.Proof), Offer: offer, Days: days}
	if err := complete(op, &request); err != nil {
		return protocol.JoinSecret{}, err
	}
	id, err := chain.ParseID(wire.ID)
	if err != nil {
		return protocol.JoinSecret{}, err
	}
	// The record comes first, so that nobody can answer an invitation that the inviter does not have.
	err = op.changeRecords(v, func(ch *replica.Change) error {
		dropExpired(v, ch)
		return ch.Put(chain.RecordInvitation, id, link.Encode())
	})
	if err != nil {
		return protocol.JoinSecret{}, err
	}
	err = op.call(methodPost, protocol.PathAdminInvitations, request, nil)
	if refused(err) {
		err = errors.Join(err, op.dropInvitation(v, id))
	}
	return secret, err
}

func (op *operation) sealOffer(v *vault, link directory.Invitation, vaults []directory.OfferedVault) (string, error) {
	if !directory.ValidInvitee(link.Invitee) {
		return "", directory.ErrInvitee
	}
	origin, err := op.origin()
	if err != nil {
		return "", err
	}
	own, err := v.ownPerson()
	if err != nil {
		return "", err
	}
	keys := seal.KeysOfInvitation(link.Secret)
	defer keys.Wipe()
	pin := own.Pin(directory.ByLink, chain.ID{}, 0)
	return keys.SealOffer(directory.Offer{
		Origin: origin, User: pin.User, Username: pin.Username, Cards: pin.Cards, Invitee: link.Invitee, Expires: link.Expires,
		Vaults: vaults,
	}.Encode())
}

// ownPerson returns the user's own cards, from the verified log.
func (v *vault) ownPerson() (*directory.Person, error) {
	log := v.Log()
	if log.State.Entry == nil {
		return nil, ErrLocked
	}
	member := log.State.Entry.Member(v.user)
	if member == nil {
		return nil, chain.ErrAuthor
	}
	return directory.Own(log.Cards.Get(member.Card), log.Cards)
}

// dropExpired deletes the records of links that expired a month ago, whose answers the server no longer has.
func dropExpired(v *vault, ch *replica.Change) {
	for _, r := range v.Records(chain.RecordInvitation) {
		if i, ok := directory.ParseInvitation(r.Content); ok && now()-i.Expires > 30*24*time.Hour.Milliseconds() {
			ch.Drop(chain.RecordInvitation, r.ID)
		}
	}
}

func (op *operation) dropInvitation(v *vault, id chain.ID) error {
	return op.changeRecords(v, func(ch *replica.Change) error {
		ch.Drop(chain.RecordInvitation, id)
		return nil
	})
}

// RevokeInvitation makes an open invitation worthless. Its secret goes first: from then on no answer counts, whatever the server does.
func (c *Client) RevokeInvitation(ctx context.Context, id string) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return err
	}
	if record, err := chain.ParseID(id); err == nil {
		if err := op.dropInvitation(v, record); err != nil {
			return err
		}
	}
	return op.call(methodPost, protocol.PathAdminInvitationsRevoke, protocol.RevokeInvitationRequest{ID: id}, nil)
}

// JoinState says what became of an invitation.
type JoinState string

const (
	JoinOpen    JoinState = "open"    // nobody has answered
	JoinExpired JoinState = "expired" // nobody may answer any more
	JoinProven  JoinState = "proven"  // somebody with the link has registered
	JoinForged  JoinState = "forged"  // the server claims an answer that nobody with the link gave
)

// SentInvitation is an invitation of the user, and who answered it.
type SentInvitation struct {
	ID      string    `json:"id"`
	Invitee string    `json:"invitee,omitempty"`
	Expires time.Time `json:"expires"`
	State   JoinState `json:"state"`
	// Of the new user, if State is JoinProven. Username and fingerprint are those of the newest card.
	Username    string `json:"username,omitempty"`
	UserID      string `json:"user_id,omitempty"`
	Fingerprint string `json:"fingerprint,omitempty"`
	// Vaults are those that the new user will be a member of. Accepted says that the answer was accepted, and not yet all of them have the new
	// user: AcceptJoiner goes on.
	Vaults   []InvitedVault `json:"vaults,omitempty"`
	Accepted bool           `json:"accepted,omitempty"`

	found *FoundPerson
}

// SentInvitations lists the invitations of the user that were not accepted and not revoked, and checks the answers that the server has.
func (c *Client) SentInvitations(ctx context.Context) ([]SentInvitation, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return nil, err
	}
	var answer protocol.AnswersResponse
	if err := op.call(methodGet, protocol.PathInvitationsAnswers, nil, &answer); err != nil {
		return nil, err
	}
	if n := len(answer.Answers); n > protocol.MaxInvitations {
		return nil, &AnswerError{Path: protocol.PathInvitationsAnswers, Err: fmt.Errorf("%d answers", n)}
	}
	answers := map[string][]protocol.InvitationAnswer{}
	for _, a := range answer.Answers {
		answers[a.ID] = append(answers[a.ID], a)
	}
	out := []SentInvitation{}
	for _, r := range v.Records(chain.RecordInvitation) {
		link, ok := directory.ParseInvitation(r.Content)
		if r.Err != nil || !ok || link.Secret.Invitation().ID != r.ID.String() {
			continue // of a later version
		}
		s := SentInvitation{ID: r.ID.String(), Invitee: link.Invitee, Expires: timeOf(link.Expires), Vaults: v.invitedVaults(link), Accepted: link.Accepted != chain.ID{}}
		if err := op.judge(v, &s, link, answers[s.ID]); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// judge decides what the answers to an invitation are worth. Two answers are worth nothing: the server let two people in with one link.
func (op *operation) judge(v *vault, s *SentInvitation, link directory.Invitation, answers []protocol.InvitationAnswer) error {
	switch {
	case now() > link.Expires && link.Accepted == chain.ID{}:
		s.State = JoinExpired
		return nil
	case len(answers) == 0:
		s.State = JoinOpen
		return nil
	case len(answers) > 1:
		s.State = JoinForged
		return nil
	}
	f, err := op.findPerson(v, answers[0].Username)
	if errors.Is(err, ErrNoUser) || errors.Is(err, ErrSelf) || errors.Is(err, ErrUsername) || errors.Is(err, directory.ErrCards) {
		s.State = JoinForged
		return nil
	}
	if err != nil {
		return err
	}
	keys := seal.KeysOfInvitation(link.Secret)
	defer keys.Wipe()
	proof, err := parseHash(answers[0].Answer)
	if err != nil || f.UserID != answers[0].UserID || !keys.Answered(proof, link.Offer, f.person.Card().User, f.person.First()) ||
		link.Accepted != (chain.ID{}) && link.Accepted != f.person.Card().User {
		s.State = JoinForged
		return nil
	}
	s.State, s.found = JoinProven, f
	s.Username, s.UserID, s.Fingerprint = f.Username, f.UserID, f.Fingerprint
	return nil
}

func parseHash(text protocol.Hash) (h chain.Hash, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(h) || encodeHash(chain.Hash(b)) != text {
		return h, chain.ErrEncoding
	}
	return chain.Hash(b), nil
}

// AcceptJoiner pins the new user of an invitation that SentInvitations returned, adds the user to the vaults of the invitation, and ends it. It
// returns directory.ErrAnswer if nobody is proven to have answered it, ErrNoInvitation if it was accepted or revoked meanwhile, and an
// *UnseenMembersError if a vault has changes of its members that the user must be shown first. After an error of a vault it can be called
// again: it goes on with those that are missing.
func (c *Client) AcceptJoiner(ctx context.Context, s *SentInvitation) error {
	if s.State != JoinProven {
		return directory.ErrAnswer
	}
	if err := s.found.Standing.Err(); err != nil {
		return err
	}
	id, err := chain.ParseID(s.ID)
	if err != nil {
		return ErrNoInvitation
	}
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return err
	}
	vaults, err := op.claim(v, id, s)
	if err != nil {
		return err
	}
	if len(vaults) > 0 {
		if err := op.client.sharing.add(op, s.found.person, vaults); err != nil {
			return err
		}
		if err := op.dropInvitation(v, id); err != nil {
			return err
		}
	}
	// If this fails, the server forgets the answer after a month.
	_ = op.call(methodPost, protocol.PathAdminInvitationsRevoke, protocol.RevokeInvitationRequest{ID: s.ID}, nil)
	return nil
}

// openedOffer is the offer of the invitation with which somebody registers.
type openedOffer struct {
	directory.Offer
	hash chain.Hash
	keys seal.InvitationKeys
}

// openOffer asks for the offer of an invitation. It returns nil if the invitation has none, and directory.ErrOffer if the server shows
// something that the inviter did not seal for this server.
func (op *operation) openOffer(secret *protocol.JoinSecret) (*openedOffer, error) {
	if secret == nil {
		return nil, nil
	}
	var answer protocol.OfferResponse
	err := op.call(methodPost, protocol.PathInvitationOffer, protocol.OfferRequest{Invitation: secret.Invitation()}, &answer)
	if err != nil || answer.Offer == "" {
		return nil, err
	}
	origin, err := op.origin()
	if err != nil {
		return nil, err
	}
	o := &openedOffer{hash: chain.HashOf(chain.HashOffer, []byte(answer.Offer)), keys: seal.KeysOfInvitation(*secret)}
	content, err := o.keys.OpenOffer(answer.Offer)
	if err == nil {
		o.Offer, err = directory.ParseOffer(content, origin)
	}
	if err != nil {
		o.keys.Wipe()
		return nil, fmt.Errorf("%w: %w", directory.ErrOffer, err)
	}
	return o, nil
}

// Offered is what the offer of an invitation says: the inviter sealed it, and no server can change it.
type Offered struct {
	Invitee string // what the inviter calls the new user; may be empty
	Expires time.Time

	inviter directory.Pin
	secret  protocol.JoinSecret
	hash    chain.Hash
}

// Inviter describes who made the link. Nobody is pinned before Register.
func (o *Offered) Inviter() VerifiedPerson { return verifiedPerson(directory.Entry{Pin: o.inviter}) }

// same returns directory.ErrOffer unless the server shows the offer that the user has read, if it is of this link.
func (o *Offered) same(secret *protocol.JoinSecret, got *openedOffer) error {
	if o == nil || secret == nil || !o.secret.Equal(*secret) || got != nil && got.hash == o.hash {
		return nil
	}
	if got != nil {
		got.keys.Wipe()
	}
	return fmt.Errorf("%w: the server showed another one before", directory.ErrOffer)
}

// ReadOffer says who made an invitation link, before anybody registers with it. It returns nil if the operator of the server made it, and
// directory.ErrOffer if the server shows something that the inviter did not seal for this server.
func (c *Client) ReadOffer(ctx context.Context, secret protocol.JoinSecret) (*Offered, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	o, err := op.openOffer(&secret)
	if err != nil || o == nil {
		return nil, err
	}
	defer o.keys.Wipe()
	return &Offered{Invitee: o.Invitee, Expires: timeOf(o.Expires), inviter: o.Pin(now()), secret: secret, hash: o.hash}, nil
}

// answer proves to the inviter who registers.
func (o *openedOffer) answer(user chain.ID, card chain.Hash) protocol.Hash {
	if o == nil {
		return ""
	}
	return encodeHash(o.keys.Answer(o.hash, user, card))
}

// pinInviter pins who made the link, and the vaults of the offer, right after the registration.
func (op *operation) pinInviter(v *vault, o *openedOffer) error {
	defer o.keys.Wipe()
	if _, err := op.sync(v); err != nil {
		return err
	}
	return op.changeRecords(v, func(ch *replica.Change) error {
		vaults := directory.OpenVaults(v.Replica)
		for _, offered := range o.Vaults {
			if err := vaults.Pin(ch, offered.Pin()); err != nil {
				return err
			}
		}
		return directory.Open(v.Replica).Pin(ch, o.Person(), o.Pin(now()), nil)
	})
}
