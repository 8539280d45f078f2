package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// unhinted lists the codes without a hint: the message, the time to wait or the request id says enough, or
// only the page gets it.
var unhinted = []client.Code{
	"bad_input", "bad_phrase", "bad_request", "cancelled", "forbidden", "internal", "locked", "method_not_allowed", "not_found",
	"record_unreadable", "reprompt", "server_fault", "storage_unavailable", "throttled", "too_large", "too_slow", "totp_required", "unavailable",
	"unsupported_media", "user_id_taken", "wrong_password",
}

// codesOf lists the values of the constants of type Code in a file.
func codesOf(t *testing.T, path string) []client.Code {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out []client.Code
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
			if value, ok := spec.Values[0].(*ast.BasicLit); ok {
				text, err := strconv.Unquote(value.Value)
				if err != nil {
					t.Fatal(err)
				}
				out = append(out, client.Code(text))
			}
		}
		return true
	})
	return out
}

func TestEveryCodeHasAHintOrNeedsNone(t *testing.T) {
	codes := slices.Concat(codesOf(t, "../../client/code.go"), codesOf(t, "../../protocol/errors.go"))
	if len(codes) < 40 {
		t.Fatalf("only %d codes were found", len(codes))
	}
	for _, code := range codes {
		if (hints[code] == "") != slices.Contains(unhinted, code) {
			t.Errorf("%s: hint %q, listed as needing none: %v", code, hints[code], slices.Contains(unhinted, code))
		}
	}
	for code := range hints {
		if !slices.Contains(codes, code) {
			t.Errorf("there is a hint for %s, which is not a code", code)
		}
	}
}

func TestHints(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("x"), ""},
		{withHint(client.ErrOffline, "mine"), "mine"},
		{fmt.Errorf("%w: x", client.ErrOffline), hints[client.CodeOffline]},
		{fmt.Errorf("%w: x", client.ErrSignedOut), signInHint},
		{&client.ServerError{Code: protocol.CodeUnauthorized}, signInHint},
		{&client.ServerError{Code: protocol.CodeThrottled, RetryAfter: 90 * time.Second}, "try again in 1m30s"},
		{&client.ServerError{Code: protocol.CodeInternal, RequestID: "7f25"}, "the server's operator can find the cause in the log under request 7f25"},
		{&client.ServerError{Code: protocol.CodeInternal}, ""},
		{&client.RolledBackError{Seen: 2, Got: 1}, hints[client.CodeVaultRolledBack]},
		{&client.RolledBackError{Seen: 2, Got: 1, Copy: true}, "try again when the server can be reached: the vault is then downloaded again"},
		{fmt.Errorf("derive: %w", seal.ErrKDFMismatch), hints[client.CodeKDFRefused]},
		{&client.UnsentError{Changes: 1}, hints[client.CodeUnsent]},
	} {
		if got := hintFor(c.err); got != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
	}
}
