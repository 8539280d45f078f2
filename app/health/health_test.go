package health_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/health"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func TestReport(t *testing.T) {
	t.Parallel()
	recent, old, older := now.AddDate(0, -1, 0), now.AddDate(-3, 0, 0), now.AddDate(-5, 0, 0)
	got := health.Of([]health.Login{
		{ID: "sound", Password: "a", Since: recent, TOTP: true, URLs: []string{"https://a.example"}},
		{ID: "weak", Password: "w", Since: recent},
		{ID: "twin 1", Password: "t"}, {ID: "twin 2", Password: "t"},
		{ID: "triplet 1", Password: "tt"}, {ID: "triplet 2", Password: "tt"}, {ID: "triplet 3", Password: "tt"},
		{ID: "old", Password: "o", Since: old}, {ID: "older", Password: "oo", Since: older},
		{ID: "named", Password: "Anna.Example", Username: "anna-example@mail.example"},
		{ID: "clear", Password: "c", URLs: []string{"https://a.example", "http://a.example/login"}, TOTP: true},
		{ID: "once", Password: "b1"}, {ID: "often", Password: "b2"},
		{ID: "alone", Password: "x", URLs: []string{"site.example"}},
		{ID: "without a password", URLs: []string{"http://a.example"}},
	}, health.Known{
		Weak:     map[string]bool{"w": true, "a": false},
		Breached: map[string]int{"b1": 1, "b2": 900, "a": 0},
	}, now)
	want := health.Report{
		Logins: 14, Sound: 2,
		Weak:         []string{"weak", "named"},
		Reused:       [][]string{{"triplet 1", "triplet 2", "triplet 3"}, {"twin 1", "twin 2"}},
		Old:          []health.Old{{ID: "older", Since: older}, {ID: "old", Since: old}},
		Insecure:     []health.Insecure{{ID: "clear", URL: "http://a.example/login"}},
		SecondFactor: []string{"alone"},
		Breached:     []health.Breached{{ID: "often", Times: 900}, {ID: "once", Times: 1}},
		Unchecked:    11,
		Ignored:      []health.Ignored{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got.Score() != 14 || (health.Report{}).Score() != 100 || (health.Report{Logins: 1000, Sound: 999}).Score() != 99 {
		t.Errorf("score %d", got.Score())
	}
}

func TestLocalURLsAreNotInsecure(t *testing.T) {
	t.Parallel()
	for url, insecure := range map[string]bool{
		"http://example.org":          true,
		"HTTP://Example.org/x":        true,
		"http://93.184.216.34":        true,
		"http://[2001:db8::1]/":       true,
		"https://example.org":         false,
		"example.org":                 false, // browsers try HTTPS first
		"http://localhost:8080":       false,
		"http://127.0.0.1":            false,
		"http://[::1]:80":             false,
		"http://192.168.1.1":          false,
		"http://10.0.0.7/admin":       false,
		"http://[fd00::1]":            false,
		"http://[::ffff:192.168.1.1]": false,
		"http://router":               false,
		"http://printer.local":        false,
		"http://nas.lan.":             false,
		"http://local.example.org":    true,
		"ftp://example.org":           false,
		"::":                          false,
	} {
		got := health.Of([]health.Login{{ID: "x", Password: "p", URLs: []string{url}}}, health.Known{}, now)
		if (len(got.Insecure) == 1) != insecure {
			t.Errorf("%s: insecure is %t", url, !insecure)
		}
	}
}

func TestIgnoredFindingsAreListedApart(t *testing.T) {
	t.Parallel()
	all := health.Kinds
	logins := []health.Login{
		{ID: "all", Password: "p", Since: now.AddDate(-3, 0, 0), URLs: []string{"http://a.example"}, Ignored: all},
		{ID: "another", Password: "w", Ignored: []health.Kind{health.KindOld, "from a newer version"}},
		{ID: "alone", Password: "twin", Ignored: []health.Kind{health.KindReused}}, {ID: "other", Password: "twin"},
		{ID: "first", Password: "pair", Ignored: []health.Kind{health.KindReused}},
		{ID: "second", Password: "pair", Ignored: []health.Kind{health.KindReused}},
	}
	known := health.Known{Weak: map[string]bool{"p": true, "w": true}, Breached: map[string]int{"p": 7, "w": 0, "twin": 0, "pair": 0}}
	got := health.Of(logins, known, now)
	want := health.Report{
		Logins: 6, Sound: 3, Weak: []string{"another"}, Old: []health.Old{}, Insecure: []health.Insecure{}, SecondFactor: []string{},
		Breached: []health.Breached{},
		// A group is ignored if all its members are: a login that gets the password later is reported with the others.
		Reused: [][]string{{"alone", "other"}},
		Ignored: []health.Ignored{
			{ID: "all", Kind: health.KindBreached}, {ID: "all", Kind: health.KindWeak}, {ID: "all", Kind: health.KindOld},
			{ID: "all", Kind: health.KindInsecure}, {ID: "all", Kind: health.KindSecondFactor},
			{ID: "first", Kind: health.KindReused}, {ID: "second", Kind: health.KindReused},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestFindingsOfOneLogin(t *testing.T) {
	t.Parallel()
	since := now.AddDate(-3, 0, 0)
	login := health.Login{ID: "c", Password: "p", Since: since, URLs: []string{"http://c.example"}, Ignored: []health.Kind{health.KindOld}}
	got := health.One(login, []string{"a", "d"}, health.Known{Weak: map[string]bool{"p": true}, Breached: map[string]int{"p": 3}}, now)
	want := health.Findings{
		Weak: true, Reused: []string{"a", "d"}, Since: since, Old: true, Insecure: "http://c.example", SecondFactor: true,
		Breached: 3, Checked: true, Ignored: []health.Kind{health.KindOld},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	sound := health.One(health.Login{Password: "q"}, nil, health.Known{Breached: map[string]int{"q": 0}}, now)
	if want := (health.Findings{Reused: []string{}, Checked: true, Ignored: []health.Kind{}}); !reflect.DeepEqual(sound, want) {
		t.Errorf("got  %+v\nwant %+v", sound, want)
	}
}
