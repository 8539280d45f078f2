package server_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func builtPage() fstest.MapFS {
	return fstest.MapFS{
		"index.html":             {Data: []byte("<!doctype html>page")},
		"index.html.br":          {Data: []byte("compressed page")},
		"app-4f2a91cc.js":        {Data: []byte("script")},
		"app-4f2a91cc.js.br":     {Data: []byte("compressed script")},
		"core-0123abcd.wasm":     {Data: []byte("\x00asm")},
		"manifest.webmanifest":   {Data: []byte("{}")},
		"service-worker.js":      {Data: []byte("worker")},
		".keep":                  {},
		"fonts/a-deadbeef.woff2": {Data: []byte("font")},
	}
}

func TestPageIsServed(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.Page = builtPage() }))
	const forever, check = "public, max-age=31536000, immutable", "no-cache"
	for _, c := range []struct{ path, accept, body, kind, encoding, cache string }{
		{"/", "", "<!doctype html>page", "text/html; charset=utf-8", "", check},
		{"/", "gzip, br", "compressed page", "text/html; charset=utf-8", "br", check},
		{"/index.html", "br;q=0", "<!doctype html>page", "text/html; charset=utf-8", "", check},
		{"/app-4f2a91cc.js", "br", "compressed script", "text/javascript; charset=utf-8", "br", forever},
		{"/app-4f2a91cc.js", "gzip", "script", "text/javascript; charset=utf-8", "", forever},
		{"/core-0123abcd.wasm", "br", "\x00asm", "application/wasm", "", forever},
		{"/manifest.webmanifest", "", "{}", "application/manifest+json", "", check},
		{"/service-worker.js", "", "worker", "text/javascript; charset=utf-8", "", check},
		{"/fonts/a-deadbeef.woff2", "br;q=1.0", "font", "font/woff2", "", forever},
	} {
		t.Run(c.path+" "+c.accept, func(t *testing.T) {
			a := s.send("GET", c.path, nil, header("Accept-Encoding", c.accept))
			if a.status != 200 || string(a.body) != c.body || a.header.Get("Content-Type") != c.kind ||
				a.header.Get("Content-Encoding") != c.encoding || a.header.Get("Cache-Control") != c.cache {
				t.Errorf("got %d %q %v", a.status, a.body, a.header)
			}
			again := s.send("GET", c.path, nil, header("Accept-Encoding", c.accept), header("If-None-Match", `W/"x", `+a.header.Get("ETag")))
			if again.status != http.StatusNotModified || len(again.body) > 0 {
				t.Errorf("with its ETag: %d %q", again.status, again.body)
			}
			head := s.send("HEAD", c.path, nil, header("Accept-Encoding", c.accept))
			if head.status != 200 || len(head.body) > 0 || head.header.Get("ETag") != a.header.Get("ETag") {
				t.Errorf("HEAD: %d %v", head.status, head.header)
			}
		})
	}
	for _, path := range []string{"/.keep", "/app-4f2a91cc.js.br", "/fonts", "/fonts/", "/../go.mod", "/nothing.js", "/%2e%2e/x"} {
		s.send("GET", path, nil).want(404, protocol.CodeNotFound)
	}
}

func TestETagDiffersBetweenContentsAndCodings(t *testing.T) {
	t.Parallel()
	tag := func(content, accept string) string {
		s := newSite(t, configured(func(c *server.Config) {
			c.Page = fstest.MapFS{"index.html": {Data: []byte(content)}, "index.html.br": {Data: []byte("x")}}
		}))
		return s.send("GET", "/", nil, header("Accept-Encoding", accept)).header.Get("ETag")
	}
	if one, two := tag("one", ""), tag("two", ""); one == two || one == "" {
		t.Errorf("%s and %s", one, two)
	}
	if plain, br := tag("one", ""), tag("one", "br"); plain == br {
		t.Errorf("both codings have %s", plain)
	}
}

func TestMissingPageIsExplained(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.Page = nothing }))
	if a := s.send("GET", "/", nil); a.status != 503 || !strings.Contains(string(a.body), "make web") {
		t.Errorf("got %d %q", a.status, a.body)
	}
}

func TestPageMayConnectToTheBreachService(t *testing.T) {
	t.Parallel()
	s := newSite(t, configured(func(c *server.Config) { c.BreachAddress = "https://ranges.example" }))
	policy := s.call("GET", protocol.PathHealth, nil).header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "; connect-src 'self' https://ranges.example; ") || strings.Count(policy, "ranges") != 1 {
		t.Errorf("the policy is %s", policy)
	}
	var got protocol.Settings
	s.register("anna").call("GET", protocol.PathSettings, nil).into(&got)
	if got.BreachAddress != "https://ranges.example" {
		t.Errorf("got %+v", got)
	}
}

func TestSecurityHeadersAreOnEveryAnswer(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; " +
			"connect-src 'self'; worker-src 'self'; manifest-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; " +
			"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types vaultsphere",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Cross-Origin-Resource-Policy": "same-origin",
	}
	for name, a := range map[string]answer{
		"page": s.send("GET", "/", nil), "health": s.call("GET", protocol.PathHealth, nil), "not found": s.call("GET", "/x", nil),
		"refused": s.send("POST", protocol.PathLogin, []byte("x")), "cross-origin": s.send("POST", protocol.PathLogin, []byte("{}"), header("Sec-Fetch-Site", "cross-site")),
	} {
		for h, v := range want {
			if got := a.header.Get(h); got != v {
				t.Errorf("%s: %s is %q", name, h, got)
			}
		}
		if name != "page" && a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control is %q", name, a.header.Get("Cache-Control"))
		}
		if len(a.header.Get("X-Request-Id")) != 16 {
			t.Errorf("%s: request id %q", name, a.header.Get("X-Request-Id"))
		}
	}
	if a := s.call("GET", protocol.PathHealth, nil, header("X-Request-Id", "chosen")); a.header.Get("X-Request-Id") == "chosen" {
		t.Error("the client chose the request id")
	}
}

func TestMetricsCountByRoute(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey, ID: strings.Repeat("0", 64)}).want(404, protocol.CodeNotFound)
	alice.call("GET", alice.chunkPath(sample.ID(), 1), nil).want(404, protocol.CodeNotFound)
	s.send("BREW", "/coffee", nil)
	l := newListener(t, s.srv.Metrics())
	body := string(sendTo(t, l, "GET", "/metrics", nil).body)
	for _, line := range []string{
		`vaultsphere_http_request_duration_seconds_count{method="POST",route="/api/v1/users",status="200"} 1`,
		`vaultsphere_http_request_duration_seconds_count{method="POST",route="/api/v1/sessions/end",status="404"} 1`,
		`vaultsphere_http_request_duration_seconds_count{method="GET",route="/api/v1/vaults/{vault}/attachments/{id}/{chunk}",status="404"} 1`,
		`method="other"`, "vaultsphere_http_requests_in_flight 0", "vaultsphere_password_hash_queue 0", "vaultsphere_throttled_total 0",
		`vaultsphere_store_errors_total{code="storage_full"} 0`, `vaultsphere_build_info{version="test"} 1`, "go_goroutines",
	} {
		if !strings.Contains(body, line) {
			t.Errorf("no %s in\n%s", line, body)
		}
	}
	if strings.Contains(body, "BREW") || strings.Contains(body, "coffee") || strings.Contains(body, alice.v.ID.String()) {
		t.Error("a client chose a label")
	}
}
