package client_test

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// weakIfShort judges passwords of up to four letters as weak.
func weakIfShort(_ context.Context, passwords []string) ([]bool, error) {
	weak := make([]bool, len(passwords))
	for i, p := range passwords {
		weak[i] = len(p) < 5
	}
	return weak, nil
}

func searchable(t *testing.T) *device {
	t.Helper()
	d := newDevice(t, startServer(t))
	d.register(t, "anna")
	_, err := d.AddMany(t.Context(), []item.Item{
		{Title: "GitHub", Username: "anna", URLs: []string{"https://github.com/login"}, Tags: []string{"Work", "two words"}, Password: "same-password", TOTP: "JBSWY3DPEHPK3PXP"},
		{Title: "GitLab", Username: "bert", URLs: []string{"http://gitlab.example"}, Tags: []string{"workshop"}, Password: "same-password", Notes: "old server"},
		{Title: "Visa", Type: item.TypeCard, Card: &item.Card{Number: "4111111111111111"}, Tags: []string{"Money"}, Favourite: true},
		{Title: "Note a:b", Type: item.TypeNote, Notes: "text", Created: daysAgo(3)},
		{Title: "Key", Type: item.TypeSSHKey, Fields: []item.Field{{Name: "host", Value: "x"}}},
		{Title: "Router", Password: "abc", Created: daysAgo(1100), Modified: daysAgo(1100)},
		{Title: "Weak tea", Type: item.TypeNote, Tags: []string{"Été"}},
		{Title: "Gone", Type: item.TypeNote, Tags: []string{"Money"}, Trashed: time.Now()},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Health(t.Context(), weakIfShort, nil); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSearchOperators(t *testing.T) {
	t.Parallel()
	d := searchable(t)
	everything := []string{"GitHub", "GitLab", "Key", "Note a:b", "Router", "Visa", "Weak tea"}
	for text, want := range map[string][]string{
		"type:card":             {"Visa"},
		"TYPE:Cards":            {"Visa"},
		"type:ca":               {"Visa"}, // still being typed
		"type:ssh-key":          {"Key"},
		"-type:note -type:card": {"GitHub", "GitLab", "Key", "Router"},
		"tag:work":              {"GitHub"}, // not the workshop
		"tag:works":             {"GitLab"}, // the only tags that begin with it
		`tag:"wor"`:             nil,
		`tag:"two words"`:       {"GitHub"},
		"tag:“two words”":       {"GitHub"}, // as phones type it
		`tag:"two wo`:           nil,
		"tag:ete":               {"Weak tea"},
		"git -tag:work":         {"GitLab"},
		"git -lab":              {"GitHub"},
		"git - lab":             nil, // a hyphen alone is text
		"tag:":                  everything,
		"-tag:":                 everything,
		`""`:                    everything,
		"has:totp":              {"GitHub"},
		"has:url":               {"GitHub", "GitLab"},
		"has:notes":             {"GitLab", "Note a:b"},
		"has:field":             {"Key"},
		"has:attachment":        nil,
		"has:username has:totp": {"GitHub"},
		"-has:tag type:note":    {"Note a:b"},
		"is:favourite":          {"Visa"},
		"is:favorite":           {"Visa"},
		"is:fav":                {"Visa"},
		"is:trashed":            {"Gone"},
		"is:trashed tag:money":  {"Gone"},
		"-is:trashed":           everything,
		"is:weak":               {"Router"},
		"is:reused":             {"GitHub", "GitLab"},
		"is:reused -has:totp":   {"GitLab"},
		"is:old":                {"Router"},
		"is:exposed":            nil,
		"weak":                  {"Weak tea", "Router"}, // text first
		"old":                   {"GitLab", "Router"},
		`"weak"`:                {"Weak tea"},
		"reused lab":            {"GitLab"},
		"username:ann":          {"GitHub"},
		"url:gitlab":            {"GitLab"},
		"site:github.com/login": {"GitHub"},
		"url:http://gitlab":     {"GitLab"},
		"title:git":             {"GitHub", "GitLab"},
		`title:"a:b"`:           {"Note a:b"},
		`"weak tea"`:            {"Weak tea"},
		`"tea weak"`:            nil,
		"a:b":                   {"Note a:b"}, // text
		"http://gitlab":         {"GitLab"},
		"url://x":               nil,
		"type:crad":             nil,
		"colour:red":            nil,
	} {
		if got := d.found(t, client.Query{Text: text}); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
		sameForPage(t, d, client.Query{Text: text})
	}
	if got := d.found(t, client.Query{Text: "type:card", Literal: true}); got != nil {
		t.Errorf("a literal text found %q", got)
	}
	if got := d.found(t, client.Query{Text: "has:url", Tag: "Work", Type: item.TypeLogin}); !slices.Equal(got, []string{"GitHub"}) {
		t.Errorf("with a tag and a type: %q", got)
	}
}

func TestSearchHints(t *testing.T) {
	t.Parallel()
	d := searchable(t)
	if _, err := d.AddMany(t.Context(), []item.Item{{Title: "New", Password: "new"}}, nil); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string][]client.Hint{
		"type:crad":  {{Code: client.HintValue, Word: "type:crad"}},
		"-is:nice":   {{Code: client.HintValue, Word: "is:nice"}},
		"Colour:red": {{Code: client.HintOperator, Word: "colour:red"}},
		"note a:b":   nil,
		"http://a":   nil,
		"is:weak":    {{Code: client.HintUnjudged}},
		"is:exposed": {{Code: client.HintUnchecked}},
		"is:reused":  nil,
		"tag:none":   nil,
	} {
		got, err := d.Hints(client.Query{Text: text})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %+v, want %+v, %v", text, got, want, err)
		}
	}
}

func TestFindingsFollowTheVault(t *testing.T) {
	t.Parallel()
	d := searchable(t)
	reused := client.Query{Text: "is:reused"}
	if n := len(d.found(t, reused)); n != 2 {
		t.Fatalf("%d passwords are reused", n)
	}
	lab, err := d.Search(client.Query{Text: "gitlab"})
	if err != nil {
		t.Fatal(err)
	}
	it := d.get(t, lab[0].ID)
	it.Password = "another password"
	if _, err := d.Save(t.Context(), it); err != nil {
		t.Fatal(err)
	}
	if got := d.found(t, reused); got != nil {
		t.Errorf("%q are still reused", got)
	}
}

// A longer text searches in what the shorter one found. Nothing may be missing because of that.
func TestNarrowedSearchesFindEverything(t *testing.T) {
	t.Parallel()
	d := searchable(t)
	for _, q := range []client.Query{
		{Text: "g"}, {Text: "gi"}, {Text: "git"}, {Text: "git s"}, {Text: "git se", Reverse: true}, {Text: "git ser", Reverse: true},
		{Text: "git"}, {Text: "git "}, {Text: "git has:totp"}, {Text: "git l"}, {Text: "git l", Tag: "workshop"}, {Text: "w"}, {Text: "we"},
		{Text: "weak"}, {Text: "weak t"}, {Text: "t", Sort: client.SortCreated}, {Text: "te", Sort: client.SortCreated}, {Text: "te"},
	} {
		got := d.found(t, q)
		// The empty quotation makes it more than words, so it searches all items.
		want := d.found(t, client.Query{Text: q.Text + ` ""`, Type: q.Type, Tag: q.Tag, Sort: q.Sort, Reverse: q.Reverse})
		if !slices.Equal(got, want) {
			t.Errorf("%+v: got %q, want %q", q, got, want)
		}
	}
	d.found(t, client.Query{Text: "gi"})
	if _, err := d.AddMany(t.Context(), []item.Item{{Title: "Gitea"}}, nil); err != nil {
		t.Fatal(err)
	}
	if got := d.found(t, client.Query{Text: "git"}); !slices.Contains(got, "Gitea") {
		t.Errorf("a new item is missing: %q", got)
	}
}

func TestReversedOrder(t *testing.T) {
	t.Parallel()
	d := searchable(t)
	for _, sort := range []client.Sort{client.SortTitle, client.SortChanged, client.SortCreated} {
		forward := d.found(t, client.Query{Sort: sort})
		back := d.found(t, client.Query{Sort: sort, Reverse: true})
		slices.Reverse(back)
		if !slices.Equal(forward, back) {
			t.Errorf("%q: %q is not the reverse of %q", sort, back, forward)
		}
	}
}

func TestClosestTitles(t *testing.T) {
	t.Parallel()
	d := searchable(t)
	for text, want := range map[string][]string{
		"githup":      {"GitHub"},
		"gihtub":      {"GitHub"},
		"gtilab":      {"GitLab"},
		"vsia":        {"Visa"},
		"ruoter":      {"Router"},
		"wek tea":     {"Weak tea"},
		"routr abcde": nil,
		"zz":          nil,
		"qqqqqq":      nil,
	} {
		found, err := d.Closest(client.Query{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range found {
			got = append(got, s.Title)
		}
		if len(got) > 1 && len(want) == 1 {
			got = got[:1]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestRetag(t *testing.T) {
	t.Parallel()
	d := searchable(t)
	ids, err := d.Tagged("Money")
	if err != nil || len(ids) != 2 { // one is in the trash
		t.Fatalf("tagged: %q, %v", ids, err)
	}
	if _, err := d.Retag(t.Context(), ids, []string{"Cash"}, []string{"Money"}, nil); err != nil {
		t.Fatal(err)
	}
	hub, err := d.Search(client.Query{Text: "github"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Retag(t.Context(), []string{hub[0].ID}, []string{"Job"}, []string{"Work"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := d.get(t, hub[0].ID).Tags; !slices.Equal(got, []string{"Job", "two words"}) {
		t.Errorf("renamed: %q", got)
	}
	// Renaming to a tag that the item has merges the two.
	if _, err := d.Retag(t.Context(), []string{hub[0].ID}, []string{"two words"}, []string{"Job"}, nil); err != nil {
		t.Fatal(err)
	}
	tags, err := d.Tags()
	want := map[string]int{"Cash": 1, "Été": 1, "two words": 1, "workshop": 1}
	if err != nil || !maps.Equal(tags, want) {
		t.Errorf("got %+v, %v", tags, err)
	}
}

// BenchmarkKeystroke searches 10,000 items for a text that grows letter by letter.
func BenchmarkKeystroke(b *testing.B) {
	d := newDevice(b, startServer(b))
	d.register(b, "anna")
	if _, err := d.AddMany(b.Context(), sample.Logins(10_000), nil); err != nil {
		b.Fatal(err)
	}
	if err := d.Index(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	for _, word := range []string{"service 4711", "person99", "example.org login", "type:login has:url work"} {
		for _, n := range []int{1, 2, len(word) / 2, len(word)} {
			q := client.Query{Text: word[:n]}
			b.Run(q.Text, func(b *testing.B) {
				for b.Loop() {
					if _, err := d.SearchJSON(client.Query{Text: word[:n-1]}, 0, 50); err != nil {
						b.Fatal(err)
					}
					if _, err := d.SearchJSON(q, 0, 50); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
