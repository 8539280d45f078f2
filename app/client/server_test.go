package client_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/store/sqlite"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// routes is the API of format 2 on a real service and a real store. It has no limits of rate, size or time.
type routes struct {
	t       testing.TB
	service *vault.Service
}

// startRoutes returns the URL of a server.
func startRoutes(t testing.TB) string {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "vault.db"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := vault.ParseKeyring("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")
	if err != nil {
		t.Fatal(err)
	}
	s := vault.NewService(store, keys, vault.Limits{Attachments: 1 << 30, Records: vault.Quota{Items: 50_000, Bytes: 96 << 20}, Sessions: 50}, time.Now)
	r := &routes{t, s}
	server := httptest.NewServer(r.handler())
	t.Cleanup(func() {
		server.Close()
		_ = store.Close()
	})
	return server.URL
}

func (s *routes) handler() http.Handler {
	mux := http.NewServeMux()
	door := vault.Door{Open: true}
	guest(mux, "POST "+protocol.PathPrelogin, s.service.PasswordKDF)
	guest(mux, "POST "+protocol.PathUsers, func(ctx context.Context, in protocol.NewUserRequest) (protocol.UserSession, error) {
		e, err := s.service.RegisterUser(ctx, in, door, vault.Caller{})
		return protocol.UserSession{Token: e.Token, Account: e.User}, err
	})
	guest(mux, "POST "+protocol.PathRegisterCheck, func(ctx context.Context, in protocol.RegisterCheckRequest) (none, error) {
		return none{}, s.service.CheckRegistration(ctx, in, door)
	})
	guest(mux, "POST "+protocol.PathLogin, func(ctx context.Context, in protocol.LoginRequest) (protocol.UserSession, error) {
		e, err := s.service.Login(ctx, in, vault.Caller{})
		return protocol.UserSession{Token: e.Token, Account: e.User}, err
	})
	guest(mux, "POST "+protocol.PathRecoveryOpen, s.service.OpenPhrase)
	guest(mux, "POST "+protocol.PathRecoveryFinish, func(ctx context.Context, in protocol.PhraseEntryRequest) (protocol.UserSession, error) {
		e, err := s.service.PhraseEntry(ctx, in, vault.Caller{})
		return protocol.UserSession{Token: e.Token, Account: e.User}, err
	})
	member(s, mux, "GET "+protocol.PathAccount, func(r *http.Request, session vault.Session, _ none) (any, error) {
		return s.service.UserAccount(r.Context(), session)
	})
	member(s, mux, "POST "+protocol.PathLogout, func(r *http.Request, session vault.Session, _ none) (any, error) {
		return nil, s.service.Logout(r.Context(), session)
	})
	member(s, mux, "POST "+protocol.PathAccountDelete, func(r *http.Request, session vault.Session, in protocol.DeleteAccountRequest) (any, error) {
		return nil, s.service.DeleteAccount(r.Context(), session, in)
	})
	member(s, mux, "POST "+protocol.PathAccountEntry, func(r *http.Request, session vault.Session, in protocol.AccountEntryRequest) (any, error) {
		return nil, s.service.AccountEntry(r.Context(), session, in)
	})
	member(s, mux, "POST "+protocol.PathTOTPBegin, func(r *http.Request, session vault.Session, in protocol.TOTPBeginRequest) (any, error) {
		return s.service.BeginTOTP(r.Context(), session, in)
	})
	member(s, mux, "POST "+protocol.PathTOTPConfirm, func(r *http.Request, session vault.Session, in protocol.TOTPConfirmRequest) (any, error) {
		return nil, s.service.ConfirmTOTP(r.Context(), session, in)
	})
	member(s, mux, "POST "+protocol.PathTOTPRemove, func(r *http.Request, session vault.Session, in protocol.TOTPRemoveRequest) (any, error) {
		return nil, s.service.RemoveTOTP(r.Context(), session, in)
	})
	member(s, mux, "GET "+protocol.PathSessions, func(r *http.Request, session vault.Session, _ none) (any, error) {
		return s.service.Sessions(r.Context(), session)
	})
	member(s, mux, "POST "+protocol.PathSessionsEnd, func(r *http.Request, session vault.Session, in protocol.EndSessionsRequest) (any, error) {
		return nil, s.service.EndSessions(r.Context(), session, in)
	})
	member(s, mux, "GET "+protocol.PathVaultOf, func(r *http.Request, session vault.Session, _ none) (any, error) {
		number := func(name string) int64 {
			n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
			if err != nil {
				s.t.Errorf("%s: %v", r.URL, err)
			}
			return n
		}
		asked := vault.Asked{Since: number("since"), After: number("after"), Revision: number("revision")}
		out := collected{Records: []protocol.VaultRecord{}}
		err := s.service.VaultChanges(r.Context(), session, r.PathValue("vault"), asked, &out)
		return protocol.VaultAnswer(out), err
	})
	member(s, mux, "POST "+protocol.PathVaultWrites, func(r *http.Request, session vault.Session, in protocol.WriteRequest) (any, error) {
		return nil, s.service.Write(r.Context(), session, r.PathValue("vault"), in)
	})
	member(s, mux, "GET "+protocol.PathVaultAttachments, func(r *http.Request, session vault.Session, _ none) (any, error) {
		return s.service.VaultAttachments(r.Context(), session, r.PathValue("vault"))
	})
	member(s, mux, "PUT "+protocol.PathVaultChunk, func(r *http.Request, session vault.Session, in protocol.Chunk) (any, error) {
		return nil, s.service.PutVaultChunk(r.Context(), session, r.PathValue("vault"), r.PathValue("id"), r.PathValue("chunk"), in)
	})
	member(s, mux, "GET "+protocol.PathVaultChunk, func(r *http.Request, session vault.Session, _ none) (any, error) {
		return s.service.VaultChunk(r.Context(), session, r.PathValue("vault"), r.PathValue("id"), r.PathValue("chunk"))
	})
	return mux
}

// collected is an answer in memory.
type collected protocol.VaultAnswer

func (c *collected) Begin(log protocol.VaultLog) error {
	c.VaultLog = log
	return nil
}

func (c *collected) Write(r protocol.VaultRecord) error {
	c.Records = append(c.Records, r)
	return nil
}

type none struct{}

func guest[In, Out any](mux *http.ServeMux, pattern string, do func(context.Context, In) (Out, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			answer(w, nil, &vault.Error{Code: protocol.CodeBadRequest, Message: err.Error()})
			return
		}
		out, err := do(r.Context(), in)
		if _, empty := any(out).(none); empty {
			answer(w, nil, err)
			return
		}
		answer(w, out, err)
	})
}

func member[In any](s *routes, mux *http.ServeMux, pattern string, do func(*http.Request, vault.Session, In) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		session, err := s.service.Authenticate(r.Context(), token)
		var in In
		if _, empty := any(in).(none); err == nil && !empty {
			if json.NewDecoder(r.Body).Decode(&in) != nil {
				err = &vault.Error{Code: protocol.CodeBadRequest, Message: "malformed body"}
			}
		}
		if err != nil {
			answer(w, nil, err)
			return
		}
		out, err := do(r, session, in)
		answer(w, out, err)
	})
}

var statuses = map[protocol.Code]int{
	protocol.CodeUnauthorized: 401, protocol.CodeInvalidCredentials: 401, protocol.CodeTOTPRequired: 401, protocol.CodeTOTPInvalid: 401,
	protocol.CodeNotFound: 404, protocol.CodeUsernameTaken: 409, protocol.CodeUserIDTaken: 409, protocol.CodeRevisionConflict: 409,
	protocol.CodeConflict: 409, protocol.CodeQuotaReached: 403, protocol.CodeItemQuotaReached: 403, protocol.CodeRecordQuotaReached: 403,
	protocol.CodeTooLarge: 413, protocol.CodeInternal: 500,
}

func answer(w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		failure := vault.Answer(err)
		status := statuses[failure.Code]
		if status == 0 {
			status = 400
		}
		w.WriteHeader(status)
		out = protocol.Error{Code: failure.Code, Message: failure.Message, RequestID: "7f25dcca024ce079"}
	}
	if out == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}
