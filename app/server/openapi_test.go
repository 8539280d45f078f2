package server_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server"
)

type loaded struct {
	doc    *openapi3.T
	router routers.Router
	err    error
}

var document = sync.OnceValue(func() loaded {
	openapi3filter.RegisterBodyDecoder("text/event-stream", openapi3filter.PlainBodyDecoder)
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromData(protocol.OpenAPI)
	if err == nil {
		err = doc.Validate(loader.Context)
	}
	if err != nil {
		return loaded{err: err}
	}
	router, err := gorillamux.NewRouter(doc)
	return loaded{doc, router, err}
})

// checkAgainstDocument checks a request and its answer against the document. A rejected request need not match it; an
// accepted one must.
func checkAgainstDocument(t *testing.T, sent *http.Request, body []byte, res *http.Response, answered []byte) {
	t.Helper()
	d := document()
	if d.err != nil {
		t.Fatalf("the OpenAPI document: %v", d.err)
	}
	req := sent.Clone(t.Context())
	req.URL = &url.URL{Path: sent.URL.Path, RawQuery: sent.URL.RawQuery}
	req.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := d.router.FindRoute(req)
	if err != nil {
		if res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s %s answered %d but is not in the document: %v", req.Method, req.URL, res.StatusCode, err)
		}
		return
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true,
	}}
	fault := openapi3filter.ValidateRequest(t.Context(), in)
	if res.StatusCode < 300 && fault != nil {
		t.Errorf("%s %s was accepted, but: %v", req.Method, req.URL, fault)
	}
	if res.StatusCode == http.StatusBadRequest && fault == nil && !beyondSchemas(answered) {
		t.Errorf("%s %s of %.300s was rejected with %s, but matches the document", req.Method, req.URL, body, answered)
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header, Options: in.Options}
	out.SetBodyBytes(answered)
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%s %s answered %d %s, but: %v", req.Method, req.URL, res.StatusCode, answered, err)
	}
}

// beyondSchemas reports whether a request was rejected for a rule that schemas cannot express: Unicode, relations between
// members, and the JSON text itself.
func beyondSchemas(answered []byte) bool {
	for _, rule := range []string{
		"occurs twice in one object", "data follows the JSON value", "not valid UTF-8", // the text itself
		"was refused", "is not that of", "is not the envelope that", "must fit the document", "leave it out", "between the number of the chunk and", "do not fit the vault", // relations
		"leave out one that", "is signed by another user", "as its author and only member", // what is signed
		"before all of its chunks", "tokens are", "to must be", "must be that of a sealed record",
		"mixes scripts", "contains a character that is not allowed", // look-alike names
		"must be one integer", "must be given once", "must be a time such as", "the parameters are", "chunk must be a number between 1", // spelling of a URL
	} {
		if bytes.Contains(answered, []byte(rule)) {
			return true
		}
	}
	return false
}

func TestExamplesMatchTheirSchemas(t *testing.T) {
	t.Parallel()
	d := document()
	if d.err != nil {
		t.Fatal(d.err)
	}
	n := 0
	for name, schema := range d.doc.Components.Schemas {
		examples, _ := schema.Value.Extensions["examples"].([]any)
		for _, e := range append(examples, schema.Value.Examples...) {
			n++
			if err := schema.Value.VisitJSON(e); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if n == 0 {
		t.Error("no examples")
	}
}

func TestRoutesMatchTheDocument(t *testing.T) {
	t.Parallel()
	d := document()
	if d.err != nil {
		t.Fatal(d.err)
	}
	var documented []string
	for path, item := range d.doc.Paths.Map() {
		for method := range item.Operations() {
			documented = append(documented, method+" "+path)
		}
	}
	served := newSite(t).srv.Routes()
	slices.Sort(documented)
	slices.Sort(served)
	if !slices.Equal(documented, served) {
		t.Errorf("documented:\n%s\nserved:\n%s", strings.Join(documented, "\n"), strings.Join(served, "\n"))
	}
}

func TestDocumentNamesEveryErrorCode(t *testing.T) {
	t.Parallel()
	d := document()
	if d.err != nil {
		t.Fatal(d.err)
	}
	var documented, known []string
	for _, v := range d.doc.Components.Schemas["ErrorCode"].Value.Enum {
		documented = append(documented, v.(string))
	}
	for code := range server.Statuses() {
		known = append(known, string(code))
	}
	slices.Sort(documented)
	slices.Sort(known)
	if !slices.Equal(documented, known) {
		t.Errorf("documented %v, known %v", documented, known)
	}
}

func TestDocumentHasTheStatusOfEveryCode(t *testing.T) {
	t.Parallel()
	d := document()
	if d.err != nil {
		t.Fatal(d.err)
	}
	for path, item := range d.doc.Paths.Map() {
		for method, o := range item.Operations() {
			for status, r := range o.Responses.Map() {
				if status[0] == '2' {
					continue
				}
				about := r.Value.Content["application/json"].Schema.Value.AllOf[1].Value
				for _, code := range about.Properties["code"].Value.Enum {
					if want := server.Statuses()[protocol.Code(code.(string))]; strconv.Itoa(want) != status {
						t.Errorf("%s %s: %s is documented as %s but answered as %d", method, path, code, status, want)
					}
				}
			}
		}
	}
}

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	a := newSite(t).call("GET", protocol.PathOpenAPI, nil)
	if a.status != http.StatusOK || !bytes.Equal(a.body, protocol.OpenAPI) || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d, %s, %d bytes", a.status, a.header.Get("Content-Type"), len(a.body))
	}
}
