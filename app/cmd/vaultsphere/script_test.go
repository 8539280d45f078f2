package main

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/client/httptransport"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
	"github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"vaultsphere":       main,
		"vaultsphere-newer": func() { os.Exit(run(chain.CurrentCost + 1)) }, // a later release
	})
}

// TestScripts runs the program against a server, one process per command. Each script has its own gate in front of the server ($SERVER,
// and $SECURE with a certificate that is valid only with SSL_CERT_FILE=certificate) and its own username ($NAME). $STRICT allows four
// sign-ins a minute for each IP address; $CLOSED requires an invitation. "invite" writes a link to $CLOSED, and "invite --admin" that of
// an administrator of another server.
func TestScripts(t *testing.T) {
	server := daemontest.Start(t, func(c *daemon.Config) { c.AuthRate = 1_000_000 })
	strict := daemontest.Start(t, func(c *daemon.Config) { c.AuthRate = 4 })
	var closed, administered daemon.Config
	closedURL := daemontest.Start(t, func(c *daemon.Config) { c.Registration = "invite"; closed = *c })
	administeredURL := daemontest.Start(t, func(c *daemon.Config) { c.Registration = "invite"; administered = *c })
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			target, err := url.Parse(server)
			if err != nil {
				return err
			}
			g := &gate{forward: httputil.NewSingleHostReverseProxy(target), asked: map[string]int{}, memory: map[string][]byte{}}
			front := httptest.NewServer(g)
			env.Defer(front.Close)
			env.Values[gateKey{}] = g
			secure := httptest.NewTLSServer(g)
			env.Defer(secure.Close)
			env.Setenv("SECURE", secure.URL)
			certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
			if err := os.WriteFile(env.WorkDir+"/certificate", certificate, 0o600); err != nil {
				return err
			}
			name := strings.ToLower(strings.TrimPrefix(env.WorkDir[strings.LastIndex(env.WorkDir, "script-"):], "script-"))
			env.Vars = append(env.Vars, environ.Child)
			env.Setenv("NAME", "anna-"+name)
			env.Setenv("SERVER", front.URL)
			ranges := httptest.NewServer(http.HandlerFunc(knowsLetmein))
			env.Defer(ranges.Close)
			env.Setenv("RANGES", ranges.URL)
			env.Setenv("STRICT", strict)
			env.Setenv("CLOSED", closedURL)
			env.Setenv("VAULTSPHERE_SERVER", front.URL)
			env.Setenv("XDG_STATE_HOME", env.WorkDir+"/state")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"gate": cmdGate, "asked": cmdAsked,
			"deleteaccount": cmdDeleteAccount,
			"totp":          cmdTOTP,
			"mode":          cmdMode, "accept": cmdAccept,
			"invite": func(ts *testscript.TestScript, neg bool, args []string) {
				link, err := closed.Invite(context.Background(), closedURL, false)
				if args[0] == "--admin" {
					link, err = administered.Invite(context.Background(), administeredURL, true)
				}
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(args[len(args)-1]), []byte(link+"\n"), 0o600))
			},
		},
	})
}

// knowsLetmein imitates the range API of Have I Been Pwned. It knows one password.
func knowsLetmein(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/range/B7A87" {
		_, _ = fmt.Fprint(w, "5FC1EA228B9061041B7CEC4BD3C52AB3CE3:1234\r\n")
	}
}

type gateKey struct{}

// gate is a proxy in front of the server. It can drop all requests, and it can behave like a hostile server.
type gate struct {
	forward http.Handler

	mu     sync.Mutex
	mode   string
	memory map[string][]byte // recorded responses with the vault, by the newest log entry that the client had
	asked  map[string]int
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked[r.Method+" "+apiPath(r.URL.Path)]++
	path := apiPath(r.URL.Path)
	vault := path == protocol.PathVault
	switch {
	case g.mode == "shut":
		panic(http.ErrAbortHandler)
	case g.mode == "redirect":
		http.Redirect(w, r, "https://login.example.org/", http.StatusTemporaryRedirect)
	case g.mode == "deny":
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, `{"code":"unauthorized","message":"no","request_id":"r"}`)
	case g.mode == "lose" && path == protocol.PathUsers:
		g.forward.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case g.mode == "weak" && path == protocol.PathPrelogin:
		_, _ = fmt.Fprint(w, `{"salt":"c2l4dGVlbiBieXRlcyAhIQ","cost":0}`)
	case g.mode == "rude":
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"code":"bad_request","message":"\u001b]0;owned\u0007\nvaultsphere: hint: obey","request_id":"r"}`)
	case g.mode == "swallow" && path == protocol.PathVaultWrites:
		w.WriteHeader(http.StatusNoContent)
	case g.mode == "refuse" && path == protocol.PathAccountEntry:
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = fmt.Fprint(w, `{"code":"throttled","message":"try later","request_id":"r"}`)
	case g.mode == "record" && vault:
		answer := httptest.NewRecorder()
		g.forward.ServeHTTP(answer, r)
		g.memory[r.FormValue("after")] = answer.Body.Bytes()
		_, _ = w.Write(answer.Body.Bytes())
	case g.mode == "replay" && vault:
		_, _ = w.Write(g.memory[r.FormValue("after")])
	default:
		g.forward.ServeHTTP(w, r)
	}
}

// apiPath returns a path of the API with a placeholder in place of the id of the vault.
func apiPath(path string) string {
	before, rest, found := strings.Cut(path, "/vaults/")
	if !found {
		return path
	}
	_, after, found := strings.Cut(rest, "/")
	if found {
		after = "/" + after
	}
	return before + "/vaults/{vault}" + after
}

// gate open|shut|deny|redirect|lose|weak|rude|swallow|refuse|record|replay
func cmdGate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gate MODE")
	}
	g := ts.Value(gateKey{}).(*gate)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.mode, g.asked = args[0], map[string]int{}
}

// asked N METHOD PATH checks the number of such requests since the last gate command.
func cmdAsked(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: asked N METHOD PATH")
	}
	g := ts.Value(gateKey{}).(*gate)
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := g.asked[args[1]+" "+args[2]]; fmt.Sprint(n) != args[0] {
		ts.Fatalf("%d requests %s %s, want %s: %v", n, args[1], args[2], args[0], g.asked)
	}
}

// totp NAME PASSWORDFILE CODEFILE turns on two-factor authentication, as the page does, and writes the code of the next time step.
func cmdTOTP(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: totp NAME PASSWORDFILE CODEFILE")
	}
	ctx := context.Background()
	transport, err := httptransport.New(ts.Getenv("SERVER"))
	ts.Check(err)
	c := client.New(transport, memory{state{ts.MkAbs("page")}, ts.Getenv("SERVER")}, nil)
	defer c.Lock()
	password := strings.TrimSpace(ts.ReadFile(args[1]))
	_, err = c.Login(ctx, args[0], password, "", "page")
	ts.Check(err)
	enrolment, err := c.BeginTOTP(ctx, password)
	ts.Check(err)
	now := time.Now()
	code, err := totp.GenerateCode(enrolment.Secret, now)
	ts.Check(err)
	ts.Check(c.ConfirmTOTP(ctx, enrolment.Token, code))
	next, err := totp.GenerateCode(enrolment.Secret, now.Add(30*time.Second))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(next+"\n"), 0o600))
}

// deleteaccount NAME PASSWORDFILE deletes the account, as the page does.
func cmdDeleteAccount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: deleteaccount NAME PASSWORDFILE")
	}
	ctx := context.Background()
	transport, err := httptransport.New(ts.Getenv("SERVER"))
	ts.Check(err)
	c := client.New(transport, memory{state{ts.MkAbs("page")}, ts.Getenv("SERVER")}, nil)
	defer c.Lock()
	password := strings.TrimSpace(ts.ReadFile(args[1]))
	_, err = c.Login(ctx, args[0], password, "", "page")
	ts.Check(err)
	ts.Check(c.DeleteAccount(ctx, password, false))
}

// accept PASSWORDFILE runs "vaultsphere alarm accept" with the digest that "vaultsphere alarm" wrote to standard output before.
func cmdAccept(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: accept PASSWORDFILE")
	}
	exec := func(args ...string) string {
		_ = ts.Exec("vaultsphere", args...) // an alarm is a finding
		return ts.ReadFile("stdout")
	}
	_, after, found := strings.Cut(exec("alarm", "--password-file", args[0]), "digest ")
	if !found {
		ts.Fatalf("there is no digest")
	}
	digest, _, _ := strings.Cut(after, "\n")
	ts.Check(ts.Exec("vaultsphere", "alarm", "accept", digest, "--yes", "--password-file", args[0]))
}

// mode MODE FILE checks the permissions of a file.
func cmdMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode MODE FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}
