// Package proxy makes reverse proxies that tests put in front of a server.
package proxy

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// To forwards to target.
func To(target *url.URL) http.Handler { return Whole(httputil.NewSingleHostReverseProxy(target)) }

// Whole reads the body of a request before it forwards the request. Otherwise, an answer that is faster than the end of the body can be
// cut off: net/http closes the body when the answer begins, and takes the closed body for a failed request.
func Whole(p *httputil.ReverseProxy) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				panic(http.ErrAbortHandler) // the client is gone
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		p.ServeHTTP(w, r)
	})
}
