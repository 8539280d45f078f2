package main

// A check is a rule of the format that can be taken out of the model.
type check uint8

const (
	checkGenesis check = iota
	checkLogReach
	checkEntrySignature
	checkEntryRole
	checkEntryTable
	checkCards
	checkTwoCards
	checkEnvelope
	checkSeals
	checkShow
	checkRemoveEpoch
	checkLeaveRotates
	checkRecardEpoch
	checkNamesNewest
	checkEntryRevision
	checkStepBack
	checkWriteRole
	checkWriteEpoch
	checkKnownHead
	checkWriteSignature
	checkWriteReach
	checkIdentityFollows
	checkIdentityNamed
	checkIdentityCard
	checkMemory
	checkPin
	checkPinForward
	checkBranchReach
	checkBranchEntries
	checkEntriesPart
	checkConsent
	checkInFlight
	checkInFlightEntry
	checkOutboxHashes
	checkNewCard
	checkNewEpoch
	checkNewPassword
	checkServer
	checkCompareAndSet
	checkResend
	checkResendNoSession
	checkOnlyResent
	checkCandidates
	checkCount
)

// checks is a set.
type checks uint64

// A mutation takes one check out. With it out, the scenario breaks the property. A mutation without a property is a second line of
// defence: within the bounds, other checks catch the same attacks.
type mutation struct {
	check    checks
	name     string // begins with the number of the check in docs/sealed-format.md, if it has one
	rule     string
	scenario string
	breaks   property
}

var mutations = []mutation{
	{1 << checkGenesis, "1 genesis", "a vault begins with the genesis that the identity or the pin names", "pins", reach},
	{1 << checkLogReach, "2 predecessor", "the log contains the entry that this device remembers", "fork", joined},
	{1 << checkEntrySignature, "2 signature", "an entry is signed by its author", "fork", authority},
	{1 << checkEntryRole, "2 role", "the author is in the roster before, and his role allows the op", "removed editor", authority},
	{1 << checkEntryTable, "2 difference", "an entry changes what its op allows, and nothing else", "removed editor", authority},
	{1 << checkCards, "3 card", "keys go to cards of a verified roster, never to the newest that the server has", "removed editor", reach},
	{1 << checkTwoCards, "3 two cards", "two cards of one user and generation are an alarm", "thief, shared", heal},
	{1 << checkEnvelope, "4 envelope", "an envelope is in the roster and fits the commitment", "fork", reach},
	{1 << checkSeals, "5 roster", "keys are sealed to the roster that is about to be signed", "removed editor", reach},
	{1 << checkShow, "5 shown", "new members are shown before a key is sealed to them", "thief, shared", reach},
	{1 << checkRemoveEpoch, "6 epoch", "a remove begins an epoch in the same entry", "removed editor", reach},
	{1 << checkLeaveRotates, "6 leave", "after a leave, a manager rotates before he writes", "removed editor", reach},
	{1 << checkRecardEpoch, "6 recard", "a recard by a manager begins an epoch in the same entry", "thief, shared", heal},
	{1 << checkNamesNewest, "7 newest entry", "a write names the newest entry below it", "removed editor", removed},
	{1 << checkEntryRevision, "7 revision", "an entry names a write of this chain", "fork", joined},
	{1 << checkWriteRole, "7 role", "the author of a write is an editor or above", "removed editor", removed},
	{1 << checkKnownHead, "7 known head", "a new entry below the remembered write is an alarm", "removed editor", removed},
	{1 << checkWriteSignature, "7 signature", "the newest write is signed by its author", "fork", removed},
	{1 << checkWriteReach, "8 reach", "the chain contains the remembered write", "fork", joined},
	{1<<checkIdentityFollows | 1<<checkIdentityNamed | 1<<checkIdentityCard, "9 identity", "the newest account entry fits the identity that opened",
		"thief, personal", heal},
	{1 << checkIdentityCard, "9 newest card", "the newest account entry is signed by the newest card", "thief, personal", heal},
	{1 << checkMemory, "memory", "signing out and a 401 keep what the device remembers", "fork", vanished},
	{1 << checkPin, "pin", "a device without memory reaches the pin", "pins", vanished},
	{1 << checkPinForward, "pin forward", "a pin only moves to a head that contains it", "pins", vanished},
	{1 << checkBranchReach, "branch", "a write that brings together counts if this device's head is on its path", "alarm", joined},
	{1 << checkBranchEntries, "branch, entries", "no entry names a write that is only in the other branch", "alarm", joined},
	{1 << checkEntriesPart, "entries part", "logs that parted are never brought together", "alarm, logs", joined},
	{1 << checkConsent, "consent", "only the person accepts the server's head", "alarm", joined},
	{1 << checkInFlight, "in flight", "at most one statement in flight, the same bytes again", "work", twice},
	{1 << checkInFlightEntry, "in flight, entry", "an entry in between makes the write inadmissible", "work", stuck},
	{1 << checkOutboxHashes, "in flight, again", "the outbox keeps the hash of each statement that was signed for an edit", "alarm", twice},
	{1 << checkNewCard, "new card", "a rotation of the account takes a new card", "thief, personal", heal},
	{1 << checkNewEpoch, "new epoch", "a rotation of the account begins an epoch", "thief, personal", heal},
	{1 << checkNewPassword, "new password", "after a theft, the password is new too", "thief, personal", heal},
	{1 << checkServer, "server verifies", "the server verifies before it stores", "work", falseAlarm},
	{1 << checkCompareAndSet, "compare and set", "a write is stored on top of the newest only", "work", falseAlarm},
	{1 << checkResend, "send again", "a device gives a restored server back what it lost", "restore", stuck},
	{1 << checkResendNoSession, "without session", "sending again needs no session", "restore", stuck},
	{1 << checkOnlyResent, "only sent again", "a restored server takes nothing new until it is opened", "restore", falseAlarm},
	{1 << checkCandidates, "nothing is final", "until it is opened, a restored server shows nothing, and what one sent again does not shut out others",
		"restore, removed editor", falseAlarm},

	{1 << checkStepBack, "7 step back", "the revisions of entries never decrease", "removed editor", 0},
	{1 << checkWriteEpoch, "7 epoch", "the epoch of a write is that of its entry", "removed editor", 0},
	{1 << checkIdentityNamed, "9 names", "the newest account entry names the identity", "thief, personal", 0},
	{1 << checkIdentityFollows, "9 follows", "the newest account entry follows the entry in the identity", "thief, personal", 0},
}
