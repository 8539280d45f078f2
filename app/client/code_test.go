package client_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
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
