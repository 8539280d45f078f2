// Package health reports weak, reused, old, breached and unencrypted passwords. It is pure: the caller passes in which passwords are
// weak and which were in a breach.
package health

import (
	"net/netip"
	"net/url"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
)

// Login is the part of an item that the report needs.
type Login struct {
	ID       string
	Username string
	URLs     []string
	Password string
	Since    time.Time // when the password was set; zero: unknown
	TOTP     bool
	Ignored  []Kind
}

// Kind is a kind of finding.
type Kind string

// Kinds of findings. Items store the kinds that the user ignores, so these words never change.
const (
	KindBreached     Kind = "breached"
	KindWeak         Kind = "weak"
	KindReused       Kind = "reused"
	KindOld          Kind = "old"
	KindInsecure     Kind = "insecure"
	KindSecondFactor Kind = "second_factor"
)

// Kinds are all kinds of findings.
var Kinds = []Kind{KindBreached, KindWeak, KindReused, KindOld, KindInsecure, KindSecondFactor}

// OfPassword reports whether another password can resolve the finding.
func (k Kind) OfPassword() bool {
	return k != KindInsecure && k != KindSecondFactor
}

// Known has facts about passwords, by password.
type Known struct {
	Weak     map[string]bool
	Breached map[string]int // number of occurrences; zero: looked up, not found
}

// OldAfter is the age from which a password is old.
const OldAfter = 2 * 365 * 24 * time.Hour

// Report lists the ids of items, in the order of the input. An item can be in several lists.
type Report struct {
	Logins int `json:"logins"` // with a password
	// Sound counts the logins in none of the lists except SecondFactor and Ignored: not every site offers a second factor.
	Sound        int        `json:"sound"`
	Weak         []string   `json:"weak"`
	Reused       [][]string `json:"reused"` // groups with the same password, largest first
	Old          []Old      `json:"old"`    // oldest first
	Insecure     []Insecure `json:"insecure"`
	SecondFactor []string   `json:"second_factor"` // for a website, without an authenticator key
	Breached     []Breached `json:"breached"`      // most frequent first
	Unchecked    int        `json:"unchecked"`     // passwords not looked up in breaches
	Ignored      []Ignored  `json:"ignored"`       // in none of the lists above
}

// Ignored is a finding that the user dismissed.
type Ignored struct {
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
}

// Old is a password that has not changed since a time.
type Old struct {
	ID    string    `json:"id"`
	Since time.Time `json:"since"`
}

// Insecure is a URL that sends the password unencrypted.
type Insecure struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// Breached is a login whose password was found in breaches.
type Breached struct {
	ID    string `json:"id"`
	Times int    `json:"times"`
}

// Score is the share of sound logins, 0 to 100, rounded down.
func (r Report) Score() int {
	if r.Logins == 0 {
		return 100
	}
	return r.Sound * 100 / r.Logins
}

// Findings is what there is to say about one login. It includes the findings that the user ignores.
type Findings struct {
	Weak         bool      `json:"weak"`
	Reused       []string  `json:"reused"`         // the other logins with this password
	Since        time.Time `json:"since,omitzero"` // when the password was set
	Old          bool      `json:"old"`            // Since is longer ago than OldAfter
	Insecure     string    `json:"insecure"`       // a URL that sends the password unencrypted
	SecondFactor bool      `json:"second_factor"`  // for a website, without an authenticator key
	Breached     int       `json:"breached"`       // times seen in breaches
	Checked      bool      `json:"checked"`        // the password was looked up in breaches
	Ignored      []Kind    `json:"ignored"`
}

// One reports on one login. others are the ids of the other logins with its password.
func One(l Login, others []string, known Known, now time.Time) Findings {
	f := l.findings(known, now)
	f.Reused = append(f.Reused, others...)
	return f
}

// findings is all but Reused.
func (l Login) findings(known Known, now time.Time) Findings {
	f := Findings{
		Weak: known.Weak[l.Password] || l.guessable(), Reused: []string{}, Since: l.Since, Old: !l.Since.IsZero() && now.Sub(l.Since) > OldAfter,
		SecondFactor: !l.TOTP && slices.ContainsFunc(l.URLs, website), Ignored: append([]Kind{}, l.Ignored...),
	}
	f.Breached, f.Checked = known.Breached[l.Password]
	if i := slices.IndexFunc(l.URLs, insecure); i >= 0 {
		f.Insecure = l.URLs[i]
	}
	return f
}

func (l Login) ignores(k Kind) bool { return slices.Contains(l.Ignored, k) }

// Of reports on logins. It ignores those without a password.
func Of(logins []Login, known Known, now time.Time) Report {
	logins = slices.DeleteFunc(slices.Clone(logins), func(l Login) bool { return l.Password == "" })
	r := Report{
		Logins: len(logins), Weak: []string{}, Reused: [][]string{}, Old: []Old{}, Insecure: []Insecure{},
		SecondFactor: []string{}, Breached: []Breached{}, Ignored: []Ignored{},
	}
	groups := map[string][]string{}
	shown := map[string]bool{} // passwords that not all logins with it may reuse
	for _, l := range logins {
		groups[l.Password] = append(groups[l.Password], l.ID)
		shown[l.Password] = shown[l.Password] || !l.ignores(KindReused)
	}
	for _, l := range logins {
		f := l.findings(known, now)
		group := groups[l.Password]
		sound := true
		// found reports whether to list a finding.
		found := func(k Kind, is, ignored bool) bool {
			if is && ignored {
				r.Ignored = append(r.Ignored, Ignored{l.ID, k})
			} else if is && k != KindSecondFactor {
				sound = false
			}
			return is && !ignored
		}
		if found(KindBreached, f.Breached > 0, l.ignores(KindBreached)) {
			r.Breached = append(r.Breached, Breached{l.ID, f.Breached})
		}
		if found(KindWeak, f.Weak, l.ignores(KindWeak)) {
			r.Weak = append(r.Weak, l.ID)
		}
		if found(KindReused, len(group) > 1, !shown[l.Password]) && group[0] == l.ID {
			r.Reused = append(r.Reused, group)
		}
		if found(KindOld, f.Old, l.ignores(KindOld)) {
			r.Old = append(r.Old, Old{l.ID, l.Since})
		}
		if found(KindInsecure, f.Insecure != "", l.ignores(KindInsecure)) {
			r.Insecure = append(r.Insecure, Insecure{l.ID, f.Insecure})
		}
		if found(KindSecondFactor, f.SecondFactor, l.ignores(KindSecondFactor)) {
			r.SecondFactor = append(r.SecondFactor, l.ID)
		}
		if !f.Checked {
			r.Unchecked++
		}
		if sound {
			r.Sound++
		}
	}
	sort.SliceStable(r.Reused, func(i, j int) bool { return len(r.Reused[i]) > len(r.Reused[j]) })
	sort.SliceStable(r.Old, func(i, j int) bool { return r.Old[i].Since.Before(r.Old[j].Since) })
	sort.SliceStable(r.Breached, func(i, j int) bool { return r.Breached[i].Times > r.Breached[j].Times })
	return r
}

// guessable reports whether the password equals the username, which attackers try first.
func (l Login) guessable() bool {
	password := alphanumeric(l.Password)
	user, _, _ := strings.Cut(l.Username, "@")
	return password != "" && (password == alphanumeric(l.Username) || password == alphanumeric(user))
}

// alphanumeric returns the letters and digits in lower case.
func alphanumeric(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// insecure reports whether a URL uses plain HTTP outside the local network.
func insecure(rawURL string) bool {
	u, err := url.Parse(strings.TrimSpace(rawURL))
	return err == nil && u.Scheme == "http" && !local(u.Hostname())
}

// website reports whether a URL, with or without a scheme, is on the public web.
func website(rawURL string) bool {
	if !strings.Contains(rawURL, "://") {
		rawURL = "https://" + rawURL
	}
	u, err := url.Parse(strings.TrimSpace(rawURL))
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && !local(u.Hostname())
}

// local reports whether a host is this machine or on the local network.
func local(host string) bool {
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap()
		return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if !strings.Contains(host, ".") { // localhost or another local name
		return true
	}
	return slices.ContainsFunc([]string{".localhost", ".local", ".internal", ".lan", ".home.arpa"}, func(suffix string) bool {
		return strings.HasSuffix(host, suffix)
	})
}
