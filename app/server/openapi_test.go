package server_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
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

// checkAgainstDocument holds both halves of an exchange to the document. A request that was refused need not fit it;
// one that was accepted must.
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
			t.Errorf("%s %s answers %d and is not in the document: %v", req.Method, req.URL, res.StatusCode, err)
		}
		return
	}
	in := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, MultiError: true,
	}}
	if res.StatusCode < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), in); err != nil {
			t.Errorf("%s %s was accepted, but: %v", req.Method, req.URL, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: res.StatusCode, Header: res.Header, Options: in.Options}
	out.SetBodyBytes(answered)
	if err := openapi3filter.ValidateResponse(t.Context(), out); err != nil {
		t.Errorf("%s %s answered %d %s, but: %v", req.Method, req.URL, res.StatusCode, answered, err)
	}
}

func TestEveryRouteIsDocumentedAndEveryDocumentedRouteIsServed(t *testing.T) {
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

func TestDocumentIsServed(t *testing.T) {
	t.Parallel()
	a := newSite(t).call("GET", protocol.PathOpenAPI, nil)
	if a.status != http.StatusOK || !bytes.Equal(a.body, protocol.OpenAPI) || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %d, %s, %d bytes", a.status, a.header.Get("Content-Type"), len(a.body))
	}
}
