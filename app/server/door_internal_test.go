package server

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

func TestFirstUserMustComeFromThisMachine(t *testing.T) {
	t.Parallel()
	s := &Server{door: vault.Door{First: true}}
	for _, c := range []struct {
		peer, host string
		proto      [2]int
		want       bool
	}{
		{"127.0.0.1:1234", "localhost:5001", [2]int{1, 1}, true},
		{"127.9.9.9:1234", "127.0.0.1:5001", [2]int{1, 1}, true},
		{"[::1]:1234", "[::1]:5001", [2]int{1, 1}, true},
		{"[::ffff:127.0.0.1]:1234", "LOCALHOST", [2]int{1, 1}, true},
		{"192.0.2.1:1234", "localhost:5001", [2]int{1, 1}, false},
		{"[fe80::1%eth0]:1234", "localhost:5001", [2]int{1, 1}, false},
		{"", "localhost:5001", [2]int{1, 1}, false},
		{"127.0.0.1:1234", "vault.example.org", [2]int{1, 1}, false},
		{"127.0.0.1:1234", "", [2]int{1, 1}, false},
		{"127.0.0.1:1234", "localhost:5001", [2]int{1, 0}, false}, // nginx's default for upstreams
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr, r.Host, r.ProtoMajor, r.ProtoMinor = c.peer, c.host, c.proto[0], c.proto[1]
		if got := s.doorFor(r).First; got != c.want {
			t.Errorf("from %q, for %q by HTTP/%d.%d: %t", c.peer, c.host, c.proto[0], c.proto[1], got)
		}
	}
}
