package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
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
	keys := func(name string, value any) map[string]any {
		k := fields(t, registration("alice").Keys)
		k[name] = value
		return k
	}
	for _, c := range []struct {
		field string
		value any
		code  protocol.Code
		names string // what the message must name
	}{
		{"card", "", protocol.CodeBadRequest, "card"},
		{"card", nil, protocol.CodeBadRequest, "card"},
		{"card", 7, protocol.CodeBadRequest, "card"},
		{"card", []string{"a"}, protocol.CodeBadRequest, "card"},
		{"card", "AgAA=", protocol.CodeBadRequest, "card"},
		{"card", "AgAB", protocol.CodeBadRequest, "card"},
		{"card", "AgA/", protocol.CodeBadRequest, "card"},
		{"create", "", protocol.CodeBadRequest, "create"},
		{"create", "AgAA", protocol.CodeBadRequest, "create"},
		{"account", long, protocol.CodeBadRequest, "account"},
		{"envelope", "", protocol.CodeBadRequest, "envelope"},
		{"envelope", "AAAA", protocol.CodeBadRequest, "envelope"},
		{"envelope", long, protocol.CodeTooLarge, "envelope"},
		{"keys", nil, protocol.CodeBadRequest, "keys.document"},
		{"keys", "strong", protocol.CodeBadRequest, "keys"},
		{"keys", keys("document", ""), protocol.CodeBadRequest, "keys.document"},
		{"keys", keys("document", "AgAA"), protocol.CodeBadRequest, "keys.document"},
		{"keys", keys("document", long), protocol.CodeTooLarge, "keys.document"},
		{"keys", keys("identity", "gAAAA"), protocol.CodeBadRequest, "keys.identity"},
		{"keys", keys("identity", sample.Token(100)), protocol.CodeBadRequest, "keys.identity"},
		{"keys", keys("wraps", nil), protocol.CodeBadRequest, "keys.wraps"},
		{"keys", keys("wraps", []string{"x", "y"}), protocol.CodeBadRequest, "keys.wraps[0]"},
		{"keys", keys("algorithm", "pbkdf2"), protocol.CodeBadRequest, "algorithm"},
		{"auth_key", "", protocol.CodeBadRequest, "auth_key"},
		{"auth_key", sample.ID(), protocol.CodeBadRequest, "auth_key"},
		{"auth_key", long, protocol.CodeBadRequest, "auth_key"},
		{"recovery_auth_key", strings.Repeat("=", 44), protocol.CodeBadRequest, "recovery_auth_key"},
		{"device", "", protocol.CodeBadRequest, "device"},
		{"device", long, protocol.CodeBadRequest, "device"},
		{"device", "a\nb", protocol.CodeBadRequest, "device"},
		{"transport", "", protocol.CodeBadRequest, "transport"},
		{"transport", "carrier pigeon", protocol.CodeBadRequest, "transport"},
		{"admin", true, protocol.CodeBadRequest, "admin"},
		{"Card", "AgAA", protocol.CodeBadRequest, "Card"},
	} {
		t.Run(fmt.Sprintf("%s=%.20v", c.field, c.value), func(t *testing.T) {
			m := fields(t, registration("alice"))
			m[c.field] = c.value
			a := s.call("POST", protocol.PathUsers, m)
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

func TestUsernameErrorNamesTheField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, name := range []any{
		7, []string{"a"}, strings.Repeat("x", 10_000), "al ice", "alice\x00", "al#ice", "al\uff03ice", strings.Repeat("ä", protocol.MaxUsernameRunes+1),
	} {
		for _, path := range []string{protocol.PathPrelogin, protocol.PathRegisterCheck} {
			a := s.call("POST", path, map[string]any{"username": name})
			if a.want(400, protocol.CodeBadRequest); !strings.Contains(a.message(), "username") {
				t.Errorf("%.20v: %s", name, a.body)
			}
		}
	}
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
	s.send("POST", alice.vaultPath(protocol.PathVaultWrites), huge, bearer(alice.token), chunked).want(413, protocol.CodeTooLarge)
	s.send("POST", alice.vaultPath(protocol.PathVaultWrites), huge, bearer(alice.token)).want(413, protocol.CodeTooLarge)
}

func TestWriteErrorNamesTheField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	alice := s.register("alice")
	path := alice.vaultPath(protocol.PathVaultWrites)
	for name, c := range map[string]struct {
		field string
		value any
		code  protocol.Code
		says  string
	}{
		"no write":           {"write", nil, protocol.CodeBadRequest, "write"},
		"write is a number":  {"write", 1, protocol.CodeBadRequest, "write"},
		"malformed write":    {"write", "AgAA", protocol.CodeBadRequest, "write"},
		"endless write":      {"write", strings.Repeat("A", protocol.MaxSignedBytes+4), protocol.CodeTooLarge, "write"},
		"no operations":      {"operations", "", protocol.CodeBadRequest, "operations"},
		"bad operations":     {"operations", "AgAA", protocol.CodeBadRequest, "operations"},
		"endless operations": {"operations", strings.Repeat("A", protocol.MaxOperationsBytes+4), protocol.CodeTooLarge, "operations"},
		"no tokens":          {"tokens", nil, protocol.CodeBadRequest, "tokens"},
		"tokens is a text":   {"tokens", "x", protocol.CodeBadRequest, "tokens"},
		"token in the clear": {"tokens", []string{"clear text"}, protocol.CodeBadRequest, "tokens[0]"},
		"token of two lines": {"tokens", []string{sample.Token(100) + "\n"}, protocol.CodeBadRequest, "tokens[0]"},
		"token too long":     {"tokens", []string{sample.Token(protocol.MaxTokenBytes)}, protocol.CodeTooLarge, "tokens[0]"},
		"another token":      {"tokens", []string{sample.Token(100)}, protocol.CodeBadRequest, "tokens[0]"},
		"too many tokens":    {"tokens", make([]string, 2001), protocol.CodeBadRequest, "more than 2000"},
		"unknown field":      {"manifest", "x", protocol.CodeBadRequest, "manifest"},
	} {
		t.Run(name, func(t *testing.T) {
			body := fields(t, alice.item().Request())
			body[c.field] = c.value
			a := alice.call("POST", path, body)
			if a.code() != c.code || a.status >= 500 || !strings.Contains(a.message(), c.says) {
				t.Errorf("got %d %.300s", a.status, a.body)
			}
		})
	}
	if v := alice.vault(""); v.Revision != 0 || len(v.Records) != 0 {
		t.Errorf("a rejected write left revision %d and %d records", v.Revision, len(v.Records))
	}
	head := strings.Repeat("A", 43)
	for _, query := range []string{
		"?since=-1", "?since=x", "?since=1&since=2", "?since=01", "?since=", "?until=3", "?since=99999999999999999999", "?after=-2", "?after=1.0",
		"?revision=-1", "?revision=9007199254740992", "?head=", "?head=x", "?head=" + head[1:], "?head=" + head + "=", "?head=" + head + "&head=" + head,
	} {
		alice.call("GET", alice.vaultPath(protocol.PathVault)+query, nil).want(400, protocol.CodeBadRequest)
	}
	alice.call("GET", strings.Replace(protocol.PathVault, "{vault}", "x", 1), nil).want(400, protocol.CodeBadRequest)
	alice.call("GET", strings.Replace(protocol.PathVault, "{vault}", sample.ID(), 1), nil).want(404, protocol.CodeNotFound)
	alice.call("POST", protocol.PathSessionsEnd, protocol.EndSessionsRequest{CurrentAuthKey: alice.authKey, ID: "nonsense"}).want(400, protocol.CodeBadRequest)
}

func TestSpellingsAreOneAccount(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.register("Änne")
	for _, spelling := range []string{"Änne", "änne", "ÄNNE", "A\u0308nne", "a\u0308NNE", "\uff21\u0308nne"} {
		_, other := s.newPerson(spelling)
		s.call("POST", protocol.PathUsers, other).want(409, protocol.CodeUsernameTaken)
		p.name = spelling
		if in := p.mustLogin(""); in.Account.UserID != p.userID() || in.Account.Username != "änne" {
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
	s.call("DELETE", strings.Replace(protocol.PathVault, "{vault}", sample.ID(), 1), nil).want(405, protocol.CodeMethodNotAllowed)
}
