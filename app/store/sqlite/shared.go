package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// CreateVault implements vault.Store.
func (s *Store) CreateVault(ctx context.Context, f vault.SharedFounding) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		creator, err := s.lockUser(ctx, tx, f.Creator)
		if err == nil && creator.id != vault.UserID(f.Entry.Author.String()) {
			err = fmt.Errorf("user: %w", vault.ErrNotFound)
		}
		if err == nil {
			err = s.useVaultID(ctx, tx, f.Head.Vault)
		}
		if err == nil {
			err = s.countVault(ctx, tx, creator.num, f.Quota)
		}
		if err == nil {
			err = s.insertShared(ctx, tx, f)
		}
		if err == nil {
			err = s.appendChange(ctx, tx, f.Change())
		}
		return err
	})
}

func (s *Store) insertShared(ctx context.Context, tx *sql.Tx, f vault.SharedFounding) error {
	id, state := f.Head.Vault, f.Head.State
	_, err := exec(ctx, tx, s.stmt.insertShared, id[:], state.Revision, state.Entry.Sequence, f.Head.Count, state.Encode(), encodeBuckets(f.Head))
	if err != nil {
		return err
	}
	v, err := s.lockVault(ctx, tx, id)
	if err == nil {
		err = s.insertEntry(ctx, tx, v, f.Entry)
	}
	if err == nil {
		err = s.insertEnvelope(ctx, tx, v, chain.HashOf(chain.HashEnvelope, f.Envelope), f.Envelope)
	}
	if err == nil {
		err = s.insertVaultCard(ctx, tx, v, f.Card)
	}
	if err == nil {
		err = s.setMember(ctx, tx, v, vault.MemberChange{User: f.Entry.Author, Role: chain.Owner}, 0)
	}
	return err
}

func (s *Store) countVault(ctx context.Context, tx *sql.Tx, creator int64, quota int) error {
	limit := chain.MaxNumber
	if quota > 0 {
		limit = int64(quota)
	}
	n, err := exec(ctx, tx, s.stmt.countVault, creator, limit)
	if err == nil && n == 0 {
		err = vault.ErrVaultQuota
	}
	return err
}

func (s *Store) insertVaultCard(ctx context.Context, tx *sql.Tx, v lockedVault, c *chain.Card) error {
	_, err := exec(ctx, tx, s.stmt.insertVaultCard, v.num, c.User[:], c.Generation, c.Encode())
	return err
}

func (s *Store) setMember(ctx context.Context, tx *sql.Tx, v lockedVault, m vault.MemberChange, sequence int64) error {
	_, err := exec(ctx, tx, s.stmt.setMember, m.User.String(), v.num, m.Role, sequence)
	return err
}

// insertNamed adds what comes with an entry: envelopes, the policy, cards, and memberships.
func (s *Store) insertNamed(ctx context.Context, tx *sql.Tx, v lockedVault, c vault.EntryChange) error {
	for hash, envelope := range c.Envelopes {
		if err := s.insertEnvelope(ctx, tx, v, hash, envelope); err != nil {
			return err
		}
	}
	for _, card := range c.Cards {
		if err := s.insertVaultCard(ctx, tx, v, card); err != nil {
			return err
		}
	}
	for _, m := range c.MemberChanges() {
		if err := s.setMember(ctx, tx, v, m, c.Entry.Sequence); err != nil {
			return err
		}
	}
	return nil
}

// VaultCards implements vault.Store.
func (s *Store) VaultCards(ctx context.Context, id chain.ID, users []chain.ID) ([][][]byte, error) {
	all := make([][][]byte, len(users))
	for i, user := range users {
		var err error
		if all[i], err = readBlobs(ctx, s.stmt.vaultCards, id[:], user[:]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Memberships implements vault.Store.
func (s *Store) Memberships(ctx context.Context, user vault.UserID) ([]vault.Membership, error) {
	var all []vault.Membership
	err := query(ctx, s.stmt.memberships, func(rows *sql.Rows) error {
		var m vault.Membership
		var id []byte
		if err := rows.Scan(&id, &m.Role, &m.Revision, &m.Sequence); err != nil {
			return err
		}
		err := blob(m.Vault[:], id)
		all = append(all, m)
		return err
	}, string(user))
	slices.SortFunc(all, func(a, b vault.Membership) int { return bytes.Compare(a.Vault[:], b.Vault[:]) })
	return all, err
}

// Left implements vault.Store.
func (s *Store) Left(ctx context.Context, user vault.UserID, id chain.ID) (sequence int64, err error) {
	err = s.stmt.left.QueryRowContext(ctx, string(user), id[:]).Scan(&sequence)
	return sequence, orNotFound("former member", err)
}

// PutEnvelopes implements vault.Store.
func (s *Store) PutEnvelopes(ctx context.Context, id chain.ID, p vault.EnvelopePart, now time.Time) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, err := s.lockVault(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, s.stmt.purgeEnvelopes, pendingSince(now), purgedAtOnce+len(p.Envelopes)); err != nil {
			return err
		}
		if _, err := exec(ctx, tx, s.stmt.dropEnvelopes, v.num, p.User[:], p.Part); err != nil {
			return err
		}
		for _, e := range p.Envelopes {
			if _, err := exec(ctx, tx, s.stmt.putEnvelope, v.num, p.User[:], p.Part, now.UnixMilli(), e); err != nil {
				return err
			}
		}
		return nil
	})
}

// PendingEnvelopes implements vault.Store.
func (s *Store) PendingEnvelopes(ctx context.Context, id, user chain.ID, now time.Time) ([][]byte, error) {
	return readBlobs(ctx, s.stmt.pendingEnvelopes, id[:], user[:], pendingSince(now))
}

// pendingSince is the time of the newest upload that has expired at now.
func pendingSince(now time.Time) int64 { return now.Add(-vault.PendingLife).UnixMilli() }
