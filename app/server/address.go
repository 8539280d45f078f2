package server

import (
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/vaultsphere/vaultsphere/app/api"
	"github.com/vaultsphere/vaultsphere/app/vault"
)

// bucketOf counts an IPv6 /64 as one: that is what one subscriber gets.
func bucketOf(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	p, err := a.Prefix(bits)
	if err != nil { // the zero Addr: a peer whose address could not be read shares one bucket with its like
		return netip.Prefix{}
	}
	return p
}

// guest limits a route without a session by address.
func (s *Server) guest(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if wait := s.limits.take(bucketOf(s.clientAddr(r)), time.Now()); wait > 0 {
			return &vault.Error{Code: api.CodeThrottled, Message: "too many requests from this address: wait and try again", RetryAfter: wait}
		}
		return h(w, r)
	}
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

// clientAddr walks X-Forwarded-For from the right, over trusted proxies only: what stands left of the first stranger was
// written by that stranger.
func (s *Server) clientAddr(r *http.Request) netip.Addr {
	addr := peerAddr(r)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && s.trusted(addr); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = next.Unmap().WithZone("")
	}
	return addr
}

// overHTTPS is true for TLS here or at a trusted proxy.
func (s *Server) overHTTPS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !s.trusted(peerAddr(r)) {
		return false
	}
	return strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https")
}
