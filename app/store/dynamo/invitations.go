package dynamo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// invitationRow is a row of the vaults table. One partition has them all, because administrators list them.
type invitationRow struct {
	Partition     string `dynamodbav:"vault_id"`
	ID            string `dynamodbav:"row_id"`
	ProofHash     string `dynamodbav:"proof_hash"`
	Created       int64  `dynamodbav:"created"`
	Expires       int64  `dynamodbav:"expires"`
	Administrator bool   `dynamodbav:"administrator"`
	By            string `dynamodbav:"by_name"`
	ByID          string `dynamodbav:"by_id"`
	TTL           int64  `dynamodbav:"expires_at"`
	Offer         string `dynamodbav:"offer,omitempty"`

	// Of the user who registered with it, for whose answer it is kept.
	JoinedID   string `dynamodbav:"joined_id,omitempty"`
	JoinedName string `dynamodbav:"joined_name,omitempty"`
	Answer     string `dynamodbav:"answer,omitempty"`
}

// invitationsPartition cannot collide with an ID, which has no '#'.
const invitationsPartition = "#invitations"

func invitationKey(id vault.InvitationID) item { return vaultKey(invitationsPartition, string(id)) }

func (r invitationRow) invitation() vault.Invitation {
	return vault.Invitation{
		ID: vault.InvitationID(r.ID), ProofHash: r.ProofHash, Created: fromMillis(r.Created), Expires: fromMillis(r.Expires),
		Administrator: r.Administrator, By: vault.Username(r.By), ByID: vault.UserID(r.ByID), Offer: r.Offer,
	}
}

// inhabited is the key of the row in the users table that exists once a user has registered. No username begins with '#'.
const inhabited = "#inhabited"

// Inhabited implements vault.Store.
func (s *Store) Inhabited(ctx context.Context) (bool, error) {
	return s.get(ctx, s.table.Users, names.UsersKey, inhabited, &struct{}{})
}

// PutInvitation implements vault.Store.
func (s *Store) PutInvitation(ctx context.Context, i vault.Invitation) error {
	err := s.transact(ctx, put(s.table.Vaults, invitationRow{
		Partition: invitationsPartition, ID: string(i.ID), ProofHash: i.ProofHash, Created: i.Created.UnixMilli(), Expires: i.Expires.UnixMilli(),
		Administrator: i.Administrator, By: string(i.By), ByID: string(i.ByID), TTL: ttl(i.Expires), Offer: i.Offer,
	}, isNew(names.VaultsSortKey)))
	var r *refused
	if errors.As(err, &r) || errors.Is(err, errBusy) {
		return fmt.Errorf("invitation: %w", vault.ErrConflict)
	}
	return err
}

// openInvitation reads the row of an invitation that was not used and has not expired.
func (s *Store) openInvitation(ctx context.Context, id vault.InvitationID, now time.Time) (row invitationRow, err error) {
	found, err := s.rowAt(ctx, s.table.Vaults, invitationKey(id), &row)
	if err == nil && (!found || row.Expires <= now.UnixMilli() || row.JoinedID != "") {
		err = vault.ErrNoInvitation
	}
	return row, err
}

// Invitation implements vault.Store.
func (s *Store) Invitation(ctx context.Context, id vault.InvitationID, now time.Time) (vault.Invitation, error) {
	row, err := s.openInvitation(ctx, id, now)
	if err != nil {
		return vault.Invitation{}, err
	}
	i := row.invitation()
	if i.ByID == "" {
		return i, nil
	}
	by, err := s.userRow(ctx, i.By)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return vault.Invitation{}, err
	}
	if by.ID != string(i.ByID) || by.Deleting || !by.standing().Active() {
		return vault.Invitation{}, vault.ErrNoInvitation
	}
	return i, nil
}

// Invitations implements vault.Store.
func (s *Store) Invitations(ctx context.Context, now time.Time) ([]vault.Invitation, error) {
	rows, err := s.invitationRows(ctx)
	if err != nil {
		return nil, err
	}
	var all []vault.Invitation
	for _, row := range rows {
		if row.Expires > now.UnixMilli() && row.JoinedID == "" {
			all = append(all, row.invitation())
		}
	}
	slices.SortFunc(all, func(a, b vault.Invitation) int {
		return cmp.Or(a.Expires.Compare(b.Expires), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

func (s *Store) invitationRows(ctx context.Context) ([]invitationRow, error) {
	return queryAll[invitationRow](ctx, s, &dynamodb.QueryInput{
		TableName: &s.table.Vaults, KeyConditionExpression: aws.String(names.VaultsPartitionKey + " = :id"),
		ExpressionAttributeValues: item{":id": str(invitationsPartition)},
	})
}

// Answers implements vault.Store.
func (s *Store) Answers(ctx context.Context, by vault.UserID, now time.Time) ([]vault.Answered, error) {
	rows, err := s.invitationRows(ctx)
	if err != nil {
		return nil, err
	}
	var all []vault.Answered
	for _, row := range rows {
		if row.ByID == string(by) && row.JoinedID != "" && row.Expires > now.UnixMilli() {
			all = append(all, vault.Answered{ID: vault.InvitationID(row.ID), ByID: by, UserID: vault.UserID(row.JoinedID),
				Username: vault.Username(row.JoinedName), Answer: row.Answer})
		}
	}
	return all, nil
}

// use returns the write that uses up an invitation.
func (s *Store) use(ctx context.Context, u vault.User) (write, error) {
	row, err := s.openInvitation(ctx, u.Admission.Invitation, u.Created)
	if err != nil {
		return write{}, err
	}
	open := attribute("expires").GreaterThan(value(u.Created.UnixMilli())).And(attribute("joined_id").AttributeNotExists())
	if row.Offer == "" {
		return remove(s.table.Vaults, invitationKey(u.Admission.Invitation), open), nil
	}
	until := u.Created.Add(vault.AnswerLife)
	row.ProofHash, row.Offer = "", ""
	row.JoinedID, row.JoinedName, row.Answer = string(u.ID), string(u.Username), u.Admission.Answer
	row.Expires, row.TTL = until.UnixMilli(), ttl(until)
	return put(s.table.Vaults, row, open), nil
}

// DeleteAnswer implements vault.Store.
func (s *Store) DeleteAnswer(ctx context.Context, id vault.InvitationID, by vault.UserID) error {
	answered := attribute("by_id").Equal(value(string(by))).And(attribute("joined_id").AttributeExists())
	err := s.transact(ctx, remove(s.table.Vaults, invitationKey(id), answered))
	var r *refused
	switch {
	case errors.As(err, &r):
		return nil
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// DeleteInvitation implements vault.Store.
func (s *Store) DeleteInvitation(ctx context.Context, id vault.InvitationID) error {
	err := s.transact(ctx, remove(s.table.Vaults, invitationKey(id), attribute(names.VaultsSortKey).AttributeExists().And(attribute("joined_id").AttributeNotExists())))
	var r *refused
	switch {
	case errors.As(err, &r):
		return vault.ErrNoInvitation
	case errors.Is(err, errBusy):
		return fmt.Errorf("%w: %w", vault.ErrStoreUnavailable, err)
	}
	return err
}

// check is a write with the error to return if its condition fails.
type check struct {
	write
	refusal error
}

// first returns the error of the first failed condition.
func (r *refused) first(checks []check) error {
	for i, c := range checks {
		if _, ok := r.at(i); ok {
			return c.refusal
		}
	}
	return vault.ErrConflict
}

// admit returns the conditions for storing u, besides a free name and ID. If the transaction fails for another reason, the
// invitation stays unused.
func (s *Store) admit(ctx context.Context, u vault.User) ([]check, error) {
	var checks []check
	// Do not write an existing row again: all registrations would collide on it.
	there, err := s.Inhabited(ctx)
	if err != nil {
		return nil, err
	}
	if there && u.Admission.First {
		return nil, vault.ErrNotFirst
	}
	if !there {
		mark := put(s.table.Users, userKey(inhabited))
		if u.Admission.First {
			mark = put(s.table.Users, userKey(inhabited), isNew(names.UsersKey))
		}
		checks = append(checks, check{mark, vault.ErrNotFirst})
	}
	if u.Admission.Administrator {
		checks = append(checks, check{write: s.addAdministrator(u.ID)})
	}
	if id := u.Admission.Invitation; id != "" {
		i, err := s.Invitation(ctx, id, u.Created) // for its administrator; an open one never changes
		if err != nil {
			return nil, err
		}
		use, err := s.use(ctx, u)
		if err != nil {
			return nil, err
		}
		checks = append(checks, check{use, vault.ErrNoInvitation})
		if i.ByID != "" {
			checks = append(checks, check{require(s.table.Users, userKey(i.By), isUser(i.ByID).And(hasStanding(administering))), vault.ErrNoInvitation})
		}
	}
	return checks, nil
}
