package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// blob copies a column of fixed size.
func blob(to, from []byte) error {
	if len(from) != len(to) {
		return fmt.Errorf("a column has %d bytes instead of %d", len(from), len(to))
	}
	copy(to, from)
	return nil
}

// orNotFound turns the absence of a row into vault.ErrNotFound.
func orNotFound(what string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("%s: %w", what, vault.ErrNotFound)
	}
	return storeError(err)
}

// headRow is the row of a vault, as headColumns name it.
type headRow struct {
	num                int64
	id, state, buckets []byte
	head               vault.Head
}

func (r *headRow) columns() []any {
	return []any{&r.num, &r.id, &r.head.Usage.Items, &r.head.Usage.Bytes, &r.head.Usage.Branches, &r.head.Count, &r.state, &r.buckets}
}

func (r *headRow) parse() (vault.Head, error) {
	var err error
	if r.head.State, err = chain.ParseState(r.state); err == nil {
		err = blob(r.head.Vault[:], r.id)
	}
	if err == nil && len(r.buckets) != len(r.head.Buckets)*len(chain.Hash{}) {
		err = fmt.Errorf("%d bytes of buckets", len(r.buckets))
	}
	if err != nil {
		return vault.Head{}, storeError(fmt.Errorf("head of a vault: %w", err))
	}
	for i := range r.head.Buckets {
		r.head.Buckets[i] = chain.Hash(r.buckets[i*len(chain.Hash{}):])
	}
	return r.head, nil
}

func encodeBuckets(h vault.Head) []byte {
	b := make([]byte, 0, len(h.Buckets)*len(chain.Hash{}))
	for _, hash := range h.Buckets {
		b = append(b, hash[:]...)
	}
	return b
}

func readHead(ctx context.Context, stmt *sql.Stmt, id chain.ID) (num int64, h vault.Head, err error) {
	var row headRow
	if err := stmt.QueryRowContext(ctx, id[:]).Scan(row.columns()...); err != nil {
		return 0, h, orNotFound("vault", err)
	}
	h, err = row.parse()
	return row.num, h, err
}

// Head implements vault.Store.
func (s *Store) Head(ctx context.Context, id chain.ID) (vault.Head, error) {
	_, h, err := readHead(ctx, s.stmt.head, id)
	return h, err
}

// Account implements vault.Store.
func (s *Store) Account(ctx context.Context, name vault.Username) (vault.User, vault.Head, error) {
	var row headRow
	u, err := scanUser(s.stmt.account.QueryRowContext(ctx, string(name)), row.columns()...)
	if err != nil {
		return vault.User{}, vault.Head{}, err
	}
	h, err := row.parse()
	return u, h, err
}

// lockedVault is the state of a vault that a write reads first.
type lockedVault struct {
	num, owner         int64
	revision, sequence int64
	usage              vault.Usage
}

func (s *Store) lockVault(ctx context.Context, tx *sql.Tx, id chain.ID) (lockedVault, error) {
	var v lockedVault
	err := tx.StmtContext(ctx, s.stmt.lockVault).QueryRowContext(ctx, id[:]).Scan(
		&v.num, &v.owner, &v.revision, &v.sequence, &v.usage.Items, &v.usage.Bytes, &v.usage.Branches)
	return v, orNotFound("vault", err)
}

// lockVaultAt is the compare-and-set of a vault: the stored head must be base.
func (s *Store) lockVaultAt(ctx context.Context, tx *sql.Tx, base vault.Head) (lockedVault, error) {
	v, err := s.lockVault(ctx, tx, base.Vault)
	if err != nil {
		return v, err
	}
	if v.revision != base.State.Revision || v.sequence != base.State.Entry.Sequence {
		return v, fmt.Errorf("%w: at %d and entry %d, the change is for %d and entry %d",
			vault.ErrRevisionConflict, v.revision, v.sequence, base.State.Revision, base.State.Entry.Sequence)
	}
	return v, nil
}

// CreateAccount implements vault.Store.
func (s *Store) CreateAccount(ctx context.Context, u vault.User, f vault.Founding) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		user, err := s.createUser(ctx, tx, u)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, s.stmt.insertCard, user, f.Card.Generation, f.Card.Encode()); err != nil {
			return err
		}
		return s.insertVault(ctx, tx, user, f)
	})
}

func (s *Store) insertVault(ctx context.Context, tx *sql.Tx, owner int64, f vault.Founding) error {
	id, state := f.Head.Vault, f.Head.State
	if err := s.useVaultID(ctx, tx, id); err != nil {
		return err
	}
	_, err := exec(ctx, tx, s.stmt.insertVault, id[:], owner, state.Revision, state.Entry.Sequence, f.Head.Count, state.Encode(), encodeBuckets(f.Head))
	if err != nil {
		return err
	}
	v, err := s.lockVault(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, e := range f.Entries {
		if err := s.insertEntry(ctx, tx, v, e); err != nil {
			return err
		}
	}
	return s.insertEnvelope(ctx, tx, v, chain.HashOf(chain.HashEnvelope, f.Envelope), f.Envelope)
}

// useVaultID marks an ID as used, permanently.
func (s *Store) useVaultID(ctx context.Context, tx *sql.Tx, id chain.ID) error {
	n, err := exec(ctx, tx, s.stmt.useVaultID, id[:])
	if err == nil && n == 0 {
		err = vault.ErrVaultIDTaken
	}
	return err
}

func (s *Store) insertEntry(ctx context.Context, tx *sql.Tx, v lockedVault, e *chain.Entry) error {
	_, err := exec(ctx, tx, s.stmt.insertEntry, v.num, e.Sequence, e.Encode())
	return err
}

func (s *Store) insertEnvelope(ctx context.Context, tx *sql.Tx, v lockedVault, hash chain.Hash, envelope []byte) error {
	_, err := exec(ctx, tx, s.stmt.insertEnvelope, v.num, hash[:], envelope)
	return err
}

// AppendEntry implements vault.Store.
func (s *Store) AppendEntry(ctx context.Context, c vault.EntryChange) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		v, err := s.lockVaultAt(ctx, tx, c.Base)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, tx, s.stmt.moveEntry, v.num, c.Next.State.Entry.Sequence, c.Next.State.Encode()); err != nil {
			return err
		}
		if err := s.insertEntry(ctx, tx, v, c.Entry); err != nil {
			return err
		}
		if err := s.insertNamed(ctx, tx, v, c); err != nil {
			return err
		}
		if err := s.appendChange(ctx, tx, c.Change()); err != nil {
			return err
		}
		if c.Account == nil {
			return nil
		}
		return s.changeAccount(ctx, tx, v, *c.Account)
	})
}

// changeAccount replaces what an account entry of v signs.
func (s *Store) changeAccount(ctx context.Context, tx *sql.Tx, v lockedVault, c vault.AccountChange) error {
	user, err := s.lockUser(ctx, tx, c.User.Username)
	switch {
	case err != nil:
		return err
	case user.id != c.User.ID || user.num != v.owner:
		return fmt.Errorf("user: %w", vault.ErrNotFound)
	case user.generation != c.User.Generation:
		return vault.ErrConflict
	}
	k := c.User.Keys
	if _, err := exec(ctx, tx, s.stmt.setKeys, user.num, notNull(k.Document), k.Identity, joinWraps(k)); err != nil {
		return err
	}
	err = s.updateUser(ctx, tx, user.num, c.User)
	if err == nil && c.Card != nil {
		_, err = exec(ctx, tx, s.stmt.insertCard, user.num, c.Card.Generation, c.Card.Encode())
	}
	return err
}
