package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// fields turns a request into a map, so a test can replace any value.
func fields(t *testing.T, body any) map[string]any {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestRegistrationErrorNamesTheField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	long := strings.Repeat("x", 10_000)
	kdf := func(name string, value any) map[string]any {
		k := map[string]any{"salt": sample.ID(), "memory_kib": 65536, "time": 3, "threads": 4}
		k[name] = value
		return k
	}
	for _, c := range []struct {
		field string
		value any
		code  protocol.Code
		names string // what the message must name
	}{
		{"username", "", protocol.CodeBadRequest, "username"},
		{"username", nil, protocol.CodeBadRequest, "username"},
		{"username", 7, protocol.CodeBadRequest, "username"},
		{"username", []string{"a"}, protocol.CodeBadRequest, "username"},
		{"username", long, protocol.CodeBadRequest, "username"},
		{"username", "al ice", protocol.CodeBadRequest, "username"},
		{"username", "alice\x00", protocol.CodeBadRequest, "username"},
		{"username", "al#ice", protocol.CodeBadRequest, "username"},
		{"username", "al\uff03ice", protocol.CodeBadRequest, "username"},
		{"username", strings.Repeat("ä", protocol.MaxUsernameRunes+1), protocol.CodeBadRequest, "username"},
		{"user_id", "", protocol.CodeBadRequest, "user_id"},
		{"user_id", sample.ID() + "==", protocol.CodeBadRequest, "user_id"},
		{"user_id", sample.ID()[:21] + "/", protocol.CodeBadRequest, "user_id"},
		{"user_id", sample.ID()[:21] + "B", protocol.CodeBadRequest, "user_id"}, // bits beyond the sixteenth byte
		{"user_id", sample.ID()[:21] + "\n", protocol.CodeBadRequest, "user_id"},
		{"user_id", long, protocol.CodeBadRequest, "user_id"},
		{"auth_key", "", protocol.CodeBadRequest, "auth_key"},
		{"auth_key", sample.ID(), protocol.CodeBadRequest, "auth_key"},
		{"auth_key", long, protocol.CodeBadRequest, "auth_key"},
		{"recovery_auth_key", strings.Repeat("=", 44), protocol.CodeBadRequest, "recovery_auth_key"},
		{"kdf", nil, protocol.CodeBadRequest, "kdf.salt"},
		{"kdf", "strong", protocol.CodeBadRequest, "kdf"},
		{"kdf", kdf("salt", ""), protocol.CodeBadRequest, "kdf.salt"},
		{"kdf", kdf("memory_kib", 65535), protocol.CodeBadRequest, "kdf.memory_kib"},
		{"kdf", kdf("memory_kib", 1<<20+1), protocol.CodeBadRequest, "kdf.memory_kib"},
		{"kdf", kdf("memory_kib", -1), protocol.CodeBadRequest, "kdf.memory_kib"},
		{"kdf", kdf("memory_kib", 1e30), protocol.CodeBadRequest, "kdf.memory_kib"},
		{"kdf", kdf("time", 2), protocol.CodeBadRequest, "kdf.time"},
		{"kdf", kdf("time", 21), protocol.CodeBadRequest, "kdf.time"},
		{"kdf", kdf("threads", 0), protocol.CodeBadRequest, "kdf.threads"},
		{"kdf", kdf("threads", 17), protocol.CodeBadRequest, "kdf.threads"},
		{"kdf", kdf("algorithm", "pbkdf2"), protocol.CodeBadRequest, "algorithm"},
		{"wrapped_key", "", protocol.CodeBadRequest, "wrapped_key"},
		{"wrapped_key", "gAAAA", protocol.CodeBadRequest, "wrapped_key"},
		{"wrapped_key", strings.TrimRight(sample.Token(100), "="), protocol.CodeBadRequest, "wrapped_key"},
		{"wrapped_key", "hA" + sample.Token(100)[2:], protocol.CodeBadRequest, "wrapped_key"},
		{"wrapped_key", sample.Token(4096), protocol.CodeTooLarge, "wrapped_key"},
		{"recovery_wrapped_key", "secret", protocol.CodeBadRequest, "recovery_wrapped_key"},
		{"manifest", long, protocol.CodeTooLarge, "manifest"},
		{"device", "", protocol.CodeBadRequest, "device"},
		{"device", long, protocol.CodeBadRequest, "device"},
		{"device", "a\nb", protocol.CodeBadRequest, "device"},
		{"transport", "", protocol.CodeBadRequest, "transport"},
		{"transport", "carrier pigeon", protocol.CodeBadRequest, "transport"},
		{"admin", true, protocol.CodeBadRequest, "admin"},
		{"Username", "alice", protocol.CodeBadRequest, "Username"},
	} {
		t.Run(fmt.Sprintf("%s=%.20v", c.field, c.value), func(t *testing.T) {
			m := fields(t, sample.Registration("alice"))
			m[c.field] = c.value
			a := s.call("POST", protocol.PathRegister, m)
			if a.code() != c.code || a.status >= 500 || !strings.Contains(a.message(), c.names) {
				t.Errorf("got %d %s", a.status, a.body)
			}
			if v, ok := c.value.(string); ok && len(v) > 20 && strings.Contains(string(a.body), v) {
				t.Error("the answer quotes its input")
			}
		})
	}
	s.register("alice") // none of these created the account
}

func TestMalformedBodiesAreRejected(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := `{"username":"alice"}`
	deep := strings.Repeat("[", 15_000) + strings.Repeat("]", 15_000)
	for name, c := range map[string]struct {
		body string
		edit edit
		code protocol.Code
		says string
	}{
		"empty":             {"", nil, protocol.CodeBadRequest, "empty"},
		"blank":             {"  \n", nil, protocol.CodeBadRequest, "empty"},
		"not JSON":          {"username=alice", nil, protocol.CodeBadRequest, "JSON"},
		"cut off":           {`{"username":"ali`, nil, protocol.CodeBadRequest, "JSON"},
		"an array":          {`[]`, nil, protocol.CodeBadRequest, "body"},
		"a string":          {`"alice"`, nil, protocol.CodeBadRequest, "body"},
		"null":              {`null`, nil, protocol.CodeBadRequest, "username"},
		"two values":        {good + good, nil, protocol.CodeBadRequest, "follows"},
		"trailing bracket":  {good + "]", nil, protocol.CodeBadRequest, "follows"},
		"same name twice":   {`{"username":"alice","username":"bob"}`, nil, protocol.CodeBadRequest, "twice"},
		"escaped twice":     {`{"username":"alice","usern\u0061me":"bob"}`, nil, protocol.CodeBadRequest, "twice"},
		"unknown field":     {`{"username":"alice","password":"x"}`, nil, protocol.CodeBadRequest, "password"},
		"another case":      {`{"USERNAME":"alice"}`, nil, protocol.CodeBadRequest, "USERNAME"},
		"bad UTF-8":         {"{\"username\":\"al\xffice\"}", nil, protocol.CodeBadRequest, "UTF-8"},
		"deep":              {deep, nil, protocol.CodeBadRequest, ""},
		"too long":          {`{"username":"` + strings.Repeat("a", 40_000) + `"}`, nil, protocol.CodeTooLarge, "32768"},
		"a form":            {good, header("Content-Type", "application/x-www-form-urlencoded"), protocol.CodeUnsupportedMedia, "application/json"},
		"no type":           {good, header("Content-Type", ""), protocol.CodeUnsupportedMedia, "application/json"},
		"another character": {good, header("Content-Type", "application/json; charset=utf-16"), protocol.CodeUnsupportedMedia, "application/json"},
		"from another site": {good, header("Sec-Fetch-Site", "cross-site"), protocol.CodeForbidden, "cross-origin"},
		"another origin":    {good, header("Origin", "https://evil.example"), protocol.CodeForbidden, "cross-origin"},
		"a proxy's host":    {good, header("Origin", "https://vault.example"), protocol.CodeForbidden, "the page is at vault.example, but the request was for 127.0.0.1"},
		"what it must do":   {good, header("Origin", "https://vault.example"), protocol.CodeForbidden, "must pass on the Host header"},
	} {
		t.Run(name, func(t *testing.T) {
			var edits []edit
			if c.edit != nil {
				edits = append(edits, c.edit)
			}
			a := s.send("POST", protocol.PathPrelogin, []byte(c.body), edits...)
			if a.code() != c.code || a.status >= 500 || !strings.Contains(a.message(), c.says) {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
	s.send("POST", protocol.PathPrelogin, []byte(good), header("Content-Type", "Application/JSON; charset=UTF-8")).want(200, "")
}

func TestTooLargeBodyWithoutALength(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	huge := bytes.Repeat([]byte(" "), protocol.MaxBodyBytes+1)
	chunked := func(r *http.Request) { r.ContentLength = -1 }
	s.send("POST", protocol.PathVaultChanges, huge, bearer(alice.token), chunked).want(413, protocol.CodeTooLarge)
	s.send("POST", protocol.PathVaultChanges, huge, bearer(alice.token)).want(413, protocol.CodeTooLarge)
}

func TestChangeErrorNamesTheRecord(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	id := sample.ID()
	good := func() map[string]any {
		return map[string]any{"item_id": sample.ID(), "kind": "details", "version": 1, "token": sample.Token(100)}
	}
	with := func(name string, value any) []any {
		bad := good()
		bad[name] = value
		return []any{good(), bad}
	}
	same := good()
	a1, a2 := good(), good()
	a1["kind"], a1["item_id"] = "overview", id
	a2["kind"], a2["item_id"], a2["version"] = "overview", id, 2
	place := maps.Clone(same)
	delete(place, "token")
	tooMany := make([]any, protocol.MaxChangeRecords+1)
	for i := range tooMany {
		p := good()
		delete(p, "token")
		tooMany[i] = p
	}
	for name, c := range map[string]struct {
		change map[string]any
		code   protocol.Code
		says   string
	}{
		"nothing":            {map[string]any{}, protocol.CodeBadRequest, "puts"},
		"negative base":      {map[string]any{"base_revision": -1, "puts": []any{good()}}, protocol.CodeBadRequest, "base_revision"},
		"base is a fraction": {map[string]any{"base_revision": 0.5, "puts": []any{good()}}, protocol.CodeBadRequest, "base_revision"},
		"base too big":       {map[string]any{"base_revision": 1e19, "puts": []any{good()}}, protocol.CodeBadRequest, "base_revision"},
		"base of a future":   {map[string]any{"base_revision": 9, "puts": []any{good()}}, protocol.CodeRevisionConflict, ""},
		"manifest":           {map[string]any{"manifest": "x", "puts": []any{good()}}, protocol.CodeBadRequest, "manifest"},
		"item id":            {map[string]any{"puts": with("item_id", "x")}, protocol.CodeBadRequest, "puts[1].item_id"},
		"id with separator":  {map[string]any{"puts": with("item_id", "session#1")}, protocol.CodeBadRequest, "puts[1].item_id"},
		"kind":               {map[string]any{"puts": with("kind", "note")}, protocol.CodeBadRequest, "puts[1].kind"},
		"version":            {map[string]any{"puts": with("version", 0)}, protocol.CodeBadRequest, "puts[1].version"},
		"token":              {map[string]any{"puts": with("token", "clear text")}, protocol.CodeBadRequest, "puts[1].token"},
		"token of two lines": {map[string]any{"puts": with("token", sample.Token(100)+"\n")}, protocol.CodeBadRequest, "puts[1].token"},
		"no token":           {map[string]any{"puts": with("token", "")}, protocol.CodeBadRequest, "puts[1].token"},
		"token too long":     {map[string]any{"puts": with("token", sample.Token(protocol.MaxTokenBytes))}, protocol.CodeTooLarge, "puts[1].token"},
		"revision in a put":  {map[string]any{"puts": with("revision", 1)}, protocol.CodeBadRequest, "revision"},
		"same place twice":   {map[string]any{"puts": []any{same, same}}, protocol.CodeBadRequest, "puts[1]"},
		"put and delete":     {map[string]any{"puts": []any{same}, "deletes": []any{place}}, protocol.CodeBadRequest, "deletes[0]"},
		"overview twice":     {map[string]any{"puts": []any{a1, a2}}, protocol.CodeBadRequest, "puts[1]"},
		"delete twice":       {map[string]any{"deletes": []any{place, place}}, protocol.CodeBadRequest, "deletes[1]"},
		"too many":           {map[string]any{"deletes": tooMany}, protocol.CodeBadRequest, "500"},
		"delete of nothing":  {map[string]any{"deletes": []any{place}}, protocol.CodeBadRequest, "deletes"},
		"deletes is object":  {map[string]any{"deletes": map[string]any{}}, protocol.CodeBadRequest, "deletes"},
	} {
		t.Run(name, func(t *testing.T) {
			body := map[string]any{"base_revision": 0, "manifest": sample.Token(100)}
			maps.Copy(body, c.change)
			a := alice.call("POST", protocol.PathVaultChanges, body)
			if a.code() != c.code || a.status >= 500 || !strings.Contains(a.message(), c.says) {
				t.Errorf("got %d %s", a.status, a.body)
			}
		})
	}
	if v := alice.vault(""); v.Revision != 0 || len(v.Records) != 0 {
		t.Errorf("a rejected change left revision %d and %d records", v.Revision, len(v.Records))
	}
	for _, query := range []string{"?since=-1", "?since=x", "?since=1&since=2", "?since=01", "?since=", "?until=3", "?since=99999999999999999999"} {
		alice.call("GET", protocol.PathVault+query, nil).want(400, protocol.CodeBadRequest)
	}
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.reg.AuthKey, ID: "nonsense"}).want(400, protocol.CodeBadRequest)
}

func TestSpellingsAreOneAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.register("Änne")
	for _, spelling := range []string{"Änne", "änne", "ÄNNE", "A\u0308nne", "a\u0308NNE", "\uff21\u0308nne"} {
		other := sample.Registration(spelling)
		s.call("POST", protocol.PathRegister, other).want(409, protocol.CodeUsernameTaken)
		p.reg.Username = spelling
		if in := p.mustLogin(""); in.Account.UserID != p.reg.UserID || in.Account.Username != "änne" {
			t.Errorf("%q logs in to %+v", spelling, in.Account)
		}
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.call("GET", "/api/v1/nothing", nil).want(404, protocol.CodeNotFound)
	s.call("POST", "/nothing", nil).want(404, protocol.CodeNotFound)
	a := s.call("GET", protocol.PathLogin, nil).want(405, protocol.CodeMethodNotAllowed)
	if a.header.Get("Allow") != "POST" {
		t.Errorf("Allow: %q", a.header.Get("Allow"))
	}
	s.call("TRACE", protocol.PathLogin, nil).want(405, protocol.CodeMethodNotAllowed)
	s.call("DELETE", protocol.PathVault, nil).want(405, protocol.CodeMethodNotAllowed)
}
