package vault

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// resendLife is how long a nonce holds: a request of the largest size over the slowest line that the server accepts takes half of it.
const resendLife = 10 * time.Minute

var errNonce = badField("resend", "has a nonce that has expired, or that is not of this server and this state of the vault: ask for another")

// resendNonce returns the nonce for head that expires at a time. It needs no storage, and holds only until head moves.
func (s *Service) resendNonce(ctx context.Context, head Head, expires int64) (chain.Nonce, error) {
	key, err := s.unknownUserKey(ctx)
	if err != nil {
		return chain.Nonce{}, err
	}
	var nonce chain.Nonce
	binary.BigEndian.PutUint64(nonce[:8], uint64(expires)) // #nosec G115 -- a time
	entry := head.State.Entry.Hash()
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("resend\x00")) // no username has a NUL: see Prelogin
	mac.Write(nonce[:8])
	mac.Write(head.Vault[:])
	mac.Write(head.State.Write[:])
	mac.Write(entry[:])
	copy(nonce[8:], mac.Sum(nil))
	return nonce, nil
}

func (s *Service) checkNonce(ctx context.Context, head Head, got chain.Nonce) error {
	expires := int64(binary.BigEndian.Uint64(got[:8])) // #nosec G115 -- any number
	now := s.now()
	if expires < now.UnixMilli() || expires > now.Add(resendLife).UnixMilli() {
		return errNonce
	}
	want, err := s.resendNonce(ctx, head, expires)
	if err != nil {
		return err
	}
	if !hmac.Equal(got[:], want[:]) {
		return errNonce
	}
	return nil
}

// ResendState says what this server has of a vault. A caller without a session must know the random ID of the vault, and learns from it
// two numbers and the hash of a write. It never names an entry: see Prelogin.
func (s *Service) ResendState(ctx context.Context, vaultID string) (protocol.ResendState, error) {
	head, err := s.headOf(ctx, vaultID)
	if err != nil {
		return protocol.ResendState{}, err
	}
	nonce, err := s.resendNonce(ctx, head, s.now().Add(resendLife).UnixMilli())
	if err != nil {
		return protocol.ResendState{}, err
	}
	write := head.State.Write
	if head.State.Revision == 0 {
		write = chain.Hash{}
	}
	return protocol.ResendState{
		Nonce: encodeSigned(nonce[:]), Revision: head.State.Revision, Sequence: head.State.Entry.Sequence, Head: encodeSigned(write[:]),
	}, nil
}

func (s *Service) headOf(ctx context.Context, vaultID string) (Head, error) {
	id, err := parseVaultID(vaultID)
	if err != nil {
		return Head{}, err
	}
	head, err := s.store.Head(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && head.State.Entry.Type != chain.Personal {
		return Head{}, errNoVault
	}
	return head, err
}

// resent is a protocol.ResendRequest. It is not known yet whether it follows what the server has.
type resent struct {
	statement *chain.Resend
	chain.Part
	cards []*chain.Card
	in    protocol.ResendRequest
}

func parseResent(in protocol.ResendRequest) (resent, error) {
	r := resent{in: in}
	var err error
	if r.statement, err = parse("resend", in.Resend, chain.ParseResend); err != nil {
		return r, err
	}
	if r.Entries, err = parseAll("entries", in.Entries, chain.ParseEntry); err != nil {
		return r, err
	}
	if r.cards, err = parseAll("cards", in.Cards, chain.ParseCard); err != nil {
		return r, err
	}
	if len(r.Entries) == 0 && len(in.Writes) == 0 {
		return r, badField("writes", "and entries must not both be empty")
	}
	for _, e := range r.Entries {
		if len(e.PreviousKeys) > maxPreviousKeys {
			return r, tooLong("entries", maxPreviousKeys)
		}
	}
	for i, w := range in.Writes {
		write, err := parse(fmt.Sprintf("writes[%d].write", i), w.Write, chain.ParseWrite)
		if err != nil {
			return r, err
		}
		field := fmt.Sprintf("writes[%d].operations", i)
		b, err := checkBytes(field, w.Operations, protocol.MaxOperationsBytes)
		if err != nil {
			return r, err
		}
		ops, err := chain.ParseOperations(b)
		if err != nil {
			return r, refused(field, err)
		}
		r.Writes, r.Operations = append(r.Writes, write), append(r.Operations, ops)
	}
	return r, nil
}

func parseAll[T any](field string, in []protocol.Signed, read func([]byte) (T, error)) ([]T, error) {
	var all []T
	for i, s := range in {
		v, err := parse(fmt.Sprintf("%s[%d]", field, i), s, read)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// Resend takes what this server lost when it was restored from a backup: writes and entries that follow its own newest ones, each checked
// as if it had come alone, all of them or none. It needs no session, because the server may know only older passwords.
func (s *Service) Resend(ctx context.Context, vaultID string, in protocol.ResendRequest) (protocol.ResendAnswer, error) {
	r, err := parseResent(in)
	if err != nil {
		return protocol.ResendAnswer{}, err
	}
	head, err := s.headOf(ctx, vaultID)
	if err != nil {
		return protocol.ResendAnswer{}, err
	}
	owner := head.State.Entry.Roster[0]
	stored, cards, err := s.cards(ctx, owner.User, owner.Card)
	if err != nil {
		return protocol.ResendAnswer{}, err
	}
	if r.statement.Check(head.State, cards) == nil { // the answer to the same request was lost
		return s.noteLost(ctx, head.Vault, newestRecords(r.Part))
	}
	if err := s.checkNonce(ctx, head, r.statement.Nonce); err != nil {
		return protocol.ResendAnswer{}, err
	}
	if err := r.addCards(stored, cards); err != nil {
		return protocol.ResendAnswer{}, err
	}
	// From here on, it is known that a member sends it. What follows costs more.
	if err := r.signed(head.State, cards); err != nil {
		return protocol.ResendAnswer{}, err
	}
	if err := s.mayResend(ctx, head); err != nil {
		return protocol.ResendAnswer{}, err
	}
	c, ends, err := s.resend(ctx, head, r, cards)
	if err != nil {
		return protocol.ResendAnswer{}, err
	}
	lost, err := s.noteLost(ctx, head.Vault, c.Records)
	if err != nil {
		return protocol.ResendAnswer{}, err
	}
	return lost, s.storeResent(ctx, c, ends)
}

// mayResend rejects the request of a suspended user, whose device still has the keys. Call it after the signature was checked, so that
// strangers do not learn who is suspended.
func (s *Service) mayResend(ctx context.Context, head Head) error {
	u, err := s.owner(ctx, head)
	if err == nil && u.Standing.Suspended {
		return errSuspended
	}
	return err
}

// storeResent stores a change. If it replaces the password or the account key, it ends the sessions that came back with the backup, before
// and after the change: see appendEnding.
func (s *Service) storeResent(ctx context.Context, c ResendChange, ends bool) error {
	if ends {
		if err := s.endSessions(ctx, c.Account.User.ID, ""); err != nil {
			return err
		}
	}
	err := s.store.Resend(ctx, c)
	if err == nil {
		s.watchers.changed(c.Next.Moved())
	}
	switch {
	case errors.Is(err, ErrNotFound): // deleted in between
		return errNoVault
	case err == nil && ends:
		return s.endSessions(ctx, c.Account.User.ID, "")
	}
	return err
}

// addCards adds the new cards of the owner. They must be exactly those between the stored one and that of the newest entry.
func (r resent) addCards(stored [][]byte, cards *chain.Cards) error {
	newest, err := chain.ParseCard(stored[len(stored)-1])
	if err != nil {
		return fmt.Errorf("card in the store: %w", err)
	}
	for i, c := range r.cards {
		field := fmt.Sprintf("cards[%d]", i)
		if c.User != newest.User || c.Username != newest.Username || c.Generation != newest.Generation+1 || c.Previous != newest.Hash() {
			return badField(field, "does not follow the card before")
		}
		if err := cards.Add(c); err != nil {
			return refused(field, err)
		}
		if err := cards.Descends(c.Hash(), newest.Hash()); err != nil {
			return refused(field, err)
		}
		newest = c
	}
	if len(r.cards) > 0 && (len(r.Entries) == 0 || r.Entries[len(r.Entries)-1].Roster[0].Card != newest.Hash()) {
		return badField("cards", "must end with the card that the newest of the entries names")
	}
	return nil
}

// signed checks what can be checked without the content of the vault: that the part follows the server's state, and that a member of the
// roster to which it leads signed the statement.
func (r resent) signed(from chain.State, cards *chain.Cards) error {
	to, err := from.Glance(r.Part, cards)
	if err != nil {
		return refused("writes and entries", err)
	}
	if to.Entry.Sequence >= maxEntries {
		return &Error{Code: protocol.CodeRecordQuotaReached, Message: "the log of this vault is full: ask the operator of the server"}
	}
	if err := r.statement.Check(to, cards); err != nil {
		return refused("resend", err)
	}
	return nil
}

// resend returns the change to store, and whether it replaces the password or the account key.
func (s *Service) resend(ctx context.Context, head Head, r resent, cards *chain.Cards) (c ResendChange, ends bool, err error) {
	live, err := s.touched(ctx, head, slices.Concat(r.Operations...))
	if err != nil {
		return c, false, err
	}
	next, err := head.State.Replay(r.Part, live, cards)
	if err != nil {
		return c, false, refused("writes and entries", err)
	}
	c = ResendChange{
		Base: head, Part: r.Part, Cards: r.cards, Now: s.now(), Quota: s.limits.Records, Kept: s.limits.keepsAll(), Attachments: s.limits.Attachments,
		Next: Head{Vault: head.Vault, State: next, Buckets: live.Hashes(), Count: live.Count()},
	}
	c.Records = newestRecords(r.Part)
	if err := setTokens(c.Records, r.in.Tokens); err != nil {
		return c, false, err
	}
	if len(r.Entries) == 0 {
		if r.in.Keys != nil || r.in.Envelope != "" {
			return c, false, badField("keys", "and envelope are those of the newest entry: leave them out without entries")
		}
		return c, false, nil
	}
	ends, err = s.resendAccount(ctx, &c, r)
	return c, ends, err
}

// newestRecords returns the newest operation at each place.
func newestRecords(p chain.Part) []ResentRecord {
	newest := p.Newest()
	records := make([]ResentRecord, len(newest))
	for i, n := range newest {
		records[i].Newest = n
	}
	return records
}

// setTokens gives each live sealed record its token.
func setTokens(records []ResentRecord, tokens []protocol.Token) error {
	var live []chain.Operation
	for _, r := range records {
		if !r.Delete && r.Kind.Sealed() {
			live = append(live, r.Operation)
		}
	}
	if err := checkTokens(live, tokens); err != nil {
		return err
	}
	for i := range records {
		if r := &records[i]; !r.Delete && r.Kind.Sealed() {
			r.Token, tokens = tokens[0], tokens[1:]
		}
	}
	return nil
}

// resendAccount adds what the newest entry signs. The bcrypt hashes stay: the document decides which key is right, and the next sign-in
// with it renews them. See proves.
func (s *Service) resendAccount(ctx context.Context, c *ResendChange, r resent) (ends bool, err error) {
	entry := c.Next.State.Entry
	if r.in.Keys == nil {
		return false, badField("keys", "must be those of the newest entry")
	}
	keys, err := parseKeys(*r.in.Keys)
	if err != nil {
		return false, err
	}
	if err := keys.document.Annexed(entry); err != nil {
		return false, refused("keys.document", err)
	}
	u, err := s.owner(ctx, c.Base)
	if err != nil {
		return false, err
	}
	before, err := u.Keys.stored()
	if err != nil {
		return false, err
	}
	if keys.document.KeyGeneration < before.KeyGeneration || keys.document.Cost < before.Cost {
		return false, badField("keys.document", "must not go back to an earlier account key or a lower cost")
	}
	ends = authKeyHash(before, chain.MethodPassword) != authKeyHash(keys.document, chain.MethodPassword) ||
		keys.document.KeyGeneration != before.KeyGeneration
	keys.Vault = u.Keys.Vault
	u.Keys = keys.Keys
	c.Account = &AccountChange{User: u}
	if entry.Roster[0].Envelope == c.Base.State.Entry.Roster[0].Envelope {
		if r.in.Envelope != "" {
			return false, badField("envelope", "is not new in the entries: leave it out")
		}
		return ends, nil
	}
	envelope, err := parseEnvelope("envelope", r.in.Envelope, entry)
	c.Envelopes = map[chain.Hash][]byte{entry.Roster[0].Envelope: envelope}
	return ends, err
}

// owner returns the user to whom a personal vault belongs, at the same head.
func (s *Service) owner(ctx context.Context, head Head) (User, error) {
	line := head.State.Entry.Roster[0]
	_, cards, err := s.cards(ctx, line.User, line.Card)
	if err != nil {
		return User{}, err
	}
	u, now, err := s.store.Account(ctx, Username(cards.Get(line.Card).Username))
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && (u.Keys.Vault != head.Vault || u.Deleting):
		return User{}, errNoVault
	case err != nil:
		return User{}, err
	case now.State.Revision != head.State.Revision || now.State.Entry.Sequence != head.State.Entry.Sequence:
		return User{}, ErrRevisionConflict
	}
	return u, nil
}

// noteLost marks the attachments of which this server does not have all chunks, and returns their IDs. They do not block the rest. If a
// write has put an attachment with this ID and other chunks, the part is refused instead: no two attachments have one ID.
func (s *Service) noteLost(ctx context.Context, vaultID chain.ID, records []ResentRecord) (protocol.ResendAnswer, error) {
	answer := protocol.ResendAnswer{Lost: []protocol.ID{}}
	for i := range records {
		r := &records[i]
		if r.Delete || r.Kind != chain.Attachment {
			continue
		}
		err := s.checkStored(ctx, vaultID, r.Line)
		var missing *Error
		switch {
		case errors.As(err, &missing):
			if err := s.checkPending(ctx, vaultID, r.ID); err != nil {
				return answer, err
			}
			r.Lost = true
			answer.Lost = append(answer.Lost, r.ID.String())
		case err != nil:
			return answer, err
		}
	}
	return answer, nil
}

// checkPending returns an error if a write has put the chunks that are stored of an attachment.
func (s *Service) checkPending(ctx context.Context, vaultID, id chain.ID) error {
	a, err := s.store.Attachment(ctx, vaultID, id, s.now())
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err == nil && (a.Live || !a.Deleted.IsZero()):
		return badField("operations", "put attachment %v with other chunks than those that are stored", id)
	}
	return err
}
