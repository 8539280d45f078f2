package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

// Both fingerprints are shown before anything is pinned, and only "yes" pins.
func TestPeopleAreConfirmedOnATerminal(t *testing.T) {
	server := daemontest.Start(t, nil)
	dir := t.TempDir()
	file := filepath.Join(dir, "pw")
	if err := os.WriteFile(file, []byte(typedPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(user string) []string {
		return []string{"XDG_STATE_HOME=" + filepath.Join(dir, user), "VAULTSPHERE_SERVER=" + server}
	}
	run := func(user, stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command("vaultsphere", append(args, "--password-file", file)...)
		cmd.Env, cmd.Stdin = append(os.Environ(), env(user)...), strings.NewReader(stdin)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", args[0], err)
		}
		return string(out)
	}
	run("anna", "", "register", "anna", "--phrase-file", filepath.Join(dir, "phrase1"))
	link := run("anna", "", "invite", "--for", "Bob")
	run("bob", link, "register", "bob", "--invitation-stdin", "--phrase-file", filepath.Join(dir, "phrase2"))
	id := strings.Fields(strings.Split(run("anna", "", "invitations"), "\n")[1])[0]
	groups := strings.Fields(run("bob", "", "fingerprint"))
	digits := strings.Join(groups[:6], " ") + `\r\n  ` + strings.Join(groups[6:], " ")

	d := talk(t, env("anna"), "verify", "bob", "--password-file", file)
	d.until("Fingerprint of bob:\r\n\r\n  " + strings.ReplaceAll(digits, `\r\n`, "\r\n") + "\r\n")
	d.until(`Type "yes" if all digits are the same: `)
	d.answer("no")
	if status, shown := d.end(); status != exitFailure || !strings.Contains(shown, "error: nobody was verified") {
		t.Errorf("exit %d: %q", status, shown)
	}
	d = talk(t, env("anna"), "invite", "accept", "--password-file", file, "--", id)
	d.until("The link for Bob was used by bob, with the fingerprint\r\n\r\n  " + strings.Join(groups, " ") + "\r\n")
	d.until(`Type "yes" if this is the person whom you sent the link: `)
	d.answer("y")
	if status, shown := d.end(); status != exitFailure || !strings.Contains(shown, "error: nobody was accepted") {
		t.Errorf("exit %d: %q", status, shown)
	}
	if list := run("anna", "", "people"); strings.Contains(list, "bob") {
		t.Errorf("pinned without consent: %q", list)
	}
	d = talk(t, env("anna"), "invite", "accept", "--password-file", file, "--", id)
	d.until(`sent the link: `)
	d.answer("yes")
	if status, shown := d.end(); status != exitOK {
		t.Errorf("exit %d: %q", status, shown)
	}
	d = talk(t, env("anna"), "verify", "bob", "--password-file", file)
	d.until(`are the same: `)
	d.answer("yes")
	if status, shown := d.end(); status != exitOK {
		t.Errorf("exit %d: %q", status, shown)
	}
	if list := run("anna", "", "people"); !strings.Contains(list, "compared") {
		t.Errorf("people: %q", list)
	}
}
