package server

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// networks rate-limits client networks, the widest first. Each width has separate buckets, so many narrow networks cannot
// evict a wide one.
type networks []network

type network struct {
	bits    int // of an IPv6 prefix
	buckets *limits[netip.Prefix]
}

// newNetworks allows perMinute requests from an IPv4 address or an IPv6 /64. A /56 or a /48 may belong to one subscriber, but
// also to a mobile provider with many users, so they get four and sixteen times as many.
func newNetworks(perMinute int) networks {
	return networks{
		{48, newLimits[netip.Prefix](16 * perMinute)}, {56, newLimits[netip.Prefix](4 * perMinute)}, {64, newLimits[netip.Prefix](perMinute)},
	}
}

// take returns how long to wait; 0 means proceed. A request that must wait does not use up a token.
func (l networks) take(addr netip.Addr, now time.Time) time.Duration {
	var taken []*rate.Reservation
	for _, n := range l {
		bits := n.bits
		if !addr.Is6() {
			if n.bits < 64 {
				continue // an IPv4 address belongs to one subscriber
			}
			bits = 32
		}
		// The zero Addr has no prefix: peers with an unreadable address share the bucket of the zero Prefix.
		key, _ := addr.Prefix(bits)
		r := n.buckets.reserve(key, now)
		taken = append(taken, r)
		if wait := r.DelayFrom(now); wait > 0 {
			for _, r := range taken {
				r.CancelAt(now)
			}
			return wait
		}
	}
	return 0
}

// guest rate-limits a route that requires no session, by client address.
func (s *Server) guest(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if wait := s.limits.take(s.clientAddr(r), s.now()); wait > 0 {
			return &vault.Error{Code: protocol.CodeThrottled, Message: "too many requests from this address: wait and try again", RetryAfter: wait}
		}
		return h(w, r)
	}
}

// forwarding lists the headers that proxies add.
var forwarding = []string{
	"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Forwarded-Server",
	"X-Forwarded", "Forwarded-For", "X-Original-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "X-Cluster-Client-Ip", "X-Envoy-External-Address",
	"True-Client-Ip", "Cf-Connecting-Ip", "Cf-Ray", "Cdn-Loop", "Fastly-Client-Ip", "Fly-Client-Ip", "X-Appengine-User-Ip",
	"X-Azure-Clientip", "Tailscale-User-Login",
}

// doorFor returns the server's door for this request. Without an invitation, the first user may register only from this
// machine. A proxy on this machine makes strangers look local, so a forwarding header, HTTP/1.0 (nginx's default for
// upstreams) or a Host other than this machine rules that out. The Host check also stops DNS rebinding, where a stranger's
// page has a name that resolves to this machine.
func (s *Server) doorFor(r *http.Request) vault.Door {
	door := s.door
	door.First = door.First && peerAddr(r).IsLoopback() && r.ProtoAtLeast(1, 1) && namesThisMachine(r.Host) &&
		!slices.ContainsFunc(forwarding, func(name string) bool { return r.Header.Values(name) != nil })
	return door
}

func namesThisMachine(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback() || strings.EqualFold(host, "localhost")
}

func peerAddr(r *http.Request) netip.Addr {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return ap.Addr().Unmap().WithZone("")
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, p := range s.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// warnOfProxy logs once that an untrusted peer forwards requests. A stranger may have forged the headers, so the hint says
// what to check.
func (s *Server) warnOfProxy(r *http.Request) {
	if s.trusted(peerAddr(r)) || !slices.ContainsFunc(clientHeaders, func(name string) bool { return r.Header.Values(name) != nil }) {
		return
	}
	s.proxyWarned.Do(func() {
		s.log.LogAttrs(r.Context(), slog.LevelWarn, "ignored forwarding headers from an untrusted address",
			slog.String("from", peerAddr(r).String()), slog.String("setting", names.EnvTrustedProxies),
			slog.String("hint", "if this is the address of your proxy, add it to TRUSTED_PROXIES: until then all its users share one login limit, and cookies are not marked Secure"))
	})
}

// clientHeaders are the forwarding headers that name the client.
var clientHeaders = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded"}

// clientAddr walks X-Forwarded-For from the right and stops at the first untrusted address, which could have forged
// everything to its left.
func (s *Server) clientAddr(r *http.Request) netip.Addr {
	addr := peerAddr(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusted(addr); i-- {
		next, err := parseHop(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap().WithZone("")
	}
	return addr
}

// parseHop parses an address as proxies write it: alone, in brackets, or with a port (Azure Application Gateway and others).
func parseHop(hop string) (netip.Addr, error) {
	if ap, err := netip.ParseAddrPort(hop); err == nil {
		return ap.Addr(), nil
	}
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		hop = strings.TrimSuffix(inner, "]")
	}
	return netip.ParseAddr(hop)
}

// overHTTPS reports whether the client used TLS, to this server or to a trusted proxy.
func (s *Server) overHTTPS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !s.trusted(peerAddr(r)) {
		return false
	}
	return strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
