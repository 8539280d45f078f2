package daemon_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// exchange sends in and decodes the answer into out. It returns the status and, for an error, its code.
func exchange(t *testing.T, method, url, token string, in, out any) (int, protocol.Code) {
	t.Helper()
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode >= 300 {
		var e protocol.Error
		if err := json.Unmarshal(body, &e); err != nil {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
		return res.StatusCode, e.Code
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
	}
	return res.StatusCode, ""
}
