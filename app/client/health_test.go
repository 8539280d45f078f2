package client_test

import (
	"context"
	"crypto/sha1" // #nosec G505 -- the range API uses SHA-1
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/health"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/strength"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// judge records the passwords that it judges.
type judge struct{ asked []string }

func (j *judge) weak(_ context.Context, passwords []string) ([]bool, error) {
	j.asked = append(j.asked, passwords...)
	out := make([]bool, len(passwords))
	for i, p := range passwords {
		out[i] = strength.Weak(p)
	}
	return out, nil
}

func (d *device) health(t *testing.T, j *judge) health.Report {
	t.Helper()
	report, err := d.Health(t.Context(), j.weak, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestHealthOfAVault(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	weak := d.save(t, item.Item{Title: "Weak", Password: "letmein", TOTP: "000-000", URLs: []string{"http://weak.example"}})
	d.save(t, item.Item{Title: "Note", Type: item.TypeNote, Notes: "letmein"})
	strong := d.save(t, item.Item{Title: "Strong", Password: "vM8#tq2!Lz0@Wd5$", TOTP: "JBSWY3DPEHPK3PXP", URLs: []string{"https://s.example"}})
	d.save(t, item.Item{Title: "Gone", Password: "letmein", Trashed: strong.Created})
	j := &judge{}
	report := d.health(t, j)
	if report.Logins != 2 || report.Sound != 1 || report.Score() != 50 || !slices.Equal(report.Weak, []string{weak.ID}) ||
		len(report.Insecure) != 1 || !slices.Equal(report.SecondFactor, []string{weak.ID}) || report.Unchecked != 2 {
		t.Errorf("%+v", report)
	}
	// A better password takes effect immediately. It is not judged again, because another item already has it.
	weak.Password = strong.Password
	weak = d.save(t, weak)
	report = d.health(t, j)
	if len(report.Weak) != 0 || len(report.Reused) != 1 || len(report.Reused[0]) != 2 || len(j.asked) != 2 {
		t.Errorf("%+v after judging %q", report, j.asked)
	}
	d.Lock()
	if _, err := d.Health(t.Context(), j.weak, nil); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
}

// The age of a password counts from the first version that has it, even if the notes have changed since.
func TestHealthCountsAPasswordFromItsFirstVersion(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	long := strings.Repeat("x", 3) + "vM8#tq2!Lz0@Wd5$"
	ids, err := d.AddMany(t.Context(), []item.Item{
		{Title: "Old", Password: long, Modified: daysAgo(1000)}, {Title: "Changed", Password: long + "2", Modified: daysAgo(1000)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	old, changed := d.get(t, ids[0]), d.get(t, ids[1])
	old.Notes, changed.Password = "new notes", long+"3"
	d.save(t, old)
	d.save(t, changed)
	report := d.health(t, &judge{})
	if len(report.Old) != 1 || report.Old[0].ID != ids[0] {
		t.Errorf("old: %+v", report.Old)
	}
}

// ranges is a service with the range API that knows some passwords and records all requests.
type ranges struct {
	known    map[string]int
	slow     int // the number of requests that are answered 429 first
	mu       sync.Mutex
	prefixes []string
	padding  bool
}

func (s *ranges) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slow > 0 {
		s.slow--
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	s.prefixes = append(s.prefixes, r.Method+" "+r.URL.String())
	s.padding = r.Header.Get("Add-Padding") == "true" && r.Header.Get("Authorization") == "" && r.Header.Get("Cookie") == ""
	prefix := strings.TrimPrefix(r.URL.Path, "/range/")
	fmt.Fprintf(w, "%035X:3\r\n", 1)
	fmt.Fprintf(w, "%035X:0\r\n", 2)
	for password, times := range s.known {
		if digits := fmt.Sprintf("%X", sha1.Sum([]byte(password))); strings.HasPrefix(digits, prefix) {
			fmt.Fprintf(w, "%s:%d\r\n", digits[5:], times)
		}
	}
}

func startRanges(t *testing.T, known map[string]int) (*ranges, *httptransport.Ranges) {
	t.Helper()
	service := &ranges{known: known}
	at := httptest.NewServer(service)
	t.Cleanup(at.Close)
	way, err := httptransport.NewRanges(at.URL)
	if err != nil {
		t.Fatal(err)
	}
	return service, way
}

func TestBreachesTellTheServiceFiveDigitsAndNoMore(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	bad := d.save(t, item.Item{Title: "Bad", Password: "password"})
	d.save(t, item.Item{Title: "Same", Password: "password"})
	d.save(t, item.Item{Title: "Good", Password: "vM8#tq2!Lz0@Wd5$"})
	d.save(t, item.Item{Title: "Gone", Password: "in the trash", Trashed: bad.Created})
	service, way := startRanges(t, map[string]int{"password": 9_545_824})
	service.slow = 1
	if report := d.health(t, &judge{}); report.Unchecked != 3 || len(report.Breached) != 0 || len(service.prefixes) != 0 {
		t.Errorf("before the lookup: %+v, requests %q", report, service.prefixes)
	}
	var done, total int
	if err := d.Breaches(t.Context(), way, func(d, n int) { done, total = d, n }); err != nil || done != 2 || total != 2 {
		t.Fatalf("%d of %d: %v", done, total, err)
	}
	report := d.health(t, &judge{})
	if report.Unchecked != 0 || len(report.Breached) != 2 || report.Breached[0] != (health.Breached{ID: bad.ID, Times: 9_545_824}) {
		t.Errorf("%+v", report)
	}
	// No prefix is requested twice.
	if err := d.Breaches(t.Context(), way, nil); err != nil {
		t.Fatal(err)
	}
	only := regexp.MustCompile(`^GET /range/[0-9A-F]{5}$`)
	if len(service.prefixes) != 2 || !slices.Contains(service.prefixes, "GET /range/5BAA6") || !service.padding {
		t.Errorf("requests %q, padding %t", service.prefixes, service.padding)
	}
	for _, prefixes := range service.prefixes {
		if !only.MatchString(prefixes) {
			t.Errorf("the service received %s", prefixes)
		}
	}
}

type rangesFunc func(ctx context.Context, prefix string) (client.Response, error)

func (f rangesFunc) Range(ctx context.Context, prefix string) (client.Response, error) {
	return f(ctx, prefix)
}

func TestBreachesEndWithAnErrorAndKeepWhatTheyKnow(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	if _, err := d.AddMany(t.Context(), sample.Logins(30), nil); err != nil {
		t.Fatal(err)
	}
	fine := client.Response{Status: 200, Body: []byte(strings.Repeat("0", 35) + ":1\r\n")}
	answering := func(answer client.Response) rangesFunc {
		return func(context.Context, string) (client.Response, error) { return answer, nil }
	}
	for name, c := range map[string]struct {
		ranges rangesFunc
		want   string
	}{
		"a page of a proxy": {answering(client.Response{Status: 200, Body: []byte("<html>")}), "not a list of hashes"},
		"a broken count":    {answering(client.Response{Status: 200, Body: []byte(strings.Repeat("0", 35) + ":-1")}), "not a list of hashes"},
		"refused":           {answering(client.Response{Status: 403}), "answered 403"},
		"no answer":         {func(context.Context, string) (client.Response, error) { return client.Response{}, errors.New("x") }, "cannot be reached"},
		"locked":            {func(context.Context, string) (client.Response, error) { d.Lock(); return fine, nil }, "vault is locked"},
	} {
		if d.Locked() {
			if _, err := d.Unlock(t.Context(), password); err != nil {
				t.Fatal(err)
			}
			d.sync(t)
		}
		if err := d.Breaches(t.Context(), c.ranges, nil); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.Locked() {
		if _, err := d.Unlock(t.Context(), password); err != nil {
			t.Fatal(err)
		}
		d.sync(t)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	var mu sync.Mutex
	err := d.Breaches(ctx, rangesFunc(func(context.Context, string) (client.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		return fine, nil
	}), func(done, _ int) {
		if done == 10 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || asked == 30 {
		t.Errorf("cancelled after %d: %v", asked, err)
	}
	if left := d.health(t, &judge{}).Unchecked; left > 20 || left == 0 {
		t.Errorf("%d passwords are unchecked after 10 lookups", left)
	}
}

func TestHealthOfOneItem(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	one := d.save(t, item.Item{Title: "One", Password: "letmein", URLs: []string{"https://one.example"}})
	two := d.save(t, item.Item{Title: "Two", Password: "letmein"})
	d.save(t, item.Item{Title: "Three", Password: "another"})
	j := &judge{}
	check := func(id string) health.Findings {
		t.Helper()
		f, err := d.ItemHealth(t.Context(), id, j.weak)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	f := check(one.ID)
	if !f.Weak || !slices.Equal(f.Reused, []string{two.ID}) || f.Since.IsZero() || !f.SecondFactor || f.Checked {
		t.Errorf("%+v", f)
	}
	if !slices.Equal(j.asked, []string{"letmein"}) {
		t.Errorf("judged %q", j.asked)
	}
	service, way := startRanges(t, map[string]int{"letmein": 42})
	if err := d.Breach(t.Context(), one.ID, way); err != nil {
		t.Fatal(err)
	}
	if f := check(one.ID); f.Breached != 42 || !f.Checked || len(service.prefixes) != 1 {
		t.Errorf("%+v after %q", f, service.prefixes)
	}
	if err := d.Breach(t.Context(), "missing", way); err != nil || len(service.prefixes) != 1 {
		t.Errorf("an item without a password: %v, %q", err, service.prefixes)
	}
	d.Lock()
	if _, err := d.ItemHealth(t.Context(), one.ID, j.weak); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	if err := d.Breach(t.Context(), one.ID, way); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
}

// Another device sees which findings are ignored. Ignored findings about a password are reported again when it changes.
func TestIgnoredFindingsAreStored(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	it := d.save(t, item.Item{Title: "Router", Password: "letmein", URLs: []string{"http://router.example"}})
	for _, kind := range []health.Kind{health.KindWeak, health.KindInsecure, health.KindWeak} {
		if _, err := d.Ignore(t.Context(), []string{it.ID}, kind, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	other := newDevice(t, server)
	other.login(t, "anna", "phone")
	other.sync(t)
	report := other.health(t, &judge{})
	if report.Sound != 1 || len(report.Weak) != 0 || len(report.Insecure) != 0 || len(report.Ignored) != 2 {
		t.Errorf("%+v", report)
	}
	if _, err := other.Ignore(t.Context(), []string{it.ID}, health.KindInsecure, false, nil); err != nil {
		t.Fatal(err)
	}
	if report := other.health(t, &judge{}); len(report.Insecure) != 1 || len(report.Ignored) != 1 {
		t.Errorf("%+v", report)
	}
	changed := other.get(t, it.ID)
	changed.Notes = "in the hall"
	if saved := other.save(t, changed); !slices.Equal(saved.Ignored, []string{"weak"}) {
		t.Errorf("new notes: %q", saved.Ignored)
	}
	changed = other.get(t, it.ID)
	changed.Password = "letmein2"
	if fresh := other.save(t, changed); len(fresh.Ignored) != 0 {
		t.Errorf("a new password: %q", fresh.Ignored)
	}
}
