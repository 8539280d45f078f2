package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

const (
	// The __Host- prefix (RFC 6265bis §4.1.3.2) keeps subdomains and plain HTTP from planting a session. Browsers reject it
	// without HTTPS, so on http://localhost the name has no prefix.
	secureCookie = "__Host-vaultsphere"
	localCookie  = "vaultsphere"
	// cookieLife is longer than any session. The store decides when a session ends; the browser must not forget it sooner.
	cookieLife = 400 * 24 * time.Hour
	// maxDevices is how many device cookies are read per request: more than the number of users who share one browser.
	maxDevices = 16
)

func (s *Server) cookieName(r *http.Request) string {
	if s.overHTTPS(r) {
		return secureCookie
	}
	return localCookie
}

// token returns the session token of a request, "" if it has none. A bearer token overrides the cookie: a program sends it on
// purpose.
func (s *Server) token(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token)
	}
	if c, err := r.Cookie(s.cookieName(r)); err == nil {
		return c.Value
	}
	return ""
}

func (s *Server) setCookie(w http.ResponseWriter, r *http.Request, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure if the connection is; a browser drops a Secure cookie on plain HTTP
		Name: s.cookieName(r), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: s.overHTTPS(r), SameSite: http.SameSiteStrictMode,
	})
}

// caller collects the session token and the device cookies of a request.
func (s *Server) caller(r *http.Request) vault.Caller {
	from := vault.Caller{Session: s.token(r)}
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, s.devicePrefix(r)) && len(from.Devices) < maxDevices {
			from.Devices = append(from.Devices, c.Value)
		}
	}
	return from
}

func (s *Server) devicePrefix(r *http.Request) string {
	if s.overHTTPS(r) {
		return protocol.DeviceCookie
	}
	return protocol.LocalDeviceCookie
}

// setDevice sets the device cookie. There is one per user; it is sent only to the login endpoint and survives logout.
func (s *Server) setDevice(w http.ResponseWriter, r *http.Request, e vault.Entered) {
	sum := sha256.Sum256([]byte(e.Account.Username))
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // as in setCookie
		Name: s.devicePrefix(r) + hex.EncodeToString(sum[:8]), Value: e.Device, Path: protocol.PathLogin, MaxAge: int(cookieLife.Seconds()),
		HttpOnly: true, Secure: s.overHTTPS(r), SameSite: http.SameSiteStrictMode,
	})
}

// member requires a live session and rate-limits its user.
func (s *Server) member(h memberHandler) handler { return s.authenticated(s.vault.Authenticate, h) }

// follower is member for an event stream.
func (s *Server) follower(h memberHandler) handler {
	return s.authenticated(s.vault.AuthenticateStream, h)
}

func (s *Server) authenticated(by func(ctx context.Context, token string) (vault.Session, error), h memberHandler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		session, err := by(r.Context(), s.token(r))
		if err != nil {
			return err
		}
		if wait := s.users.take(session.UserID, s.now()); wait > 0 {
			return &vault.Error{Code: protocol.CodeThrottled, Message: "too many requests from this user: wait and try again", RetryAfter: wait}
		}
		return h(s, w, r, session)
	}
}

type memberHandler = func(*Server, http.ResponseWriter, *http.Request, vault.Session) error

// takes returns the handler for a method without a result.
func takes[In any](rule func(context.Context, vault.Session, In) error, limit int64) memberHandler {
	return func(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
		in, err := decode[In](s, w, r, limit, session.UserID)
		if err != nil {
			return err
		}
		if err := rule(r.Context(), session, in); err != nil {
			return err
		}
		return done(w)
	}
}

// exchanges returns the handler for a method with a result.
func exchanges[In, Out any](rule func(context.Context, vault.Session, In) (Out, error), limit int64) memberHandler {
	return func(s *Server, w http.ResponseWriter, r *http.Request, session vault.Session) error {
		in, err := decode[In](s, w, r, limit, session.UserID)
		if err != nil {
			return err
		}
		out, err := rule(r.Context(), session, in)
		if err != nil {
			return err
		}
		return s.reply(w, r, out)
	}
}

// enter sends a new session over the transport that the caller chose.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, e vault.Entered, how protocol.SessionTransport) error {
	out := protocol.UserSession{Account: e.Account}
	if how == protocol.SessionBearer {
		out.Token = e.Token
	} else {
		s.setCookie(w, r, e.Token, int(cookieLife.Seconds()))
	}
	s.setDevice(w, r, e)
	return s.reply(w, r, out)
}
