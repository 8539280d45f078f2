package client_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/directory"
	"github.com/vaultsphere/vaultsphere/app/client/imports"
	"github.com/vaultsphere/vaultsphere/app/client/members"
	"github.com/vaultsphere/vaultsphere/app/client/replica"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/protocol/bridge"
	"github.com/vaultsphere/vaultsphere/app/seal"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func TestExplainGivesEveryErrorItsCode(t *testing.T) {
	t.Parallel()
	server := &client.ServerError{Status: 503, Code: protocol.CodeStorageUnavailable, Message: "m", RetryAfter: time.Second, RequestID: "r"}
	for _, c := range []struct {
		err  error
		want client.Code
	}{
		{errors.New("x"), "internal"},
		{context.Canceled, "cancelled"},
		{client.ErrLocked, "locked"},
		{fmt.Errorf("%w: %w", client.ErrWrongPassword, seal.ErrWrongKey), "wrong_password"},
		{fmt.Errorf("%w: %w", client.ErrTOTPRequired, &client.ServerError{Code: protocol.CodeTOTPRequired}), "totp_required"},
		{&client.ServerError{Code: protocol.CodeThrottled}, "throttled"},
		{&client.ServerError{Code: protocol.CodeInternal, RequestID: "r"}, "server_fault"},
		{&client.ServerError{Code: protocol.CodeForbidden}, "server_fault"},
		{&client.ServerError{Code: protocol.CodeBadRequest}, "bad_request"},
		{fmt.Errorf("%w: x", client.ErrIntercepted), "intercepted"},
		{client.ErrDays, "bad_input"},
		{directory.ErrInvitee, "bad_input"},
		{&client.AnswerError{Path: "/", Err: client.ErrLongAnswer}, "bad_answer"},
		{fmt.Errorf("%w: %w", client.ErrSignedOut, &client.ServerError{Code: protocol.CodeUnauthorized}), "unauthorized"},
		{server, "storage_unavailable"},
		{fmt.Errorf("%w: %w", client.ErrUncertain, server), "storage_unavailable"},
		{fmt.Errorf("%w: x", client.ErrUncertain), "offline"},
		{fmt.Errorf("%w: x", client.ErrOffline), "offline"},
		{&seal.WordError{Number: 3}, "bad_phrase"},
		{seal.ErrPhraseChecksum, "bad_phrase"},
		{client.ErrWrongPhrase, "bad_phrase"},
		{fmt.Errorf("derive: %w", seal.ErrUnknownCost), "kdf_refused"},
		{fmt.Errorf("open: %w", seal.ErrKDFMismatch), "kdf_refused"},
		{fmt.Errorf("open: %w", seal.ErrWrongUser), "vault_altered"},
		{&client.VaultAlteredError{Problems: []error{errors.New("x")}, Err: seal.ErrAltered}, "vault_altered"},
		{&client.RolledBackError{Seen: 2, Got: 1}, "vault_rolled_back"},
		{&client.UnreadableError{ID: "x", Err: seal.ErrAltered}, "record_unreadable"},
		{fmt.Errorf("item 2: %w", &item.FieldError{Field: "title"}), "bad_input"},
		{seal.ErrEmptyPassword, "bad_input"},
		{client.ErrNotFound, "not_found"},
		{fmt.Errorf("%w: %w", transfer.ErrMalformed, seal.ErrKDFTooCostly), "file_damaged"},
		{transfer.ErrWrongPassword, "file_wrong_password"},
		{&client.ConflictError{IDs: []string{"x"}}, "conflict"},
		{client.ErrBusy, "revision_conflict"},
	} {
		if got := client.Explain(c.err); got.Code != c.want {
			t.Errorf("%v: got %+v, want %s", c.err, got, c.want)
		}
	}
	if f := client.Explain(fmt.Errorf("%w: %w", client.ErrUncertain, server)); f.RetryAfter != time.Second {
		t.Errorf("got %+v", f)
	}
	fault := client.Explain(&client.ServerError{Code: protocol.CodeInternal, RequestID: "r"})
	if fault.RequestID != "r" {
		t.Errorf("got %+v", fault)
	}
}

func TestExplainGivesFindings(t *testing.T) {
	t.Parallel()
	place := seal.RecordPlace{Item: chain.ID{1}, Kind: chain.RecordDetails, Version: 2}
	for _, c := range []struct {
		err  error
		want bridge.Finding
	}{
		{&client.RolledBackError{Seen: 3, Got: 2}, bridge.Finding{Code: bridge.VaultOlder, Got: 2, Want: 3}},
		{&client.RolledBackError{Seen: 3, Got: 3}, bridge.Finding{Code: bridge.VaultOther, Got: 3, Want: 3}},
		{&client.RolledBackError{Seen: 3, Got: 2, Copy: true}, bridge.Finding{Code: bridge.CacheOlder, Got: 2, Want: 3}},
		{&client.RolledBackError{Seen: 3, Got: 3, Copy: true}, bridge.Finding{Code: bridge.CacheOther, Got: 3, Want: 3}},
		{fmt.Errorf("open: %w", seal.ErrWrongUser), bridge.Finding{Code: bridge.SealAltered}},
		{&client.VaultAlteredError{Problems: []error{&seal.RecordError{Place: place, Err: seal.ErrAltered}}}, bridge.Finding{Code: bridge.RecordAltered, Name: place.Item.String()}},
		{&client.VaultAlteredError{Problems: []error{&seal.RecordError{Place: place, Err: seal.ErrMisplaced}}}, bridge.Finding{Code: bridge.RecordMisplaced, Name: place.Item.String()}},
		{&client.UnreadableError{ID: "x", Err: item.ErrMalformed}, bridge.Finding{Code: bridge.ContentMalformed}},
		{&client.UnreadableError{ID: "x", Err: errors.New("other")}, bridge.Finding{Code: bridge.ContentUnopened}},
		{&item.FieldError{Field: "fields[2].value", Rule: item.RuleLength, Have: 7, Limit: 5}, bridge.Finding{Code: bridge.FieldLength, Name: "itemForm.fieldValue", Number: 3, Got: 7, Want: 5}},
		{seal.ErrEmptyPassword, bridge.Finding{Code: bridge.PasswordEmpty}},
	} {
		if got := client.Explain(c.err).Findings; !slices.Equal(got, []bridge.Finding{c.want}) {
			t.Errorf("%v: got %+v, want %+v", c.err, got, c.want)
		}
	}
	for _, err := range []error{client.ErrWrongPassword, client.ErrOffline, errors.New("x"), &client.VaultAlteredError{Problems: make([]error, 0)}} {
		if got := client.Explain(err).Findings; len(got) != 0 {
			t.Errorf("%v: got %+v", err, got)
		}
	}
	many := &client.VaultAlteredError{Problems: slices.Repeat([]error{seal.ErrAltered}, 100)}
	if got := client.Explain(many).Findings; len(got) != 5 {
		t.Errorf("%d findings of 100 problems", len(got))
	}
}

// sentinels are the exported errors of the packages from which Explain gets its errors.
var sentinels = map[string]error{
	"client.ErrStorage":          client.ErrStorage,
	"client.ErrAlarm":            client.ErrAlarm,
	"client.ErrCacheMoved":       client.ErrCacheMoved,
	"client.ErrLocked":           client.ErrLocked,
	"client.ErrPasswordChanged":  client.ErrPasswordChanged,
	"client.ErrRekeyed":          client.ErrRekeyed,
	"client.ErrSignedOut":        client.ErrSignedOut,
	"client.ErrWrongPassword":    client.ErrWrongPassword,
	"client.ErrCostLowered":      client.ErrCostLowered,
	"client.ErrNoUser":           client.ErrNoUser,
	"client.ErrReplaced":         client.ErrReplaced,
	"client.ErrUsername":         client.ErrUsername,
	"client.ErrWrongPhrase":      client.ErrWrongPhrase,
	"client.ErrTOTPRequired":     client.ErrTOTPRequired,
	"client.ErrNotFound":         client.ErrNotFound,
	"client.ErrNoAttachment":     client.ErrNoAttachment,
	"client.ErrAttachmentGone":   client.ErrAttachmentGone,
	"client.ErrOffline":          client.ErrOffline,
	"client.ErrIntercepted":      client.ErrIntercepted,
	"client.ErrUncertain":        client.ErrUncertain,
	"client.ErrReprompt":         client.ErrReprompt,
	"client.ErrReadOnly":         client.ErrReadOnly,
	"client.ErrNotInCopy":        client.ErrNotInCopy,
	"client.ErrCopyDamaged":      client.ErrCopyDamaged,
	"client.ErrNoCopy":           client.ErrNoCopy,
	"client.ErrBusy":             client.ErrBusy,
	"client.ErrLongAnswer":       client.ErrLongAnswer,
	"client.ErrMemory":           client.ErrMemory,
	"client.ErrOtherIdentity":    client.ErrOtherIdentity,
	"client.ErrNoAlarm":          client.ErrNoAlarm,
	"client.ErrOtherHead":        client.ErrOtherHead,
	"client.ErrNoRevision":       client.ErrNoRevision,
	"client.ErrHistoryAltered":   client.ErrHistoryAltered,
	"client.ErrUnproven":         client.ErrUnproven,
	"client.ErrRolledBack":       client.ErrRolledBack,
	"client.ErrNoCommon":         client.ErrNoCommon,
	"client.ErrLogParted":        client.ErrLogParted,
	"client.ErrNothingToMerge":   client.ErrNothingToMerge,
	"client.ErrSelf":             client.ErrSelf,
	"directory.ErrCards":         directory.ErrCards,
	"directory.ErrParted":        directory.ErrParted,
	"directory.ErrOlder":         directory.ErrOlder,
	"directory.ErrFingerprint":   directory.ErrFingerprint,
	"client.ErrNoInvitation":     client.ErrNoInvitation,
	"directory.ErrOffer":         directory.ErrOffer,
	"directory.ErrInvitee":       directory.ErrInvitee,
	"client.ErrDays":             client.ErrDays,
	"directory.ErrAnswer":        directory.ErrAnswer,
	"directory.ErrMoved":         directory.ErrMoved,
	"directory.ErrPin":           directory.ErrPin,
	"directory.ErrVaultPin":      directory.ErrVaultPin,
	"directory.ErrNoVaultPin":    directory.ErrNoVaultPin,
	"directory.ErrVaultParted":   directory.ErrVaultParted,
	"client.ErrVaultAwaited":     client.ErrVaultAwaited,
	"client.ErrNotInvited":       client.ErrNotInvited,
	"members.ErrNotMember":       members.ErrNotMember,
	"members.ErrNoMember":        members.ErrNoMember,
	"members.ErrMember":          members.ErrMember,
	"members.ErrRole":            members.ErrRole,
	"members.ErrClosed":          members.ErrClosed,
	"members.ErrSelf":            members.ErrSelf,
	"members.ErrLastOwner":       members.ErrLastOwner,
	"members.ErrFull":            members.ErrFull,
	"members.ErrUnverified":      members.ErrUnverified,
	"members.ErrSame":            members.ErrSame,
	"members.ErrRotateFirst":     members.ErrRotateFirst,
	"members.ErrNoKey":           members.ErrNoKey,
	"members.ErrPolicy":          members.ErrPolicy,
	"members.ErrUnseen":          members.ErrUnseen,
	"client.ErrVaultWithheld":    client.ErrVaultWithheld,
	"client.ErrVaultLeft":        client.ErrVaultLeft,
	"client.ErrVaultRole":        client.ErrVaultRole,
	"client.ErrVaultClosed":      client.ErrVaultClosed,
	"client.ErrVaultName":        client.ErrVaultName,
	"client.ErrNoVault":          client.ErrNoVault,
	"client.ErrVaultNames":       client.ErrVaultNames,
	"client.ErrPersonalVault":    client.ErrPersonalVault,
	"replica.ErrTooManyVersions": replica.ErrTooManyVersions,
	"replica.ErrRolledBack":      replica.ErrRolledBack,
	"replica.ErrNotFound":        replica.ErrNotFound,
	"replica.ErrExpired":         replica.ErrExpired,
	"replica.ErrOtherToken":      replica.ErrOtherToken,
	"replica.ErrNoEpochKey":      replica.ErrNoEpochKey,
	"replica.ErrNoOverview":      replica.ErrNoOverview,
	"replica.ErrNoDetails":       replica.ErrNoDetails,
	"imports.ErrImportChoice":    imports.ErrImportChoice,
	"seal.ErrBadID":              seal.ErrBadID,
	"seal.ErrBadPlace":           seal.ErrBadPlace,
	"seal.ErrEmptyPassword":      seal.ErrEmptyPassword,
	"seal.ErrPasswordText":       seal.ErrPasswordText,
	"seal.ErrKDFTooWeak":         seal.ErrKDFTooWeak,
	"seal.ErrKDFTooCostly":       seal.ErrKDFTooCostly,
	"seal.ErrUnknownCost":        seal.ErrUnknownCost,
	"seal.ErrKDFMismatch":        seal.ErrKDFMismatch,
	"seal.ErrPhraseLength":       seal.ErrPhraseLength,
	"seal.ErrPhraseChecksum":     seal.ErrPhraseChecksum,
	"seal.ErrWrongKey":           seal.ErrWrongKey,
	"seal.ErrWrongUser":          seal.ErrWrongUser,
	"seal.ErrWrongMethod":        seal.ErrWrongMethod,
	"seal.ErrOldKey":             seal.ErrOldKey,
	"seal.ErrAltered":            seal.ErrAltered,
	"seal.ErrMisplaced":          seal.ErrMisplaced,
	"seal.ErrTooLarge":           seal.ErrTooLarge,
	"seal.ErrCardKeys":           seal.ErrCardKeys,
	"seal.ErrNotMember":          seal.ErrNotMember,
	"seal.ErrCommitment":         seal.ErrCommitment,
	"seal.ErrExportAltered":      seal.ErrExportAltered,
	"chain.ErrEncoding":          chain.ErrEncoding,
	"chain.ErrCard":              chain.ErrCard,
	"chain.ErrTwoCards":          chain.ErrTwoCards,
	"chain.ErrUnknownCard":       chain.ErrUnknownCard,
	"chain.ErrSignature":         chain.ErrSignature,
	"chain.ErrVault":             chain.ErrVault,
	"chain.ErrPredecessor":       chain.ErrPredecessor,
	"chain.ErrOp":                chain.ErrOp,
	"chain.ErrClosed":            chain.ErrClosed,
	"chain.ErrAuthor":            chain.ErrAuthor,
	"chain.ErrRole":              chain.ErrRole,
	"chain.ErrRoster":            chain.ErrRoster,
	"chain.ErrEnvelope":          chain.ErrEnvelope,
	"chain.ErrEpoch":             chain.ErrEpoch,
	"chain.ErrAnnex":             chain.ErrAnnex,
	"chain.ErrRevision":          chain.ErrRevision,
	"chain.ErrEntry":             chain.ErrEntry,
	"chain.ErrFork":              chain.ErrFork,
	"chain.ErrOperations":        chain.ErrOperations,
	"chain.ErrRoot":              chain.ErrRoot,
	"chain.ErrDocument":          chain.ErrDocument,
	"item.ErrMalformed":          item.ErrMalformed,
}

// fromFiles are errors of files, to which app/transfer gives a code.
var fromFiles = []string{"seal.ErrKDFTooWeak", "seal.ErrKDFTooCostly", "seal.ErrExportAltered"}

// The page and the command line have no sentence for "internal".
func TestEveryExportedErrorHasACode(t *testing.T) {
	t.Parallel()
	declared := map[string]bool{}
	for name, dir := range map[string]string{
		"client": ".", "replica": "replica", "outbox": "outbox", "imports": "imports", "directory": "directory", "members": "members", "seal": "../seal", "chain": "../chain", "item": "../item",
	} {
		for _, e := range exportedErrors(t, dir) {
			declared[name+"."+e] = true
			if sentinels[name+"."+e] == nil {
				t.Errorf("%s.%s is not in the list of this test", name, e)
			}
		}
	}
	for name, err := range sentinels {
		if !declared[name] {
			t.Errorf("%s no longer exists", name)
		}
		code := client.Explain(fmt.Errorf("wrapped: %w", err)).Code
		if unexplained := code == client.CodeInternal; unexplained != slices.Contains(fromFiles, name) {
			t.Errorf("%s: code %q", name, code)
		}
	}
}

// exportedErrors returns the names that begin with "Err" and are declared with var or const.
func exportedErrors(t *testing.T, dir string) (out []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", dir, err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				v, ok := spec.(*ast.ValueSpec)
				if !ok {
					continue
				}
				for _, name := range v.Names {
					if strings.HasPrefix(name.Name, "Err") {
						out = append(out, name.Name)
					}
				}
			}
		}
	}
	return out
}
