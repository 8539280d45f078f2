package server

import (
	"net/http"
	"strings"
)

// contentSecurityPolicy lets the page run only its own files. The client core needs 'wasm-unsafe-eval'; Trusted Types keep
// injected strings out of the DOM's code sinks. The page may connect to this server, and to breachAddress if it is set.
func contentSecurityPolicy(breachAddress string) string {
	return strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval'",
		"style-src 'self'",
		"img-src 'self' data: blob:",
		strings.TrimSpace("connect-src 'self' " + breachAddress),
		"worker-src 'self'",
		"manifest-src 'self'",
		"font-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
		"require-trusted-types-for 'script'",
		"trusted-types vaultsphere",
	}, "; ")
}

func securityHeaders(breachAddress string) map[string]string {
	return map[string]string{
		"Content-Security-Policy":      contentSecurityPolicy(breachAddress),
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), usb=()",
	}
}

func (s *Server) secureHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for name, value := range s.headers {
			h.Set(name, value)
		}
		if s.overHTTPS(r) {
			h.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}
