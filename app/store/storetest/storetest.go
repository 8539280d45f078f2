// Package storetest tests the contract of vault.Store.
package storetest

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/testvault"
)

// Run tests the stores that open returns. All stores opened with the same t share their data, as replicas do; stores of
// different tests do not. open must close its stores when t ends.
func Run(t *testing.T, open func(t *testing.T) vault.Store) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, open func(t *testing.T) vault.Store)
	}{
		{"UserRoundTrip", userRoundTrip},
		{"UsernamesAndIDsAreUnique", usernamesAndIDsAreUnique},
		{"UpdateUserIsConditional", updateUserIsConditional},
		{"DeletedUserLeavesOnlyItsID", deletedUserLeavesOnlyItsID},
		{"DeleteUserCanBeResumed", deleteUserCanBeResumed},
		{"RacingRegistrationsMakeOneUser", racingRegistrationsMakeOneUser},
		{"RacingUpdatesAllCount", racingUpdatesAllCount},
		{"InvitationAdmitsOneUser", invitationAdmitsOneUser},
		{"RacingRegistrationsShareNoInvitation", racingRegistrationsShareNoInvitation},
		{"OnlyOneUserIsTheFirst", onlyOneUserIsTheFirst},
		{"InvitationsAreListedAndRevoked", invitationsAreListedAndRevoked},
		{"AnswersAreKept", answersAreKept},
		{"RacingAnswersShareNoInvitation", racingAnswersShareNoInvitation},
		{"InvitationEndsWithItsAdministrator", invitationEndsWithItsAdministrator},
		{"InvitedAdministrator", invitedAdministrator},
		{"StandingIsConditional", standingIsConditional},
		{"SuspendedUserGetsNoSession", suspendedUserGetsNoSession},
		{"LastAdministratorStays", lastAdministratorStays},
		{"RacingAdministratorsLeaveOne", racingAdministratorsLeaveOne},
		{"DirectoryIsInOrder", directoryIsInOrder},
		{"SessionLife", sessionLife},
		{"SessionsExpire", sessionsExpire},
		{"SessionsAreRevoked", sessionsAreRevoked},
		{"SessionRequiresTheUsersGeneration", sessionRequiresTheUsersGeneration},
		{"RevocationIsComplete", revocationIsComplete},
		{"ServersShareOneKey", serversShareOneKey},
		{"ThrottleSwaps", throttleSwaps},
		{"RacingThrottleSwapsCountAll", racingThrottleSwapsCountAll},
		{"AccountRoundTrip", accountRoundTrip},
		{"AccountIsCreatedWholeOrNot", accountIsCreatedWholeOrNot},
		{"UpdateUserLeavesKeys", updateUserLeavesKeys},
		{"UnknownVault", unknownVault},
		{"EntriesRoundTrip", entriesRoundTrip},
		{"AccountEntryIsConditional", accountEntryIsConditional},
		{"WritesRoundTrip", writesRoundTrip},
		{"ChangesSince", changesSinceEveryRevision},
		{"WriteConflictChangesNothing", writeConflictChangesNothing},
		{"EntryConflictChangesNothing", entryConflictChangesNothing},
		{"MisfitsChangeNothing", misfitsChangeNothing},
		{"WritesWithAllBesides", writesWithAllBesides},
		{"ResendLeadsAhead", resendLeadsAhead},
		{"ResendIsConditional", resendIsConditional},
		{"RivalResendsHaveOneWinner", rivalResendsHaveOneWinner},
		{"ResendOfEverySize", resendOfEverySize},
		{"ResendOfAttachments", resendOfAttachments},
		{"ResendKeepsTokens", resendKeepsTokens},
		{"ResendDropsNoChunks", resendDropsNoChunks},
		{"ResendCountsOnEachCard", resendCountsOnEachCard},
		{"ResendOfKeptAttachments", resendOfKeptAttachments},
		{"ResendOfAttachmentsThatExpired", resendOfAttachmentsThatExpired},
		{"StoreWaits", storeWaits},
		{"UsersAreListed", usersAreListed},
		{"WritesOfEverySize", writesOfEverySize},
		{"PlacesChangeOften", placesChangeOften},
		{"TombstonesLast", tombstonesLast},
		{"SmallAnswers", smallAnswers},
		{"WritesDuringARead", writesDuringARead},
		{"WriterErrorEndsTheRead", writerErrorEndsTheRead},
		{"VaultsAreSeparate", vaultsAreSeparate},
		{"RivalsHaveOneWinner", rivalsHaveOneWinner},
		{"ReadersSeeWholeWrites", readersSeeWholeWrites},
		{"LinesFitTheirHead", linesFitTheirHead},
		{"RacingAccountsShareNoID", racingAccountsShareNoID},
		{"QuotaOfItems", quotaOfItems},
		{"QuotaOfRecords", quotaOfRecords},
		{"BranchesRoundTrip", branchesRoundTrip},
		{"LargeBranches", largeBranches},
		{"WriteWithoutItsBranch", writeWithoutItsBranch},
		{"QuotaOfBranches", quotaOfBranches},
		{"ReplacedTokensAreKept", replacedTokensAreKept},
		{"LargeWritesKeepTokens", largeWritesKeepTokens},
		{"QuotaOfKeptTokens", quotaOfKeptTokens},
		{"KeptAttachments", keptAttachments},
		{"HistoryInParts", historyInParts},
		{"LifeOfAnAttachment", lifeOfAnAttachment},
		{"PendingAttachmentsLast", pendingAttachmentsLast},
		{"QuotaOfAttachments", quotaOfAttachments},
		{"RacingChunksKeepTheQuota", racingChunksKeepTheQuota},
		{"LargeAttachment", largeAttachment},
		{"DeletedUserLeavesNoVault", deletedUserLeavesNoVault},
		{"EventsAreInOrder", eventsAreInOrder},
		{"RemovedUserIsDeletedUnlessBroughtBack", removedUserIsDeletedUnlessBroughtBack},
		{"EventsAreCounted", eventsAreCounted},
		{"EventsAreReadByUser", eventsAreReadByUser},
		{"RacingEventsAllCount", racingEventsAllCount},
		{"EventsOutliveTheirUser", eventsOutliveTheirUser},
		{"FeedHasEveryChange", feedHasEveryChange},
		{"FeedSurvivesFailedReads", feedSurvivesFailedReads},
		{"FeedMissesNothingInARace", feedMissesNothingInARace},
		{"SharedVaultRoundTrip", sharedVaultRoundTrip},
		{"SharedVaultIsCreatedWholeOrNot", sharedVaultIsCreatedWholeOrNot},
		{"RacingVaultsKeepTheQuota", racingVaultsKeepTheQuota},
		{"LargeRosters", largeRosters},
		{"RivalEntriesHaveOneWinner", rivalEntriesHaveOneWinner},
		{"EnvelopesWaitForTheirEntry", envelopesWaitForTheirEntry},
		{"DeletedMembersLeaveTheirLines", deletedMembersLeaveTheirLines},
		{"RacingDeletionsLeaveNoVault", racingDeletionsLeaveNoVault},
		{"FeedTellsOfMembers", feedTellsOfMembers},
		{"CanceledContextIsAnError", canceledContextIsAnError},
		{"ClosedStoreIsUnavailable", closedStoreIsUnavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open)
		})
	}
}

// start is the time of the tests' clock, in milliseconds, the precision of stores. It is in the future, so a database that
// deletes expired rows by the real clock does not do so during a test.
var start = time.Now().UTC().Add(time.Hour).Truncate(time.Second).Add(123 * time.Millisecond)

func randomID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}

// newcomer is a user who does not exist yet.
type newcomer struct {
	vault.User
	founding vault.Founding
}

func newUser(name string) newcomer {
	v, founding := testvault.NewPerson(name).Found()
	u := accountOf(v)
	u.TOTPSecret, u.TOTPLastStep = "sealed", 57_000_000
	return newcomer{u, founding}
}

func (n newcomer) join(ctx context.Context, s vault.Store) error {
	return s.CreateAccount(ctx, n.User, n.founding)
}

func createUser(t *testing.T, s vault.Store, name string) vault.User {
	t.Helper()
	u := newUser(name)
	if err := u.join(t.Context(), s); err != nil {
		t.Fatalf("create user: %v", err)
	}
	u.Generation = 1
	return u.User
}

func newSession(u vault.User, created time.Time) vault.Session {
	return vault.Session{
		Hash: vault.SessionHash(strings.ToLower(fmt.Sprintf("%x", rand.Text()+rand.Text())))[:64], UserID: u.ID, Username: u.Username,
		Device: "Ada’s laptop", Created: created, LastSeen: created, Expires: created.Add(time.Hour),
	}
}

func putSession(t *testing.T, s vault.Store, u vault.User, created time.Time) vault.Session {
	t.Helper()
	v := newSession(u, created)
	if err := s.PutSession(t.Context(), v); err != nil {
		t.Fatalf("put session: %v", err)
	}
	return v
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error is %v, want %v", what, err, want)
	}
}

// retry repeats f while it fails with again, as a caller of the store does.
func retry(ctx context.Context, again error, f func() error) error {
	for {
		err := f()
		if !errors.Is(err, again) || ctx.Err() != nil {
			return err
		}
	}
}
