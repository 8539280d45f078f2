//go:build system

package main

import (
	"bufio"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
)

// TestScriptsOfBothPrograms runs vaultsphere and vaultsphered as they are built. "serve" and "shutdown" start and stop the server with the
// data in $WORK/data. Devices reach it under the same URL each time.
func TestScriptsOfBothPrograms(t *testing.T) {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), ".", "../vaultsphered")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/system",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			d := &daemonProcess{}
			front := httptest.NewServer(proxy.Whole(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(d.url.Load()) }}))
			env.Defer(front.Close)
			env.Values[daemonProcess{}] = d
			env.Vars = append(env.Vars, environ.Child, "LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "REGISTRATION=open", "AUTH_RATE=100000")
			env.Setenv("DATA_DIR", filepath.Join(env.WorkDir, "data"))
			env.Setenv("PATH", bin+string(filepath.ListSeparator)+env.Getenv("PATH"))
			env.Setenv("VAULTSPHERE_SERVER", front.URL)
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, "phone"))
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"serve": cmdServe, "shutdown": cmdShutdown},
	})
}

// daemonProcess is the server of a script.
type daemonProcess struct {
	cmd *exec.Cmd
	url atomic.Pointer[url.URL]
}

func daemonOf(ts *testscript.TestScript, name string, neg bool, args []string) *daemonProcess {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: %s", name)
	}
	return ts.Value(daemonProcess{}).(*daemonProcess)
}

func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	d := daemonOf(ts, "serve", neg, args)
	path, err := exec.LookPath(filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "vaultsphered"))
	ts.Check(err)
	d.cmd = exec.Command(path)
	for _, name := range []string{"DATA_DIR", "LISTEN_ADDR", "METRICS_ADDR", "REGISTRATION", "AUTH_RATE"} {
		d.cmd.Env = append(d.cmd.Env, name+"="+ts.Getenv(name))
	}
	log, err := os.OpenFile(ts.MkAbs("server.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	defer log.Close()
	d.cmd.Stderr = log
	stdout, err := d.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(d.cmd.Start())
	running := d.cmd
	ts.Defer(func() { // after a failure
		_ = running.Process.Kill()
		_ = running.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	ts.Check(err)
	_, rest, _ := strings.Cut(line, "serving ")
	address, _, _ := strings.Cut(rest, ",")
	at, err := url.Parse(address)
	ts.Check(err)
	d.url.Store(at)
}

func cmdShutdown(ts *testscript.TestScript, neg bool, args []string) {
	d := daemonOf(ts, "shutdown", neg, args)
	ts.Check(d.cmd.Process.Signal(syscall.SIGTERM))
	ts.Check(d.cmd.Wait())
}
