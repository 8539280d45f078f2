package server

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// A handler answers, or returns an error before writing anything.
type handler func(http.ResponseWriter, *http.Request) error

var (
	errCrossOrigin = &vault.Error{Code: protocol.CodeForbidden, Message: "cross-origin requests are not allowed"}
	errNotFound    = &vault.Error{Code: protocol.CodeNotFound, Message: "not found"}
	errMethod      = &vault.Error{Code: protocol.CodeMethodNotAllowed, Message: "this method is not allowed here"}
	errNotReady    = &vault.Error{Code: protocol.CodeUnavailable, Message: "this server cannot serve logins at the moment", RetryAfter: probeEvery}
	errDraining    = &vault.Error{Code: protocol.CodeUnavailable, Message: "this server is shutting down", RetryAfter: time.Second}
)

// crossOrigin rejects a cross-origin request. Without Sec-Fetch-Site, which browsers do not send over plain HTTP, the check
// compares Origin and Host; a proxy that changes one of them makes every request look cross-origin.
func crossOrigin(_ http.ResponseWriter, r *http.Request) error {
	origin, err := url.Parse(r.Header.Get("Origin"))
	if r.Header.Get("Sec-Fetch-Site") != "" || err != nil || origin.Host == "" {
		return errCrossOrigin
	}
	return &vault.Error{Code: protocol.CodeForbidden, Message: fmt.Sprintf(
		"cross-origin requests are not allowed: the page is at %s, but the request was for %s; a proxy in between must pass on the Host header",
		origin.Host, r.Host)}
}

// refuseMethod answers 405 and lists the allowed methods (RFC 9110 §15.5.6).
func refuseMethod(routes chi.Routes) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		for _, m := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if routes.Match(chi.NewRouteContext(), m, r.URL.Path) {
				w.Header().Add("Allow", m)
			}
		}
		return errMethod
	}
}

var statuses = map[protocol.Code]int{
	protocol.CodeBadRequest:         http.StatusBadRequest,
	protocol.CodeUnauthorized:       http.StatusUnauthorized,
	protocol.CodeInvalidCredentials: http.StatusUnauthorized,
	protocol.CodeTOTPRequired:       http.StatusUnauthorized,
	protocol.CodeTOTPInvalid:        http.StatusUnauthorized,
	protocol.CodeForbidden:          http.StatusForbidden,
	protocol.CodeInvitationRequired: http.StatusForbidden,
	protocol.CodeInvitationInvalid:  http.StatusForbidden,
	protocol.CodeInvitationQuota:    http.StatusForbidden,
	protocol.CodeSuspended:          http.StatusForbidden,
	protocol.CodeNotAdministrator:   http.StatusForbidden,
	protocol.CodeQuotaReached:       http.StatusForbidden,
	protocol.CodeItemQuotaReached:   http.StatusForbidden,
	protocol.CodeRecordQuotaReached: http.StatusForbidden,
	protocol.CodeBranchQuotaReached: http.StatusForbidden,
	protocol.CodeVaultQuota:         http.StatusForbidden,
	protocol.CodeRole:               http.StatusForbidden,
	protocol.CodeKeptQuota:          http.StatusForbidden,
	protocol.CodeNotFound:           http.StatusNotFound,
	protocol.CodeMethodNotAllowed:   http.StatusMethodNotAllowed,
	protocol.CodeUsernameTaken:      http.StatusConflict,
	protocol.CodeUserIDTaken:        http.StatusConflict,
	protocol.CodeLastAdministrator:  http.StatusConflict,
	protocol.CodeMemberRefused:      http.StatusConflict,
	protocol.CodeRevisionConflict:   http.StatusConflict,
	protocol.CodeConflict:           http.StatusConflict,
	protocol.CodeTooLarge:           http.StatusRequestEntityTooLarge,
	protocol.CodeTooSlow:            http.StatusRequestTimeout,
	protocol.CodeUnsupportedMedia:   http.StatusUnsupportedMediaType,
	protocol.CodeThrottled:          http.StatusTooManyRequests,
	protocol.CodeInternal:           http.StatusInternalServerError,
	protocol.CodeUnavailable:        http.StatusServiceUnavailable,
	protocol.CodeWaiting:            http.StatusServiceUnavailable,
	protocol.CodeStorageUnavailable: http.StatusServiceUnavailable,
	protocol.CodeStorageFull:        http.StatusInsufficientStorage,
}

// handle is the only place that answers errors and logs their causes.
func (s *Server) handle(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	}
}

func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	e := vault.Answer(err)
	status, ok := statuses[e.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	noteCode(r.Context(), e.Code)
	s.metrics.failed(e.Code)
	if status >= 500 && e.Code != protocol.CodeUnavailable && e.Code != protocol.CodeWaiting {
		s.log.LogAttrs(r.Context(), slog.LevelError, "request failed",
			slog.String("request_id", requestID(r.Context())), slog.String("code", string(e.Code)), slog.String("cause", err.Error()))
	}
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	body := protocol.Error{Code: e.Code, Message: e.Message, RequestID: requestID(r.Context()), News: e.News}
	if err := writeJSON(w, status, body); err != nil {
		s.lost(r.Context(), err)
	}
}

// lost logs an answer that did not reach the client.
func (s *Server) lost(ctx context.Context, err error) {
	s.log.LogAttrs(ctx, slog.LevelDebug, "answer not delivered", slog.String("request_id", requestID(ctx)), slog.String("cause", err.Error()))
}

// reply answers 200. A failed delivery is logged, but does not fail the request.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, body any) error {
	if err := writeJSON(w, http.StatusOK, body); err != nil {
		s.lost(r.Context(), err)
	}
	return nil
}

func writeJSON(w http.ResponseWriter, status int, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err) // cannot happen: the bodies of package protocol always encode
	}
	noStore(w)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)+1))
	w.WriteHeader(status)
	_, err = w.Write(append(b, '\n'))
	return err
}

func done(w http.ResponseWriter) error {
	noStore(w)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func noStore(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }
