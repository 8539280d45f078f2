package main

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

func trail(t *testing.T, url, token string) []protocol.AuditEvent {
	t.Helper()
	var out protocol.AuditResponse
	if status, err := exchange("GET", url+protocol.PathAdminEvents, token, nil, &out); err != nil || status != http.StatusOK {
		t.Fatalf("the trail: %d, %v", status, err)
	}
	return out.Events
}

// What the operator does on the host is in the trail of the server.
func TestOperatorIsInTheTrail(t *testing.T) {
	data := "DATA_DIR=" + t.TempDir()
	p := serveProcess(t, data, "REGISTRATION=invite")
	_, root := registered(t, p.url, "root", nil)
	link := invitation(t, "https://vault.example.org", data)
	register(t, p.url, "bob", link)
	for _, c := range []string{"promote bob", "demote bob", "suspend bob", "resume bob", "remove bob"} {
		if code, _, stderr := runUsers(t, data, strings.Fields(c)...); code != 0 {
			t.Errorf("%s: %s", c, stderr)
		}
	}
	if code, _, _ := runUsers(t, data, "suspend", "root"); code == 0 { // the last administrator
		t.Error("root was suspended")
	}
	var onHost []string
	for _, e := range trail(t, p.url, root.Token) {
		if e.Host {
			onHost = append(onHost, strings.TrimSpace(string(e.Kind)+" "+e.Whom))
		}
		if e.Host != (e.Who == "") || e.Host && e.Kind != protocol.AuditInvited && e.WhomID == "" || e.Host && e.Address != "" {
			t.Errorf("%+v", e)
		}
	}
	if got := strings.Join(onHost, ", "); got != "removed bob, resumed bob, suspended bob, demoted bob, promoted bob, invited" {
		t.Errorf("the operator did: %s", got)
	}
	p.end(t, syscall.SIGTERM)
}

// A log shipper reads the events from standard output, also those that are counted. They are in the store when the server has stopped.
func TestEventsAreLinesOfStandardOutput(t *testing.T) {
	data := "DATA_DIR=" + t.TempDir()
	p := serveProcess(t, data)
	_, root := registered(t, p.url, "root", nil)
	for range 3 {
		guess := protocol.LoginRequest{Username: "root", AuthKey: sample.AuthKey(), Device: "x", Transport: protocol.SessionBearer}
		if status, err := exchange("POST", p.url+protocol.PathLogin, "", guess, nil); err != nil || status != http.StatusUnauthorized {
			t.Fatalf("%d, %v", status, err)
		}
	}
	p.end(t, syscall.SIGTERM)
	var kinds []string
	for line := range strings.Lines(p.events.String()) {
		var e struct{ Msg, Kind string }
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Msg != "audit" {
			t.Errorf("%q: %v", line, err)
		}
		kinds = append(kinds, e.Kind)
	}
	if got := strings.Join(kinds, " "); got != "registered sign_in_failed sign_in_failed sign_in_failed" {
		t.Errorf("standard output has %s", got)
	}
	p = serveProcess(t, data)
	stored := int64(0)
	for _, e := range trail(t, p.url, root.Token) {
		if e.Kind == protocol.AuditSignInFailed {
			stored += e.Count
		}
	}
	if stored != 3 {
		t.Errorf("%d failures are stored", stored)
	}
	p.end(t, syscall.SIGTERM)
}

// A reader of the log that goes away does not take the server with it.
func TestServerSurvivesTheReaderOfItsLog(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := program(t, nil, "LISTEN_ADDR=127.0.0.1:0", "METRICS_ADDR=off", "REGISTRATION=open", "DATA_DIR="+t.TempDir())
	log := &output{}
	cmd.Stdout, cmd.Stderr = write, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = write.Close()
	line := make([]byte, 4096)
	n, err := read.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	_ = read.Close()
	_, rest, _ := strings.Cut(string(line[:n]), "serving ")
	url, _, _ := strings.Cut(rest, ",")
	_, root := registered(t, url, "root", nil)
	if events := trail(t, url, root.Token); len(events) != 1 {
		t.Errorf("%+v", events)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(log.String(), `"msg":"event lost"`) {
		t.Errorf("%v: %s", err, log)
	}
}
