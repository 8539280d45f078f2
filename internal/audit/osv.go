package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Requests and answers of the service: https://google.github.io/osv.dev/post-v1-querybatch/
const (
	batch     = 1000
	maxPages  = 100
	maxAnswer = 32 << 20
)

var osvID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:._-]{0,127}$`)

type osv struct{ url string }

type osvPackage struct {
	Name      string `json:"name,omitempty"`
	Ecosystem string `json:"ecosystem,omitempty"`
	PURL      string `json:"purl,omitempty"`
}

type osvQuery struct {
	Package   osvPackage `json:"package"`
	Version   string     `json:"version,omitempty"`
	PageToken string     `json:"page_token,omitempty"`
}

// osvEntry has the fields that we need from an entry: https://ossf.github.io/osv-schema/
type osvEntry struct {
	ID, Summary, Withdrawn string
	Aliases                []string
	Affected               []struct {
		Package osvPackage
		Ranges  []struct{ Events []struct{ Fixed string } }
	}
}

// vulnerabilities returns the known vulnerabilities of the components, each one once per component.
func (o *osv) vulnerabilities(ctx context.Context, components []component) ([]finding, error) {
	ids := map[component]map[string]bool{}
	for some := range slices.Chunk(components, batch) {
		if err := o.query(ctx, some, ids); err != nil {
			return nil, err
		}
	}
	entries := map[string]osvEntry{}
	var found []finding
	for _, c := range components {
		var own []finding
		for _, id := range slices.Sorted(maps.Keys(ids[c])) {
			e, ok := entries[id]
			if !ok {
				var err error
				if e, err = o.entry(ctx, id); err != nil {
					return nil, err
				}
				entries[id] = e
			}
			if e.Withdrawn == "" {
				own = merge(own, finding{
					ids: append([]string{id}, e.Aliases...), module: c.name, version: c.version, fixed: e.fixed(c), summary: e.Summary,
				})
			}
		}
		found = append(found, own...)
	}
	return found, nil
}

// merge adds a finding. If it shares an id with an earlier one, it is merged into that one.
func merge(found []finding, f finding) []finding {
	for i := range found {
		for _, id := range f.ids {
			if slices.Contains(found[i].ids, id) {
				found[i].ids = append(found[i].ids, f.ids...)
				if found[i].fixed == "" {
					found[i].fixed = f.fixed
				}
				return found
			}
		}
	}
	return append(found, f)
}

// query looks up at most one batch of components, page by page, and adds the results to ids.
func (o *osv) query(ctx context.Context, components []component, ids map[component]map[string]bool) error {
	queries := make([]osvQuery, len(components))
	for i, c := range components {
		queries[i] = osvQuery{Package: osvPackage{Name: c.name, Ecosystem: c.ecosystem}, Version: c.version}
		if c.purl != "" { // it contains the version
			queries[i] = osvQuery{Package: osvPackage{PURL: c.purl}}
		}
	}
	for range maxPages {
		if len(queries) == 0 {
			return nil
		}
		pages, err := o.batch(ctx, queries)
		if err != nil {
			return err
		}
		var nextQueries []osvQuery
		var nextComponents []component
		for i, r := range pages {
			r.note(ids, components[i])
			if r.NextPageToken != "" {
				q := queries[i]
				q.PageToken = r.NextPageToken
				nextQueries, nextComponents = append(nextQueries, q), append(nextComponents, components[i])
			}
		}
		queries, components = nextQueries, nextComponents
	}
	if len(queries) > 0 {
		return fmt.Errorf("it returned more than %d pages for a query", maxPages)
	}
	return nil
}

// osvPage is one page of the answer to a query, with the token of the next page.
type osvPage struct {
	Vulns         []struct{ ID string }
	NextPageToken string `json:"next_page_token"`
}

// note adds the vulnerabilities on the page to those of a component.
func (p osvPage) note(ids map[component]map[string]bool, of component) {
	for _, v := range p.Vulns {
		if ids[of] == nil {
			ids[of] = map[string]bool{}
		}
		ids[of][v.ID] = true
	}
}

// batch returns one page for each query.
func (o *osv) batch(ctx context.Context, queries []osvQuery) ([]osvPage, error) {
	body, err := json.Marshal(map[string]any{"queries": queries})
	if err != nil {
		return nil, err
	}
	var answer struct{ Results []osvPage }
	if err := o.call(ctx, http.MethodPost, "/v1/querybatch", body, &answer); err != nil {
		return nil, err
	}
	if len(answer.Results) != len(queries) {
		return nil, fmt.Errorf("it returned %d answers to %d queries", len(answer.Results), len(queries))
	}
	return answer.Results, nil
}

func (o *osv) entry(ctx context.Context, id string) (osvEntry, error) {
	var e osvEntry
	if !osvID.MatchString(id) {
		return e, fmt.Errorf("it returned the invalid id %q", id)
	}
	err := o.call(ctx, http.MethodGet, "/v1/vulns/"+url.PathEscape(id), nil, &e)
	if err == nil && e.ID != id {
		err = fmt.Errorf("it returned %q for %s", e.ID, id)
	}
	return e, err
}

func (o *osv) call(ctx context.Context, method, path string, body []byte, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, o.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %s", path, response.Status)
	case len(content) > maxAnswer:
		return errors.New(path + ": the answer is too long")
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return fmt.Errorf("%s: the answer is malformed: %w", path, err)
	}
	return nil
}

// fixed lists the versions of the component that fix the vulnerability.
func (e osvEntry) fixed(c component) string {
	var versions []string
	for _, a := range e.Affected {
		if a.Package.Name != c.name && !strings.HasSuffix(c.name, "/"+a.Package.Name) {
			continue
		}
		for _, r := range a.Ranges {
			for _, event := range r.Events {
				if event.Fixed != "" && !slices.Contains(versions, event.Fixed) {
					versions = append(versions, event.Fixed)
				}
			}
		}
	}
	return strings.Join(versions, " or ")
}
