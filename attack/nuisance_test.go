//go:build integration

package attack

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// Attacks by times, sizes, texts and connections.
var nuisances = []attack{
	{
		name: "time lie",
		does: "says that it is the year 9999 while an item goes into the trash",
		run: func(s *stage) string {
			for _, date := range []string{"Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:01 GMT"} {
				s.gate.lie(lies{change: func(_ request, a *answer) { a.Header.Set("Date", date) }})
				must(s.T, s.device.trash(s.T, "Mail"))
				if got := must(s.T, s.device.open(s.T)).titles; !slices.Equal(got, []string{"Bank"}) {
					s.Errorf("%s: the device shows %q", date, got)
				}
				must(s.T, s.device.restore(s.T, "Mail"))
			}
			s.recovers(s.known...)
			s.stillOpens()
			return "(nothing: the item is trashed by the device's clock, and comes back)"
		},
	},
	{
		name: "memory bomb",
		does: "answers with 227 KiB that unpack to 48 MiB",
		run:  func(s *stage) string { return s.bomb(strings.Repeat("{},", 16<<20)) },
	},
	{
		name: "nested bomb",
		does: "answers with a million lists in lists",
		run:  func(s *stage) string { return s.bomb(strings.Repeat("[", 1<<20)) },
	},
	{
		name: "redirect called offline",
		does: "redirects the device to another host, as a hotel's network does",
		run: func(s *stage) string {
			l := answers("", http.StatusTemporaryRedirect, http.Header{"Location": {"https://login.example.org/"}}, nil)
			s.gate.lie(l)
			said := s.refused(intercepted)
			s.recovers(s.known...)
			return said
		},
	},
	{
		name: "certificate called offline",
		does: "comes with a certificate that does not verify",
		run: func(s *stage) string {
			c := s.device.(*commandLine)
			secure, forger := newSecureGate(s.T), newSecureGate(s.T)
			secure.point(s.server.URL)
			forger.point(s.server.URL)
			c.trust(s.T, secure)
			tablet := newCommandLine(s.T, s.TempDir(), secure.URL)
			tablet.trust(s.T, secure)
			must(s.T, tablet.signIn(s.T))
			tablet.trust(s.T, forger) // the certificate of the server is now unknown
			seen := tablet.open(s.T)
			s.says(intercepted, seen)
			if len(secure.sent("GET", protocol.PathAccount)) == 0 {
				s.Error("the device never signed in")
			}
			tablet.trust(s.T, secure)
			must(s.T, tablet.open(s.T))
			return seen.said
		},
		pageCannot: "a browser tells a page only that there is no connection",
	},
	{
		name: "text in a title",
		does: "puts its own text into names, labels and errors while a conflict is resolved",
		run: func(s *stage) string {
			const text = "call 555-0100"
			s.gate.unreachable()
			must(s.T, s.device.rename(s.T, "Mail", "Mail at home"))
			must(s.T, s.phone.act(s.T, "edit", "Mail", "--title", "Mail at work"))
			s.gate.lie(both(
				editing(s.T, protocol.PathSessions, func(l *protocol.SessionsResponse) {
					for i := range l.Sessions {
						l.Sessions[i].Device = text
					}
				}),
				lies{change: func(_ request, a *answer) {
					if a.Status >= 300 {
						a.Body = bytes.ReplaceAll(a.Body, []byte(`"message":"`), []byte(`"message":"`+text))
					}
				}}))
			got := must(s.T, s.device.open(s.T)).titles
			s.gate.lie(lies{})
			got = append(got, must(s.T, s.device.open(s.T)).titles...)
			got = append(got, must(s.T, s.phone.open(s.T)).titles...)
			if strings.Contains(strings.Join(got, " "), text) {
				s.Errorf("the titles are %q", got)
			}
			if !slices.Contains(got, "Mail at work") {
				s.Errorf("the titles are %q: the change of the phone is lost", got)
			}
			return "(nothing: the titles are " + strings.Join(slices.Compact(must(s.T, s.phone.open(s.T)).titles), ", ") + ")"
		},
	},
}

// bomb answers requests for the vault with records that unpack to much more than they are.
func (s *stage) bomb(content string) string {
	s.Helper()
	body, err := json.Marshal(s.whole(s.phone))
	if err != nil {
		s.Fatal(err)
	}
	head, tail, _ := strings.Cut(string(body), `"records":[`)
	s.gate.lie(unpacking(protocol.PathVault, head+`"records":[`+content+tail))
	said := s.refused(want{"answer to", ""})
	s.recovers(s.known...)
	return said
}

// unpacking returns a lie that answers requests to a path with a content, compressed if the client takes that.
func unpacking(path, content string) lies {
	packed := packed([]byte(content))
	return lies{instead: func(w http.ResponseWriter, r request) bool {
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			return answers(path, 200, http.Header{"Content-Encoding": {"gzip"}}, packed).instead(w, r)
		}
		return answers(path, 200, nil, []byte(content)).instead(w, r)
	}}
}

func packed(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(content) // into memory
	_ = w.Close()
	return b.Bytes()
}
