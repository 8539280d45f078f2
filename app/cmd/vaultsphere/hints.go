package main

import (
	"errors"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
)

const (
	signInHint  = "sign in with vaultsphere login"
	alarmHint   = "tell the server's operator; vaultsphere alarm shows what differs and what you can do"
	waitingHint = "changes of items, of the recovery phrase and of keys are sent later; tell the server's operator that the server waits for vaultsphered open"
	roomHint    = "delete some permanently, or ask the server's operator for more room"
	unsafeHint  = "do not enter your master password anywhere, including the web page, until the server's operator has explained this"
)

// hints say what to do about an error, by its code.
var hints = map[client.Code]string{
	client.CodeCopyDamaged:                       "sign in to get the vault from the server",
	client.CodeBadAnswer:                         "use the newest version of vaultsphere; if that does not help, ask the server's operator",
	client.CodeIntercepted:                       "nothing was saved; use another network, or ask the server's operator whether it has a new certificate or URL",
	client.CodeKDFRefused:                        "the server may be trying to learn your master password: " + unsafeHint,
	client.CodeOffline:                           "check the URL (--server), the network, and whether the server is running",
	client.CodePasswordChanged:                   "enter the new master password; without the server, the former one still opens what this device has",
	client.CodeReadOnly:                          "leave out --cache: the cache can only be read",
	client.CodeUnsent:                            "vaultsphere list sends them once the server can be reached; vaultsphere logout --discard discards them",
	client.CodeVaultAltered:                      unsafeHint,
	client.CodeHistoryAltered:                    "nothing was changed, and the vault as it is now is not affected; tell the server's operator",
	client.CodeVaultRolledBack:                   alarmHint,
	client.CodeAlarm:                             alarmHint,
	client.CodeAccountReplaced:                   "if you know that the account was deleted, use vaultsphere login --new-account; otherwise ask the server's operator first",
	client.CodeBadUsername:                       "use letters of one script, digits and signs such as . - _ @, without spaces",
	client.CodeDeviceStorage:                     "check that the disk is not full, and that the state directory can be written",
	client.CodeCardsInvalid:                      "nothing was changed; tell the server's operator",
	client.CodePersonParted:                      "call this person, and compare fingerprints with vaultsphere verify before you trust anything of this name",
	client.CodePersonOlder:                       "nothing was changed; the server may have been restored from a backup: tell its operator",
	client.CodeOtherFingerprint:                  "nothing was changed; check the digits with the person, and do not trust this identity if they stay different",
	client.CodePersonUnverified:                  "compare fingerprints with vaultsphere verify first",
	client.CodeMembersUnseen:                     "look at the members with vaultsphere members list, then try again",
	client.CodeLastOwner:                         "make another member an owner with vaultsphere members role",
	client.CodeVaultAwaited:                      "ask the person who invited you to run vaultsphere invite accept",
	client.CodeOfferInvalid:                      "no account was created; register at the address in the link, or ask the sender for a new link and tell the server's operator",
	client.CodeAnswerInvalid:                     "compare fingerprints with vaultsphere verify instead",
	client.CodeCannotMerge:                       "export what this device verified with vaultsphere export, then accept the server's with vaultsphere alarm accept",
	client.CodeOtherIdentity:                     unsafeHint,
	client.CodeAttachmentAltered:                 "the rest of the vault is not affected; tell the server's operator",
	client.Code(protocol.CodeConflict):           "look at what the other device changed, then try again",
	client.Code(protocol.CodeWaiting):            waitingHint,
	client.Code(protocol.CodeStorageFull):        "nothing was changed; tell the server's operator",
	client.Code(protocol.CodeQuotaReached):       roomHint,
	client.Code(protocol.CodeItemQuotaReached):   roomHint,
	client.Code(protocol.CodeRecordQuotaReached): roomHint,
	client.Code(protocol.CodeBranchQuotaReached): "tell the server's operator: two histories of this vault were brought together too often",
	client.Code(protocol.CodeVaultQuota):         "ask the server's operator to raise MAX_VAULTS",
	client.Code(protocol.CodeRole):               "ask an owner or manager of the vault",
	client.Code(protocol.CodeMemberRefused):      "ask the person: the account may be deleted or suspended, or have new keys",
	client.Code(protocol.CodeKeptQuota):          "earlier versions are kept for 30 days, and their room frees up day by day: try again tomorrow",
	client.Code(protocol.CodeRevisionConflict):   "try again",
	client.Code(protocol.CodeUnauthorized):       signInHint,
	client.Code(protocol.CodeInvalidCredentials): "check the username and the master password; the server does not say which one is wrong",
	client.Code(protocol.CodeInvitationInvalid):  "an invitation link works once, within seven days: ask an administrator of the server for a new one",
	client.Code(protocol.CodeInvitationRequired): "ask an administrator of the server for an invitation link, then use --invitation-file or --invitation-stdin",
	client.Code(protocol.CodeInvitationQuota):    "revoke some with vaultsphere admin revoke",
	client.Code(protocol.CodeSuspended):          "ask an administrator of the server; the vault is as it was",
	client.Code(protocol.CodeNotAdministrator):   "ask an administrator of the server; on its host, vaultsphered users promote makes one",
	client.Code(protocol.CodeLastAdministrator):  "make another user an administrator with vaultsphere admin promote",
	client.Code(protocol.CodeTOTPInvalid):        "wait for the next code, and check the clock of the device that shows it",
	client.Code(protocol.CodeUsernameTaken):      "choose another username, or sign in with vaultsphere login",
}

// findingHints take precedence over those of the code.
var findingHints = map[bridge.FindingCode]string{
	bridge.CacheOlder:   "try again when the server can be reached: the vault is then downloaded again",
	bridge.CacheOther:   "try again when the server can be reached: the vault is then downloaded again",
	bridge.ItemTooLarge: "shorten the notes or the fields",
}

func hintFor(err error) string {
	var hinted *hintedError
	if errors.As(err, &hinted) {
		return hinted.hint
	}
	f := client.Explain(err)
	for _, found := range f.Findings {
		if hint := findingHints[found.Code]; hint != "" {
			return hint
		}
	}
	switch {
	case errors.Is(err, client.ErrUncertain):
		return "the server may have made the change: check with vaultsphere list before you try again"
	case f.Code == client.Code(protocol.CodeWaiting): // longer than the server says: it cannot know
		return hints[f.Code]
	case f.RetryAfter > 0:
		return "try again in " + f.RetryAfter.Round(time.Second).String()
	case f.RequestID != "":
		return "the server's operator can find the cause in the log under request " + f.RequestID
	case errors.Is(err, client.ErrWrongPhrase):
		return "check the username, and use the newest recovery phrase"
	}
	return hints[f.Code]
}
