//go:build system

package dynamo

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// foundShared creates a shared vault whose owner is another user of the store.
func foundShared(t *testing.T, s *Store, v *testvault.Vault) *testvault.Vault {
	t.Helper()
	shared, f := v.Owner.FoundShared()
	if err := s.CreateVault(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return shared
}

// An entry that goes through the redo log changes the vault with its envelopes, cards and memberships, or nothing.
func TestLargeEntrySurvivesDeathAtEveryCall(t *testing.T) {
	t.Parallel()
	s, v := openVault(t)
	bob := found(t, s, "bob")
	shared := foundShared(t, s, v)
	people := []*testvault.Person{bob.Owner}
	for i := range 35 {
		people = append(people, testvault.NewPerson(fmt.Sprintf("member-%d", i)))
	}
	for n := int64(0); ; n++ {
		done := 0
		for _, carriedOut := range []bool{false, true} {
			e := shared.DraftRemove(people...)
			if shared.State.Entry.Member(bob.Owner.ID) == nil {
				e = shared.DraftAdd(chain.Reader, people...)
			}
			err := dying(s, n, carriedOut).AppendEntry(t.Context(), e.EntryChange)
			head, headErr := s.Head(t.Context(), shared.ID) // rolls it forward
			if headErr != nil {
				t.Fatal(headErr)
			}
			switch {
			case head.State.Entry.Sequence == e.Entry.Sequence:
				shared.Follow(e)
			case err == nil:
				t.Fatalf("call %d: acknowledged, but not stored", n)
			}
			wantNamed(t, s, shared, bob)
			if err == nil {
				done++
			}
		}
		if done == 2 {
			return
		}
	}
}

// wantNamed checks that the store has what the newest entry names, and lists the vault for a user who is a member, and for no other.
func wantNamed(t *testing.T, s *Store, v, user *testvault.Vault) {
	t.Helper()
	member := v.State.Entry.Member(user.Owner.ID)
	list, err := s.Memberships(t.Context(), vault.UserID(user.Owner.ID.String()))
	if err != nil || (len(list) == 1) != (member != nil) {
		t.Fatalf("entry %d: %d memberships, %v", v.State.Entry.Sequence, len(list), err)
	}
	left, err := s.Left(t.Context(), vault.UserID(user.Owner.ID.String()), v.ID)
	if was := v.State.Entry.Op == chain.OpRemove; was && (err != nil || left != v.State.Entry.Sequence) || !was && !errors.Is(err, vault.ErrNotFound) {
		t.Fatalf("entry %d: left with %d, %v", v.State.Entry.Sequence, left, err)
	}
	for _, m := range v.State.Entry.Roster {
		cards, err := s.VaultCards(t.Context(), v.ID, []chain.ID{m.User})
		if err != nil || len(cards[0]) != 1 {
			t.Fatalf("entry %d: %d cards of a member, %v", v.State.Entry.Sequence, len(cards[0]), err)
		}
		if _, err := s.Envelope(t.Context(), v.ID, m.Envelope); err != nil {
			t.Fatalf("entry %d: %v", v.State.Entry.Sequence, err)
		}
	}
}

// A deletion of the last two members that stops at any call can be called again, and leaves no vault.
func TestLonelyVaultGoesAfterADeathAtAnyCall(t *testing.T) {
	t.Parallel()
	for n := int64(0); ; n += 3 {
		s, v := openVault(t)
		bob := found(t, s, "bob")
		shared := foundShared(t, s, v)
		e := shared.DraftAdd(chain.Reader, bob.Owner)
		if err := s.AppendEntry(t.Context(), e.EntryChange); err != nil {
			t.Fatal(err)
		}
		first := dying(s, n, true).DeleteUser(t.Context(), "eve")
		for _, name := range []vault.Username{"bob", "eve"} {
			if err := s.DeleteUser(t.Context(), name); err != nil && !errors.Is(err, vault.ErrNotFound) {
				t.Fatal(err)
			}
		}
		if _, err := s.Head(t.Context(), shared.ID); !errors.Is(err, vault.ErrNotFound) {
			t.Fatalf("call %d: the vault is still there, %v", n, err)
		}
		for _, partition := range []string{shared.ID.String(), bob.Owner.ID.String(), v.Owner.ID.String()} {
			rows, err := queryAll[signedRow](t.Context(), s, &dynamodb.QueryInput{
				TableName: &s.table.Vaults, KeyConditionExpression: aws.String(names.VaultsPartitionKey + " = :id"),
				ExpressionAttributeValues: item{":id": str(partition)},
			})
			if err != nil || len(rows) > 0 {
				t.Fatalf("call %d: rows %v are left, %v", n, rows, err)
			}
		}
		if first == nil {
			return
		}
	}
}
