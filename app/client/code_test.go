package client_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/protocol"
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
		{fmt.Errorf("%w: %w", client.ErrSignedOut, &client.ServerError{Code: protocol.CodeUnauthorized}), "unauthorized"},
		{server, "storage_unavailable"},
		{fmt.Errorf("%w: %w", client.ErrUncertain, server), "storage_unavailable"},
		{fmt.Errorf("%w: x", client.ErrUncertain), "offline"},
		{fmt.Errorf("%w: x", client.ErrOffline), "offline"},
		{&seal.WordError{Number: 3}, "bad_phrase"},
		{seal.ErrPhraseChecksum, "bad_phrase"},
		{client.ErrWrongPhrase, "bad_phrase"},
		{fmt.Errorf("derive: %w", seal.ErrKDFTooCostly), "kdf_refused"},
		{fmt.Errorf("open: %w", seal.ErrKDFMismatch), "kdf_refused"},
		{fmt.Errorf("open: %w", seal.ErrWrongUser), "vault_altered"},
		{&client.VaultAlteredError{Problems: []string{"x"}, Err: seal.ErrAltered}, "vault_altered"},
		{&client.RolledBackError{Seen: 2, Got: 1}, "vault_rolled_back"},
		{&client.UnreadableError{ID: "x", Err: seal.ErrAltered}, "record_unreadable"},
		{fmt.Errorf("item 2: %w", &item.FieldError{Field: "title"}), "bad_input"},
		{seal.ErrEmptyPassword, "bad_input"},
		{client.ErrNotFound, "not_found"},
		{fmt.Errorf("%w: %w", transfer.ErrMalformed, seal.ErrKDFTooCostly), "file_damaged"},
		{transfer.ErrWrongPassword, "file_wrong_password"},
		{&client.KeptError{IDs: []string{"x"}}, "conflict"},
		{client.ErrBusy, "revision_conflict"},
	} {
		if got := client.Explain(c.err); got.Code != c.want {
			t.Errorf("%v: got %+v, want %s", c.err, got, c.want)
		}
	}
	if f := client.Explain(fmt.Errorf("%w: %w", client.ErrUncertain, server)); f.RetryAfter != time.Second || f.Hint == "" {
		t.Errorf("got %+v", f)
	}
}
