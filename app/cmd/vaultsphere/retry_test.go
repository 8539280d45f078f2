package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
)

func TestRetriesAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status       int
		code, header string
		busy         int32 // failures before the success
		want         int   // status
		asked        int32
	}{
		"busy once":                   {503, "unavailable", "1", 1, 200, 2},
		"throttled once":              {429, "throttled", "1", 1, 200, 2},
		"always busy":                 {503, "unavailable", "1", 1000, 503, 1 + maxRetries},
		"a long wait":                 {429, "throttled", "60", 1, 429, 1},
		"an endless wait":             {503, "unavailable", "99999999999999999999", 1, 503, 1},
		"without a time":              {503, "unavailable", "", 1, 503, 1},
		"a change of unknown outcome": {503, "storage_unavailable", "1", 1, 503, 1},
		"an error of a proxy":         {503, "", "1", 1, 503, 1},
		"a wrong password":            {401, "invalid_credentials", "1", 1, 401, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked.Add(1) > c.busy {
					return
				}
				w.Header().Set("Retry-After", c.header)
				w.WriteHeader(c.status)
				_, _ = fmt.Fprintf(w, `{"code":%q,"message":"m","request_id":"r"}`, c.code)
			}))
			defer server.Close()
			transport, err := httptransport.New(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := retrying{transport}.Do(t.Context(), client.Request{Method: http.MethodGet, Path: "/", Limit: 1000})
			if err != nil || answer.Status != c.want || asked.Load() != c.asked {
				t.Errorf("%d after %d requests, %v", answer.Status, asked.Load(), err)
			}
		})
	}
}
