package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

type contextKey int

const noteKey contextKey = 0

// note collects the details of a request for the log. One goroutine serves a request, so it needs no lock.
type note struct {
	id   string
	code protocol.Code
	page bool // a file of the page was served; these have no route

	body   *body     // of the request, if it was read
	opened time.Time // when an event stream began; zero for other answers
}

func requestID(ctx context.Context) string {
	if n, ok := ctx.Value(noteKey).(*note); ok {
		return n.id
	}
	return ""
}

func noteCode(ctx context.Context, code protocol.Code) {
	if n, ok := ctx.Value(noteKey).(*note); ok {
		n.code = code
	}
}

func notePage(ctx context.Context) {
	if n, ok := ctx.Value(noteKey).(*note); ok {
		n.page = true
	}
}

func noteBody(ctx context.Context, b *body) {
	if n, ok := ctx.Value(noteKey).(*note); ok {
		n.body = b
	}
}

func noteStream(ctx context.Context) {
	if n, ok := ctx.Value(noteKey).(*note); ok {
		n.opened = time.Now()
	}
}

// identify assigns a request ID. It ignores an ID from the client, which could be chosen to confuse the log.
func (s *Server) identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b [8]byte
		rand.Read(b[:])
		n := &note{id: hex.EncodeToString(b[:])}
		w.Header().Set("X-Request-Id", n.id)
		defer func() {
			if n.body != nil {
				n.body.free()
			}
		}()
		ctx := vault.WithOrigin(context.WithValue(r.Context(), noteKey, n), vault.Origin{Address: s.clientAddr(r).String(), Request: n.id})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// observe logs and measures each request by its route pattern: the path itself may contain the ID of an attachment.
func (s *Server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		s.warnOfProxy(r)
		ww := &writer{ResponseWriter: w}
		s.metrics.inFlight.Inc()
		defer func() {
			s.metrics.inFlight.Dec()
			route := chi.RouteContext(r.Context()).RoutePattern()
			n, _ := r.Context().Value(noteKey).(*note)
			if route == "" {
				route = "none"
				if n.page {
					route = "page"
				}
			}
			status := ww.status
			if status == 0 {
				status = http.StatusOK
			}
			took := time.Since(start)
			if !n.opened.IsZero() {
				took = n.opened.Sub(start) // how long a stream stays open says nothing about the server's speed
			}
			s.metrics.observe(r.Method, route, status, took)
			level := slog.LevelInfo
			if route == protocol.PathHealth || route == protocol.PathReady {
				level = slog.LevelDebug
			}
			attrs := []slog.Attr{
				slog.String("request_id", n.id), slog.String("method", methodName(r.Method)), slog.String("route", route),
				slog.Int("status", status), slog.Int("bytes", ww.bytes), slog.Float64("ms", float64(took.Microseconds())/1000),
				slog.String("client", s.clientAddr(r).String()),
			}
			if !n.opened.IsZero() {
				attrs = append(attrs, slog.Int64("open_ms", time.Since(n.opened).Milliseconds()))
			}
			if n.code != "" {
				attrs = append(attrs, slog.String("code", string(n.code)))
			}
			s.log.LogAttrs(r.Context(), level, "request", attrs...)
		}()
		next.ServeHTTP(ww, r)
	})
}

// writer records the status and the size of an answer. chi's package middleware has one too, but it links a profiler of half
// a megabyte.
type writer struct {
	http.ResponseWriter
	status, bytes int
}

func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// headAsGet serves HEAD like GET. net/http omits the body.
func headAsGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			chi.RouteContext(r.Context()).RouteMethod = http.MethodGet
		}
		next.ServeHTTP(w, r)
	})
}

// methodName keeps methods that a client invented out of logs and label values.
func methodName(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// recoverPanics answers 500 instead of breaking the connection. It logs the stack. A panic value never contains a secret,
// because key types redact themselves.
func (s *Server) recoverPanics(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(v)
			}
			s.log.LogAttrs(r.Context(), slog.LevelError, "panic",
				slog.String("request_id", requestID(r.Context())), slog.String("stack", string(debug.Stack())))
			if ww, ok := w.(*writer); ok && ww.status != 0 {
				panic(http.ErrAbortHandler) // the header is sent: abort, so the client does not take a partial answer for a complete one
			}
			s.fail(w, r, fmt.Errorf("panic: %v", v))
		}()
		next.ServeHTTP(w, r)
	})
}
