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

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
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
		{"SessionLife", sessionLife},
		{"SessionsExpire", sessionsExpire},
		{"SessionsAreRevoked", sessionsAreRevoked},
		{"SessionRequiresTheUsersGeneration", sessionRequiresTheUsersGeneration},
		{"RevocationIsComplete", revocationIsComplete},
		{"ThrottleSwaps", throttleSwaps},
		{"RacingThrottleSwapsCountAll", racingThrottleSwapsCountAll},
		{"ChangesSince", changesSince},
		{"TombstonesOnlyInDeltas", tombstonesOnlyInDeltas},
		{"ConflictChangesNothing", conflictChangesNothing},
		{"InvalidChangesLeaveNothing", invalidChangesLeaveNothing},
		{"LargeChangeIsAtomic", largeChangeIsAtomic},
		{"LargeInvalidChangeLeavesNothing", largeInvalidChangeLeavesNothing},
		{"PagesOverOneMegabyte", pagesOverOneMegabyte},
		{"RacingChangesAreSerial", racingChangesAreSerial},
		{"ReadersSeeWholeChanges", readersSeeWholeChanges},
		{"VaultChangesDuringARead", vaultChangesDuringARead},
		{"WriterErrorEndsTheRead", writerErrorEndsTheRead},
		{"SmallAnswers", smallAnswers},
		{"QuotaOfItems", quotaOfItems},
		{"QuotaOfRecords", quotaOfRecords},
		{"UsersAreSeparate", usersAreSeparate},
		{"ChunksOfAttachments", chunksOfAttachments},
		{"AttachmentsAreNotRecords", attachmentsAreNotRecords},
		{"QuotaOfAttachments", quotaOfAttachments},
		{"RacingChunksKeepTheQuota", racingChunksKeepTheQuota},
		{"LargeAttachment", largeAttachment},
		{"AttachmentsAreSeparate", attachmentsAreSeparate},
		{"DeletedUserLeavesNoAttachments", deletedUserLeavesNoAttachments},
		{"ClosedStoreIsUnavailable", closedStoreIsUnavailable},
		{"CancelledContextIsAnError", cancelledContextIsAnError},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open) })
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

func newUser(name string) vault.User {
	return vault.User{
		Username: vault.Username(name), ID: vault.UserID(randomID()), Created: start,
		KDF:      protocol.KDF{Salt: randomID(), MemoryKiB: 65536, Time: 3, Threads: 4},
		AuthHash: []byte("$2a$12$password of " + name), RecoveryAuthHash: []byte("$2a$12$phrase of " + name),
		WrappedKey: "wrapped " + name, RecoveryWrappedKey: "recovery " + name, Manifest: "manifest 0",
		TOTPSecret: "sealed", TOTPLastStep: 57_000_000,
	}
}

func createUser(t *testing.T, s vault.Store, name string) vault.User {
	t.Helper()
	u := newUser(name)
	if err := s.CreateUser(t.Context(), u); err != nil {
		t.Fatalf("create user: %v", err)
	}
	u.Generation = 1
	return u
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

func overview(id string, version int64) protocol.Place {
	return protocol.Place{ItemID: id, Kind: protocol.KindOverview, Version: version}
}

func details(id string, version int64) protocol.Place {
	return protocol.Place{ItemID: id, Kind: protocol.KindDetails, Version: version}
}

func put(p protocol.Place, token string) protocol.Put { return protocol.Put{Place: p, Token: token} }

func apply(t *testing.T, s vault.Store, u vault.User, base int64, puts []protocol.Put, deletes ...protocol.Place) {
	t.Helper()
	got, err := s.Apply(t.Context(), u.Username, change(base, puts, deletes...))
	if err != nil {
		t.Fatalf("apply to %d: %v", base, err)
	}
	if got != base+1 {
		t.Fatalf("apply to %d gave revision %d", base, got)
	}
}

func change(base int64, puts []protocol.Put, deletes ...protocol.Place) vault.Change {
	return vault.Change{Base: base, Manifest: manifest(base + 1), Puts: puts, Deletes: deletes}
}

func manifest(revision int64) string { return fmt.Sprintf("manifest %d", revision) }

// changes reads the records after since and checks the invariants of every answer.
func changes(t *testing.T, s vault.Store, name vault.Username, since int64) protocol.VaultResponse {
	t.Helper()
	r, err := vault.Collect(t.Context(), s, name, since)
	if err != nil {
		t.Fatalf("changes since %d: %v", since, err)
	}
	checkAnswer(t, r, since)
	return r
}

func checkAnswer(t *testing.T, r protocol.VaultResponse, since int64) {
	t.Helper()
	if r.Manifest != manifest(r.Revision) {
		t.Errorf("revision %d came with %q", r.Revision, r.Manifest)
	}
	if r.Records == nil {
		t.Error("records are nil, which is not [] in JSON")
	}
	last := since
	seen := map[protocol.Place]bool{}
	for _, rec := range r.Records {
		switch {
		case rec.Revision <= since || rec.Revision > r.Revision:
			t.Errorf("record of revision %d in an answer for %d..%d", rec.Revision, since, r.Revision)
		case rec.Revision < last:
			t.Errorf("revision %d after %d", rec.Revision, last)
		case rec.Deleted != (rec.Token == ""):
			t.Errorf("deleted %v with a token of %d bytes", rec.Deleted, len(rec.Token))
		case seen[rec.Place]:
			t.Errorf("%v twice", rec.Place)
		}
		seen[rec.Place], last = true, rec.Revision
	}
}

// byPlace returns tokens by place; a tombstone has "(deleted)".
func byPlace(r protocol.VaultResponse) map[protocol.Place]string {
	m := map[protocol.Place]string{}
	for _, rec := range r.Records {
		m[rec.Place] = rec.Token
		if rec.Deleted {
			m[rec.Place] = "(deleted)"
		}
	}
	return m
}

func wantRecords(t *testing.T, r protocol.VaultResponse, want map[protocol.Place]string) {
	t.Helper()
	got := byPlace(r)
	for p, token := range want {
		if got[p] != token {
			t.Errorf("%v is %.40q, want %.40q", p, got[p], token)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
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
