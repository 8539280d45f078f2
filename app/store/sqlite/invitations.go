package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Inhabited implements vault.Store.
func (s *Store) Inhabited(ctx context.Context) (bool, error) {
	var inhabited bool
	err := s.stmt.inhabited.QueryRowContext(ctx).Scan(&inhabited)
	return inhabited, storeError(err)
}

// PutInvitation implements vault.Store.
func (s *Store) PutInvitation(ctx context.Context, i vault.Invitation) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := exec(ctx, tx, s.stmt.purgeInvitations, i.Created.UnixMilli()); err != nil {
			return err
		}
		n, err := exec(ctx, tx, s.stmt.putInvitation, string(i.ID), i.ProofHash, i.Created.UnixMilli(), i.Expires.UnixMilli(),
			i.Administrator, string(i.By), string(i.ByID), i.Offer)
		if err == nil && n == 0 {
			return fmt.Errorf("invitation: %w", vault.ErrConflict)
		}
		return err
	})
}

func scanInvitation(row interface{ Scan(to ...any) error }) (vault.Invitation, error) {
	var i vault.Invitation
	var created, expires int64
	err := row.Scan(&i.ID, &i.ProofHash, &created, &expires, &i.Administrator, &i.By, &i.ByID, &i.Offer)
	i.Created, i.Expires = fromMillis(created), fromMillis(expires)
	return i, err
}

// Invitation implements vault.Store.
func (s *Store) Invitation(ctx context.Context, id vault.InvitationID, now time.Time) (vault.Invitation, error) {
	i, err := scanInvitation(s.stmt.invitation.QueryRowContext(ctx, string(id), now.UnixMilli()))
	if errors.Is(err, sql.ErrNoRows) {
		return vault.Invitation{}, vault.ErrNoInvitation
	}
	return i, storeError(err)
}

// Invitations implements vault.Store.
func (s *Store) Invitations(ctx context.Context, now time.Time) ([]vault.Invitation, error) {
	var all []vault.Invitation
	err := query(ctx, s.stmt.invitations, func(rows *sql.Rows) error {
		i, err := scanInvitation(rows)
		all = append(all, i)
		return err
	}, now.UnixMilli())
	return all, err
}

// Answers implements vault.Store.
func (s *Store) Answers(ctx context.Context, by vault.UserID, now time.Time) ([]vault.Answered, error) {
	var all []vault.Answered
	err := query(ctx, s.stmt.answers, func(rows *sql.Rows) error {
		var a vault.Answered
		err := rows.Scan(&a.ID, &a.ByID, &a.UserID, &a.Username, &a.Answer)
		all = append(all, a)
		return err
	}, string(by), now.UnixMilli())
	return all, err
}

// DeleteAnswer implements vault.Store.
func (s *Store) DeleteAnswer(ctx context.Context, id vault.InvitationID, by vault.UserID) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := exec(ctx, tx, s.stmt.deleteAnswer, string(id), string(by))
		return err
	})
}

// DeleteInvitation implements vault.Store.
func (s *Store) DeleteInvitation(ctx context.Context, id vault.InvitationID) error {
	return s.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		n, err := exec(ctx, tx, s.stmt.deleteInvitation, string(id))
		if err == nil && n == 0 {
			return vault.ErrNoInvitation
		}
		return err
	})
}

// admit checks the admission of a new user. If the transaction fails later, the invitation stays unused.
func (s *Store) admit(ctx context.Context, tx *sql.Tx, u vault.User) error {
	if u.Admission.First {
		var inhabited bool
		if err := tx.StmtContext(ctx, s.stmt.writerInhabited).QueryRowContext(ctx).Scan(&inhabited); err != nil {
			return err
		}
		if inhabited {
			return vault.ErrNotFirst
		}
	}
	if u.Admission.Invitation == "" {
		return nil
	}
	id, now := string(u.Admission.Invitation), u.Created.UnixMilli()
	n, err := exec(ctx, tx, s.stmt.useInvitation, id, now)
	if err == nil && n == 0 {
		n, err = exec(ctx, tx, s.stmt.answerInvitation, id, now, string(u.ID), string(u.Username), u.Admission.Answer,
			u.Created.Add(vault.AnswerLife).UnixMilli())
	}
	if err == nil && n == 0 {
		return vault.ErrNoInvitation
	}
	return err
}
