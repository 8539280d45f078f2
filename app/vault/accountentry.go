package vault

import (
	"context"
	"errors"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

const (
	// maxEntries bounds the log of a personal vault: clients without memory read all of it at once.
	maxEntries = 1000
	// maxPreviousKeys bounds what an entry of a personal vault adds to the log. A sealed key of an earlier epoch takes 50 bytes.
	maxPreviousKeys = 4 << 10
)

var errLogFull = &Error{Code: protocol.CodeRecordQuotaReached, Message: "the log of this vault is full: ask the operator of the server"}

// accountEntry is a protocol.AccountEntry in which everything fits together. It is not yet known whether it fits the account.
type accountEntry struct {
	signedKeys
	entry *chain.Entry
	card  *chain.Card // nil if none was sent
	in    protocol.AccountEntry
}

func parseAccountEntry(in protocol.AccountEntry) (accountEntry, error) {
	keys, err := parseKeys(in.Keys)
	if err != nil {
		return accountEntry{}, err
	}
	entry, err := parse("entry", in.Entry, chain.ParseEntry)
	switch {
	case err != nil:
		return accountEntry{}, err
	case entry.Op != chain.OpAccount:
		return accountEntry{}, badField("entry", "must be an account entry")
	case len(entry.PreviousKeys) > maxPreviousKeys:
		return accountEntry{}, tooLong("entry", maxPreviousKeys)
	}
	if err := keys.document.Annexed(entry); err != nil {
		return accountEntry{}, refused("keys.document", err)
	}
	a := accountEntry{signedKeys: keys, entry: entry, in: in}
	if in.Card != "" {
		if a.card, err = parse("card", in.Card, chain.ParseCard); err != nil {
			return accountEntry{}, err
		}
	}
	for _, key := range []struct {
		field string
		key   protocol.AuthKey
	}{{"auth_key", in.AuthKey}, {"recovery_auth_key", in.RecoveryAuthKey}} {
		if key.key == "" {
			continue
		}
		if err := checkAuthKey(key.field, key.key); err != nil {
			return accountEntry{}, err
		}
	}
	return a, nil
}

// AccountEntry replaces what an account entry signs. A session is not enough: it takes the password, and the keys of the user's card.
func (s *Service) AccountEntry(ctx context.Context, session Session, in protocol.AccountEntryRequest) error {
	a, err := parseAccountEntry(in.Change)
	if err != nil {
		return err
	}
	u, err := s.confirm(ctx, session, in.CurrentAuthKey)
	if err != nil {
		return err
	}
	c, did, err := s.changeAccount(ctx, u, a)
	if err != nil {
		return err
	}
	// The server cannot tell a new password from the same one at a higher cost, and a caller who knows the password needs no session.
	if in.SamePassword && !did.raised {
		return badField("same_password", "is only for a higher cost under the same account key")
	}
	if !did.renewed() || in.SamePassword {
		err = s.appendAccount(ctx, c)
	} else {
		err = s.appendEnding(ctx, c, session.Hash)
	}
	if err == nil {
		s.recordEntry(ctx, did, in.SamePassword, u, session.Device)
	}
	return err
}

// recordEntry stores the events of an account entry. Its author may have used the same password again, at a higher cost.
func (s *Service) recordEntry(ctx context.Context, did accountEffect, same bool, u User, device string) {
	for _, e := range []struct {
		kind protocol.AuditKind
		is   bool
	}{
		{protocol.AuditPasswordChanged, did.password && !same}, {protocol.AuditPhraseChanged, did.phrase}, {protocol.AuditAccountKeyChanged, did.rekeyed},
	} {
		if e.is {
			s.record(ctx, e.kind, u, device)
		}
	}
}

// accountEffect says what an account entry replaces.
type accountEffect struct {
	password, phrase bool // the auth key
	rekeyed          bool // the account key
	raised           bool // the cost of the key derivation, but not the account key
}

// renewed reports whether other sessions must end.
func (d accountEffect) renewed() bool { return d.password || d.rekeyed }

// changeAccount checks an account entry against the account of a user who was proven.
func (s *Service) changeAccount(ctx context.Context, proven User, a accountEntry) (c EntryChange, did accountEffect, err error) {
	u, head, err := s.store.Account(ctx, proven.Username)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && (u.ID != proven.ID || u.Deleting):
		return EntryChange{}, accountEffect{}, ErrUnauthorized
	case err != nil:
		return EntryChange{}, accountEffect{}, err
	case u.Generation != proven.Generation:
		return EntryChange{}, accountEffect{}, ErrConflict
	}
	before, err := u.Keys.stored()
	if err != nil {
		return EntryChange{}, accountEffect{}, err
	}
	next, err := s.follow(ctx, u, head, a)
	if err != nil {
		return EntryChange{}, accountEffect{}, err
	}
	envelopes, err := a.envelopes(head.State.Entry)
	if err != nil {
		return EntryChange{}, accountEffect{}, err
	}
	if a.document.KeyGeneration < before.KeyGeneration || a.document.Cost < before.Cost {
		return EntryChange{}, accountEffect{}, badField("keys.document", "must not go back to an earlier account key or a lower cost")
	}
	if err := s.replaceAuthKeys(ctx, &u, before, a); err != nil {
		return EntryChange{}, accountEffect{}, err
	}
	a.Vault = u.Keys.Vault
	u.Keys = a.Keys
	changed := Head{Vault: head.Vault, State: next, Buckets: head.Buckets, Count: head.Count, Usage: head.Usage}
	differs := func(m chain.Method) bool { return authKeyHash(before, m) != authKeyHash(a.document, m) }
	rekeyed := before.KeyGeneration != a.document.KeyGeneration
	did = accountEffect{
		password: differs(chain.MethodPassword), phrase: differs(chain.MethodPhrase), rekeyed: rekeyed,
		raised: !rekeyed && before.Cost < a.document.Cost,
	}
	return EntryChange{
		Base: head, Next: changed, Entry: a.entry, Envelopes: envelopes, Account: &AccountChange{User: u, Card: a.card},
	}, did, nil
}

// follow returns the state after the entry.
func (s *Service) follow(ctx context.Context, u User, head Head, a accountEntry) (chain.State, error) {
	owner := head.State.Entry.Roster[0]
	if head.State.Entry.Sequence+1 >= maxEntries {
		return chain.State{}, errLogFull
	}
	_, cards, err := s.cards(ctx, owner.User, owner.Card)
	if err != nil {
		return chain.State{}, err
	}
	if a.card != nil {
		switch {
		case a.card.User != owner.User || a.card.Username != string(u.Username):
			return chain.State{}, badField("card", "must be of the same user and username")
		case a.card.Hash() == owner.Card || a.card.Hash() != a.entry.Roster[0].Card:
			return chain.State{}, badField("card", "must be the new one that the entry names")
		}
		if err := cards.Add(a.card); err != nil {
			return chain.State{}, refused("card", err)
		}
	}
	next, err := head.State.Follow([]*chain.Entry{a.entry}, nil, cards)
	if err != nil {
		return chain.State{}, refused("entry", err)
	}
	return next, nil
}

// envelopes returns the new envelope, if the entry names one.
func (a accountEntry) envelopes(before *chain.Entry) (map[chain.Hash][]byte, error) {
	named := a.entry.Roster[0].Envelope
	if named == before.Roster[0].Envelope {
		if a.in.Envelope != "" {
			return nil, badField("envelope", "is not new in the entry: leave it out")
		}
		return nil, nil
	}
	envelope, err := parseEnvelope("envelope", a.in.Envelope, a.entry)
	return map[chain.Hash][]byte{named: envelope}, err
}

// replaceAuthKeys hashes the auth keys that differ from those of the document before.
func (s *Service) replaceAuthKeys(ctx context.Context, u *User, before *chain.Document, a accountEntry) error {
	keys := []struct {
		field  string
		method chain.Method
		key    protocol.AuthKey
		hash   *[]byte
	}{
		{"auth_key", chain.MethodPassword, a.in.AuthKey, &u.AuthHash},
		{"recovery_auth_key", chain.MethodPhrase, a.in.RecoveryAuthKey, &u.RecoveryAuthHash},
	}
	for _, k := range keys {
		named := authKeyHash(a.document, k.method)
		switch {
		case named == authKeyHash(before, k.method):
			if k.key != "" {
				return badField(k.field, "is not new in the document: leave it out")
			}
		case k.key == "" || hashAuthKey(k.key) != named:
			return badField(k.field, "must fit the document")
		}
	}
	for _, k := range keys {
		if k.key == "" {
			continue
		}
		hash, err := s.hash.hash(ctx, k.key)
		if err != nil {
			return err
		}
		*k.hash = hash
	}
	return nil
}

func (s *Service) appendAccount(ctx context.Context, c EntryChange) error {
	err := s.store.AppendEntry(ctx, c)
	if err == nil {
		s.watchers.changed(c.Next.Moved())
	}
	if errors.Is(err, ErrNotFound) { // deleted in between
		return ErrUnauthorized
	}
	return err
}

// appendEnding appends an entry and ends all sessions but keep. It also ends them before the change: if the store fails there, nothing
// has changed yet. After the change the old password cannot make a session, so the second pass leaves none behind.
func (s *Service) appendEnding(ctx context.Context, c EntryChange, keep SessionHash) error {
	if err := s.endSessions(ctx, c.Account.User.ID, keep); err != nil {
		return err
	}
	if err := s.appendAccount(ctx, c); err != nil {
		return err
	}
	return s.endSessions(ctx, c.Account.User.ID, keep)
}
