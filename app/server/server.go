// Package server serves the API and the page over HTTP. The rules are in package vault.
package server

import (
	"io/fs"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// Config configures a Server.
type Config struct {
	Page           fs.FS          // the built page: index.html and hashed assets, each plain, as a .br file, or both
	TrustedProxies []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto are trusted
	Door           vault.Door     // who may register without an invitation; First applies only to requests from this machine
	AuthRate       int            // requests per minute from one address to the endpoints that require no session
	UserRate       int            // requests per minute of one user
	BreachAddress  string         // origin where the page may look up breached passwords; empty: none
	Version        string         // for the metrics
}

// Server handles all requests of one process.
type Server struct {
	vault       *vault.Service
	log         *slog.Logger
	proxies     []netip.Prefix
	door        vault.Door
	limits      networks
	users       *limits[vault.UserID]
	now         func() time.Time // the clock of both
	bodies      *bodies
	syncs       *syncSlots
	metrics     *metrics
	readiness   *readiness
	page        *page
	csrf        *http.CrossOriginProtection
	settings    protocol.Settings
	headers     map[string]string // on every answer
	draining    atomic.Bool
	proxyWarned sync.Once
	drained     chan struct{} // closed by Drain
	handler     http.Handler

	streamBeat, streamLife time.Duration
}

// New returns a Server.
func New(cfg Config, service *vault.Service, log *slog.Logger) (*Server, error) {
	p, err := newPage(cfg.Page)
	if err != nil {
		return nil, err
	}
	s := &Server{
		vault: service, log: log, proxies: cfg.TrustedProxies, door: cfg.Door, limits: newNetworks(cfg.AuthRate),
		users: newLimits[vault.UserID](cfg.UserRate), now: time.Now, bodies: newBodies(), syncs: newSyncSlots(),
		metrics: newMetrics(cfg.Version, service), page: p, csrf: http.NewCrossOriginProtection(),
		settings: protocol.Settings{BreachAddress: cfg.BreachAddress}, headers: securityHeaders(cfg.BreachAddress),
		drained: make(chan struct{}), streamBeat: streamBeat, streamLife: streamLife,
	}
	s.readiness = newReadiness(service.Probe, log, s.metrics.probesFailed)
	s.csrf.SetDenyHandler(s.handle(crossOrigin))
	r := chi.NewRouter()
	r.Use(s.middleware()...)
	for _, e := range s.routes() {
		r.Method(e.method, e.path, s.handle(s.unlessWaiting(e)))
	}
	r.NotFound(s.handle(s.page.serve))
	r.MethodNotAllowed(s.handle(refuseMethod(r)))
	s.handler = r
	return s, nil
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		// Tell the client to close the connection after this answer: a request sent on a connection that is being closed is
		// lost.
		w.Header().Set("Connection", "close")
	}
	s.handler.ServeHTTP(w, r)
}

// Drain makes /ready answer 503, so a proxy sends new requests elsewhere. Requests are still served, and each closes its
// connection. Event streams end immediately, so their clients reconnect to another server through the proxy.
func (s *Server) Drain() {
	if s.draining.CompareAndSwap(false, true) {
		close(s.drained)
	}
}

// Metrics returns the handler of the Prometheus endpoint, for a separate listener.
func (s *Server) Metrics() http.Handler { return s.metrics.handler() }

// middleware lists the middleware, outermost first. A request gets its ID before anything can be logged, panics are measured
// too, and every answer has the security headers, even an error.
func (s *Server) middleware() []func(http.Handler) http.Handler {
	return []func(http.Handler) http.Handler{
		s.identify,
		s.observe,
		s.recoverPanics,
		s.secureHeaders,
		s.csrf.Handler,
		headAsGet,
	}
}

type route struct {
	method, path string
	handler      handler
}

// routes lists the whole API. guest routes are rate-limited by address, because nothing else is known about their callers;
// member routes require a session, and administrator routes that of an administrator. A restored server takes only some of them: see unlessWaiting. All other paths are files of the page, or not found.
func (s *Server) routes() []route {
	get, post, put := http.MethodGet, http.MethodPost, http.MethodPut
	return []route{
		{get, protocol.PathHealth, s.health},
		{get, protocol.PathReady, s.ready},
		{get, protocol.PathOpenAPI, s.openAPI},

		{post, protocol.PathPrelogin, s.guest(s.prelogin)},
		{post, protocol.PathUsers, s.guest(s.register)},
		{post, protocol.PathRegisterCheck, s.guest(s.registerCheck)},
		{post, protocol.PathInvitationOffer, s.guest(s.invitationOffer)},
		{post, protocol.PathLogin, s.guest(s.login)},
		{post, protocol.PathRecoveryOpen, s.guest(s.recoveryOpen)},
		{post, protocol.PathRecoveryFinish, s.guest(s.recoveryFinish)},

		{get, protocol.PathVaultResend, s.guest(s.resendState)},
		{post, protocol.PathVaultResend, s.guest(s.resend)},

		{post, protocol.PathLogout, s.member(logout)},
		{get, protocol.PathAccount, s.member(account)},
		{post, protocol.PathAccountDelete, s.member(accountDelete)},
		{post, protocol.PathAccountEntry, s.member(takes(s.vault.AccountEntry, accountBody))},
		{post, protocol.PathTOTPBegin, s.member(exchanges(s.vault.BeginTOTP, smallBody))},
		{post, protocol.PathTOTPConfirm, s.member(takes(s.vault.ConfirmTOTP, smallBody))},
		{post, protocol.PathTOTPRemove, s.member(takes(s.vault.RemoveTOTP, smallBody))},
		{get, protocol.PathAccountEvents, s.member(accountEvents)},
		{get, protocol.PathSettings, s.member(settings)},
		{get, protocol.PathSessions, s.member(sessions)},
		{post, protocol.PathSessionsEnd, s.member(takes(s.vault.EndSessions, smallBody))},
		{get, protocol.PathEvents, s.follower(events)},
		{get, protocol.PathCards, s.member(cards)},
		{get, protocol.PathAdminUsers, s.administrator(adminUsers)},
		{post, protocol.PathAdminUsersSuspend, s.administrator(orders(s.vault.SuspendUser))},
		{post, protocol.PathAdminUsersResume, s.administrator(orders(s.vault.ResumeUser))},
		{post, protocol.PathAdminUsersRemove, s.administrator(orders(s.vault.RemoveUser))},
		{post, protocol.PathAdminUsersDelete, s.administrator(orders(s.vault.DeleteUser))},
		{post, protocol.PathAdminUsersUnthrottle, s.administrator(orders(s.vault.UnthrottleUser))},
		{post, protocol.PathAdminUsersPromote, s.administrator(orders(s.vault.PromoteUser))},
		{post, protocol.PathAdminUsersDemote, s.administrator(orders(s.vault.DemoteUser))},
		{get, protocol.PathAdminInvitations, s.administrator(adminInvitations)},
		{post, protocol.PathAdminInvitations, s.administrator(orders(s.vault.Invite))},
		{get, protocol.PathInvitationsAnswers, s.administrator(invitationAnswers)},
		{post, protocol.PathAdminInvitationsRevoke, s.administrator(orders(s.vault.RevokeInvitation))},
		{get, protocol.PathAdminEvents, s.administrator(adminEvents)},

		{get, protocol.PathVaults, s.member(vaults)},
		{post, protocol.PathVaults, s.member(takes(s.vault.CreateVault, smallBody))},
		{get, protocol.PathVault, s.member(changes)},
		{post, protocol.PathVaultWrites, s.member(write)},
		{post, protocol.PathVaultEntries, s.member(entry)},
		{post, protocol.PathVaultEnvelopes, s.member(envelopes)},
		{get, protocol.PathVaultHistory, s.member(history)},
		{post, protocol.PathVaultTokens, s.member(tokens)},
		{get, protocol.PathVaultAttachments, s.member(attachments)},
		{put, protocol.PathVaultChunk, s.member(putChunk)},
		{get, protocol.PathVaultChunk, s.member(chunk)},
	}
}
