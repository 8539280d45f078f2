//go:build integration

package attack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
)

// server is the real server with an embedded store.
type server struct {
	URL  string
	dir  string
	stop func()
}

func serve(t *testing.T, dir string) *server {
	t.Helper()
	c, err := daemon.ConfigFromEnv([]string{
		"LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "AUTH_RATE=100000", "REGISTRATION=open", "DATA_DIR=" + dir,
	})
	if err != nil {
		t.Fatal(err)
	}
	url, stop := daemontest.Run(t, daemon.New(c, slog.New(slog.NewTextHandler(io.Discard, nil))))
	t.Cleanup(stop)
	return &server{url, dir, stop}
}

// fork stops the server and starts two with its data.
func (s *server) fork(t *testing.T) (one, other *server) {
	t.Helper()
	s.stop()
	dir := t.TempDir()
	copyDir(t, s.dir, dir)
	return serve(t, s.dir), serve(t, dir)
}

func copyDir(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(to, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Chmod(path, 0o600) // CopyFS adds the rights of a new file
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// played is a client, and the state in which every attack begins: anna has registered with a phone and has added "Bank" and "Mail".
// The bank's password was changed once, and a deed is attached. Her other device, which is attacked, knows all of it.
type played struct {
	hostile, honest *gate // in front of the attacked device, and of the phone
	data            string
	phone, laptop   string
	browser         *browser // nil for the command line
}

func begin(t *testing.T, browser *browser) *played {
	t.Helper()
	dir := t.TempDir()
	p := &played{
		hostile: newGate(t), honest: newGate(t), browser: browser,
		data: filepath.Join(dir, "data"), phone: filepath.Join(dir, "phone"), laptop: filepath.Join(dir, "laptop"),
	}
	s := serve(t, p.data)
	p.hostile.point(s.URL)
	p.honest.point(s.URL)
	phone := newCommandLine(t, p.phone, p.honest.URL)
	phone.register(t, username)
	must(t, phone.add(t, "Bank"))
	must(t, phone.add(t, "Mail"))
	must(t, phone.act(t, "edit", "Bank", "--generate"))
	phone.write(t, "deed.txt", "the deed of a house")
	must(t, phone.act(t, "attach", "Bank", "deed.txt"))
	if browser == nil {
		must(t, newCommandLine(t, p.laptop, p.hostile.URL).signIn(t))
	}
	s.stop()
	return p
}

// stage is where one attack takes place.
type stage struct {
	*testing.T
	gate   *gate // in front of the device
	honest *gate // in front of the phone
	server *server
	device device // under attack
	phone  *commandLine
	known  []string // what the device has verified
}

func (p *played) stage(t *testing.T) *stage {
	t.Helper()
	dir := t.TempDir()
	s := &stage{T: t, gate: p.hostile, honest: p.honest, known: []string{"Bank", "Mail"}}
	for name, from := range map[string]string{"data": p.data, "phone": p.phone, "laptop": p.laptop} {
		if _, err := os.Stat(from); err == nil {
			copyDir(t, from, filepath.Join(dir, name))
		}
	}
	s.server = serve(t, filepath.Join(dir, "data"))
	p.hostile.point(s.server.URL)
	p.honest.point(s.server.URL)
	s.phone = &commandLine{dir: filepath.Join(dir, "phone"), server: p.honest.URL}
	if p.browser == nil {
		s.device = &commandLine{dir: filepath.Join(dir, "laptop"), server: p.hostile.URL}
	} else {
		s.device = newPage(t, p.browser, p.hostile.URL)
		must(t, s.device.signIn(t))
	}
	return s
}

// ask sends a request to the real server, with the session of a device.
func (s *stage) ask(d device, method, path string, body any) (int, []byte) {
	s.Helper()
	b, isRaw := body.([]byte)
	if !isRaw && body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			s.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(s.Context(), method, s.server.URL+path, bytes.NewReader(b))
	if err != nil {
		s.Fatal(err)
	}
	name, value := d.credential(s.T)
	r.Header.Set(name, value)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Origin", s.server.URL)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		s.Fatal(err)
	}
	return answer.StatusCode, content
}

func (s *stage) get(d device, path string, v any) {
	s.Helper()
	status, body := s.ask(d, "GET", path, nil)
	if status != 200 {
		s.Fatalf("%s: %d %s", path, status, body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		s.Fatal(err)
	}
}

// account is what the real server says of a device's account.
func (s *stage) account(d device) protocol.UserAccount {
	s.Helper()
	var a protocol.UserAccount
	s.get(d, protocol.PathAccount, &a)
	return a
}

// whole is the whole vault of a device's user, as the real server has it.
func (s *stage) whole(d device) protocol.VaultAnswer {
	s.Helper()
	var v protocol.VaultAnswer
	s.get(d, s.path(d, protocol.PathVault)+"?since=0&after=-1&revision=0", &v)
	return v
}

// path fills the id of the personal vault into a path.
func (s *stage) path(d device, pattern string) string {
	return strings.ReplaceAll(pattern, "{vault}", s.account(d).Vault)
}

// stored is all that the real server has of anna.
func (s *stage) stored() string {
	s.Helper()
	account := s.account(s.phone)
	var files protocol.VaultAttachments
	s.get(s.phone, s.path(s.phone, protocol.PathVaultAttachments), &files)
	files.Now = 0
	b, err := json.Marshal([]any{account, s.whole(s.phone), files.Attachments})
	if err != nil {
		s.Fatal(err)
	}
	return string(b)
}

// want is what the clients say in an attack: each has one of the parts that "|" separates.
type want struct{ commandLine, page string }

// refused opens the device, which must refuse what the gate says, keep what it has verified, and change nothing on the server.
func (s *stage) refused(w want) string {
	s.Helper()
	return s.refuses(w, s.device.open)
}

func (s *stage) refuses(w want, open func(*testing.T) outcome) string {
	s.Helper()
	stored := s.stored()
	seen := open(s.T)
	s.says(w, seen)
	if len(seen.titles) > 0 && !slices.Equal(seen.titles, s.known) {
		s.Errorf("the client shows %q, which is not what it verified", seen.titles)
	}
	if s.stored() != stored {
		s.Error("the server stores something else than before")
	}
	s.stillOpens()
	return seen.said
}

func (s *stage) says(w want, seen outcome) {
	s.Helper()
	text := w.page
	if _, ok := s.device.(*commandLine); ok {
		text = w.commandLine
	}
	if seen.said == "" || !slices.ContainsFunc(strings.Split(text, "|"), func(part string) bool { return strings.Contains(seen.said, part) }) {
		s.Errorf("the client says %q and shows %q, want it to say %q", seen.said, seen.titles, text)
	}
}

// stillOpens checks that the device opens the last state that it verified, without a server.
func (s *stage) stillOpens() {
	s.Helper()
	s.gate.unreachable()
	if got := s.device.open(s.T).titles; !slices.Equal(got, s.known) {
		s.Errorf("without the server, the device shows %q, want %q", got, s.known)
	}
}

// recovers checks that the device shows the vault again once the server is honest.
func (s *stage) recovers(titles ...string) {
	s.Helper()
	s.gate.lie(lies{})
	if got := s.device.open(s.T); got.said != "" || !slices.Equal(got.titles, titles) {
		s.Errorf("with an honest server, the device says %q and shows %q, want %q", got.said, got.titles, titles)
	}
}

// vault returns a lie about the vault, in a delta as well as in the whole.
func (s *stage) vault(change func(*protocol.VaultAnswer)) lies {
	return editing(s.T, protocol.PathVault, change)
}

// records is vault for answers with records: those about the log alone have none.
func (s *stage) records(change func(*protocol.VaultAnswer)) lies {
	return s.vault(func(v *protocol.VaultAnswer) {
		if len(v.Records) > 0 {
			change(v)
		}
	})
}

// accounts returns a lie about the account, when it is read and in the answer to signing in.
func (s *stage) accounts(change func(*protocol.UserAccount)) lies {
	return both(editing(s.T, protocol.PathAccount, change),
		editing(s.T, protocol.PathLogin, func(u *protocol.UserSession) { change(&u.Account) }))
}

// table is what the clients said, by attack and client.
type table struct {
	mu   sync.Mutex
	said map[string]map[string]string
}

func (t *table) add(attack, client, said string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.said == nil {
		t.said = map[string]map[string]string{}
	}
	if t.said[attack] == nil {
		t.said[attack] = map[string]string{}
	}
	t.said[attack][client] = said
}

func (t *table) print(w io.Writer) {
	rows := slices.Clone(attacks)
	for _, a := range doorAttacks {
		rows = append(rows, attack{name: a.name, does: a.does})
	}
	for _, a := range rows {
		if len(t.said[a.name]) == 0 {
			continue // go test -run chose others
		}
		fmt.Fprintf(w, "\n%s: %s\n", a.name, a.does)
		for _, client := range slices.Sorted(maps.Keys(t.said[a.name])) {
			fmt.Fprintf(w, "    %-13s %s\n", client, t.said[a.name][client])
		}
	}
}

// on makes the phone, and what the test reads, use another server.
func (s *stage) on(other *server) {
	s.server = other
	s.honest.point(other.URL)
}

// mallory returns a device of another user with an item.
func (s *stage) mallory() *commandLine {
	s.Helper()
	m := newCommandLine(s.T, s.TempDir(), s.honest.URL)
	m.register(s.T, "mallory")
	must(s.T, m.add(s.T, "Of somebody else"))
	return m
}

// refusedEverywhere tells a lie to the device and then to a new one, which has no memory. Both must refuse it.
func (s *stage) refusedEverywhere(w want, l lies) string {
	s.Helper()
	s.gate.lie(l)
	said := s.refused(w)
	s.gate.lie(l)
	fresh := s.device.another(s.T)
	s.says(w, fresh.signIn(s.T))
	return said
}
