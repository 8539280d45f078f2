package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Other people: the server shows the cards of a user, and the pins in the personal vault say which of them the user has verified. A pin is
// written only after the user compared a fingerprint, or when a card descends from the pinned one.

// ErrSelf: the user asked to verify the own card.
var ErrSelf = errors.New("this is your own account")

// maxCardsAnswer bounds the answer with the cards of a user.
const maxCardsAnswer = 2 << 20

// OwnCard describes the user's newest card, which others verify.
type OwnCard struct {
	Username    string `json:"username"`
	Fingerprint string `json:"fingerprint"`
	Generation  int64  `json:"generation"`
}

// OwnCard returns the user's newest card, as the verified log has it.
func (c *Client) OwnCard() (OwnCard, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return OwnCard{}, ErrLocked
	}
	own, err := c.unlocked.personal.ownPerson()
	if err != nil {
		return OwnCard{}, err
	}
	card := own.Card()
	return OwnCard{Username: card.Username, Fingerprint: card.Fingerprint(), Generation: card.Generation}, nil
}

// VerifiedPerson is a person whom the user has verified.
type VerifiedPerson struct {
	UserID      string    `json:"user_id"`
	Username    string    `json:"username"`    // of the newest verified card
	Fingerprint string    `json:"fingerprint"` // of the same
	Generation  int64     `json:"generation"`
	How         string    `json:"how"`          // compared, link or introduced
	By          string    `json:"by,omitempty"` // id of the person who introduced this one
	Since       time.Time `json:"since"`
	// Conflict says that two pins contradict each other. The person counts as not verified until the fingerprint is compared again.
	Conflict bool `json:"conflict,omitempty"`
}

func verifiedPerson(e directory.Entry) VerifiedPerson {
	p := VerifiedPerson{UserID: e.User.String(), Username: e.Username, Fingerprint: e.Newest().Groups(), Generation: int64(len(e.Cards)),
		How: e.How.Word(), Since: timeOf(e.Time), Conflict: e.Conflict}
	if e.By != (chain.ID{}) {
		p.By = e.By.String()
	}
	return p
}

// People are the persons whom the user has verified.
type People struct {
	People     []VerifiedPerson `json:"people"`     // by username
	Unreadable int              `json:"unreadable"` // pins that this version cannot read
}

// Find returns the ids of the persons with an id or a username.
func (p People) Find(name string) []string {
	var ids []string
	for _, v := range p.People {
		if v.UserID == name {
			return []string{name}
		}
		if v.Username == canonicalUsername(name) && !slices.Contains(ids, v.UserID) {
			ids = append(ids, v.UserID)
		}
	}
	return ids
}

// People returns the persons whom the user has verified. It asks no server.
func (c *Client) People() (People, error) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.unlocked == nil {
		return People{}, ErrLocked
	}
	book := directory.Open(c.unlocked.personal.Replica)
	out := People{People: []VerifiedPerson{}, Unreadable: book.Unreadable}
	for _, e := range book.Entries {
		out.People = append(out.People, verifiedPerson(e))
	}
	return out, nil
}

// FoundPerson is a person as the server shows one, compared with what the user has verified.
type FoundPerson struct {
	Username    string
	UserID      string
	Fingerprint string // of the newest card
	Generation  int64
	Standing    directory.Standing
	Known       []VerifiedPerson // the pins that Standing is about

	person *directory.Person
	seen   []directory.Entry
}

// Check returns directory.ErrFingerprint unless digits are the fingerprint.
func (f *FoundPerson) Check(digits string) error { return f.person.Check(digits) }

// FindPerson asks the server for the cards of a user, and compares them with the pins. It returns ErrNoUser, ErrSelf, or directory.ErrCards.
func (c *Client) FindPerson(ctx context.Context, username string) (*FoundPerson, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return nil, err
	}
	return op.findPerson(v, username)
}

func (op *operation) findPerson(v *vault, username string) (*FoundPerson, error) {
	if err := v.alarmed(); err != nil {
		return nil, err
	}
	name := canonicalUsername(username)
	if !chain.ValidUsername(name) {
		return nil, ErrUsername
	}
	var answer protocol.UserCards
	err := op.callWithin(methodGet, protocol.PathCards+"?username="+url.QueryEscape(name), nil, &answer, maxCardsAnswer)
	if hasCode(err, protocol.CodeNotFound) {
		return nil, ErrNoUser
	}
	if err != nil {
		return nil, err
	}
	p, err := directory.Read(name, answer.Cards)
	if err != nil {
		return nil, err
	}
	if p.Card().User == v.user {
		return nil, ErrSelf
	}
	return found(v, p), nil
}

func found(v *vault, p *directory.Person) *FoundPerson {
	card := p.Card()
	f := &FoundPerson{Username: card.Username, UserID: card.User.String(), Fingerprint: card.Fingerprint(), Generation: card.Generation, person: p}
	f.Standing, f.seen = directory.Open(v.Replica).Standing(p)
	for _, e := range f.seen {
		f.Known = append(f.Known, verifiedPerson(e))
	}
	return f
}

// VerifyPerson pins a person that FindPerson returned, after the user has compared the fingerprint. It returns directory.ErrMoved if another
// device pinned something else meanwhile, and directory.ErrOlder if the server hides the newest card.
func (c *Client) VerifyPerson(ctx context.Context, f *FoundPerson) error {
	if f.Standing == directory.Older || f.Standing == directory.Unsure {
		return f.Standing.Err()
	}
	pin := f.person.Pin(directory.Compared, chain.ID{}, now())
	return c.changePins(ctx, func(ch *replica.Change, book *directory.Book) error { return book.Pin(ch, f.person, pin, f.seen) })
}

// ForgetPerson deletes all pins of a user. It returns ErrNoUser if there are none.
func (c *Client) ForgetPerson(ctx context.Context, userID string) error {
	user, err := chain.ParseID(userID)
	if err != nil {
		return ErrNoUser
	}
	known := false
	err = c.changePins(ctx, func(ch *replica.Change, book *directory.Book) error {
		known = book.Forget(ch, user) || known // an attempt whose answer was lost may have done it
		return nil
	})
	if err == nil && !known {
		return ErrNoUser
	}
	return err
}

func (c *Client) changePins(ctx context.Context, change func(*replica.Change, *directory.Book) error) error {
	op, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return err
	}
	return op.changePins(v, change)
}

func (op *operation) changePins(v *vault, change func(*replica.Change, *directory.Book) error) error {
	return op.changeRecords(v, func(ch *replica.Change) error { return change(ch, directory.Open(v.Replica)) })
}

// changeRecords makes one change of pins and invitations. It is not for the outbox: what it changes is checked against the newest of them.
func (op *operation) changeRecords(v *vault, build func(*replica.Change) error) error {
	if v.readOnly {
		return ErrReadOnly
	}
	there, err := op.reach(v)
	if err == nil && !there {
		err = ErrOffline
	}
	if err != nil {
		return err
	}
	return op.apply(v, noEdits, build)
}

// CheckedPerson says what the server shows of a verified person.
type CheckedPerson struct {
	VerifiedPerson        // as it is after the check
	Standing       string `json:"standing"`        // one of directory.Standing, or invalid or gone
	Shown          string `json:"shown,omitempty"` // the fingerprint that the server shows, if the card is not used
}

// Values of CheckedPerson.Standing that directory.Standing does not have.
const (
	StandingInvalid = "invalid" // directory.ErrCards
	StandingGone    = "gone"    // the server has no such user
)

// Alarming reports whether the cards that the server shows contradict the pin.
func (p CheckedPerson) Alarming() bool {
	return p.Standing == StandingInvalid || directory.Standing(p.Standing).Err() != nil
}

// CheckPeople asks the server for the cards of everybody whom the user has verified. Pins go forward to cards that descend from them.
// progress may be nil.
func (c *Client) CheckPeople(ctx context.Context, progress func(done, total int)) ([]CheckedPerson, error) {
	op, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer op.end()
	v, err := op.loaded()
	if err != nil {
		return nil, err
	}
	out := []CheckedPerson{}
	entries := directory.Open(v.Replica).Entries
	for i, e := range entries {
		checked, err := op.checkPerson(v, e)
		if err != nil {
			return nil, err
		}
		out = append(out, checked)
		if progress != nil {
			progress(i+1, len(entries))
		}
	}
	return out, nil
}

func (op *operation) checkPerson(v *vault, e directory.Entry) (CheckedPerson, error) {
	out := CheckedPerson{VerifiedPerson: verifiedPerson(e)}
	f, err := op.findPerson(v, e.Username)
	switch {
	case errors.Is(err, ErrNoUser):
		out.Standing = StandingGone
		return out, nil
	case errors.Is(err, directory.ErrCards), errors.Is(err, ErrSelf): // nobody else may have the user's own name
		out.Standing = StandingInvalid
		return out, nil
	case err != nil:
		return out, fmt.Errorf("check %s: %w", e.Username, err)
	}
	out.Standing = string(f.Standing)
	switch {
	case f.UserID == out.UserID:
	case f.Standing.Err() == nil: // somebody else has the username now, and is pinned too
		out.Standing = StandingGone
	default:
		out.Standing = string(directory.OtherUser)
	}
	if directory.Standing(out.Standing).Err() != nil {
		out.Shown = f.Fingerprint
	}
	if out.Standing != string(directory.Renewed) {
		return out, nil
	}
	pin := f.person.Forward(e.Pin)
	err = op.changePins(v, func(ch *replica.Change, book *directory.Book) error { return book.Pin(ch, f.person, pin, f.seen) })
	if err != nil {
		return out, fmt.Errorf("check %s: %w", e.Username, err)
	}
	out.VerifiedPerson = verifiedPerson(directory.Entry{Pin: pin})
	return out, nil
}
