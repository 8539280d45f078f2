package protocol_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// The page derives the same: see early.test.mjs. docs/sealed-format.md has the vector.
func TestInvitationFollowsFromItsSecret(t *testing.T) {
	t.Parallel()
	const text = "AAECAwQFBgcICQoLDA0ODw"
	s, ok := protocol.ParseJoinSecret(text)
	if !ok {
		t.Fatal("the secret is not accepted")
	}
	want := protocol.Invitation{ID: "bzpcCbpqc_eGgW-C3l2Qyw", Proof: "Fbgsf4vswRrcr2qpHilazw"}
	if got := s.Invitation(); got != want {
		t.Errorf("invitation is %+v, want %+v", got, want)
	}
	if got, want := protocol.HashProof(want.Proof), "doRNfDrv-XA1KeA2EK0Lt50YSVgXfOE7HAkJl4Tp4qs"; got != want {
		t.Errorf("hash is %s, want %s", got, want)
	}
	if s.JoinLink() != "/#join/"+text {
		t.Errorf("link is %s", s.JoinLink())
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		if got := fmt.Sprintf(format, s); got != "protocol.JoinSecret(redacted)" {
			t.Errorf("%s prints %s", format, got)
		}
	}
}

func TestJoinLinksHaveOneSpelling(t *testing.T) {
	t.Parallel()
	s := protocol.NewJoinSecret()
	if s.Equal(protocol.NewJoinSecret()) {
		t.Fatal("two secrets are equal")
	}
	for _, site := range []string{"", "https://vault.example.org", "http://localhost:5001"} {
		server, got, ok := protocol.ParseJoinLink(" " + site + s.JoinLink() + "\n")
		if !ok || server != site || !got.Equal(s) {
			t.Errorf("%q: %q, %v", site, server, ok)
		}
	}
	secret := strings.TrimPrefix(s.JoinLink(), "/#join/")
	for _, bad := range []string{
		"", secret[1:], secret + "A", secret + "=", secret + "/" + secret, secret[:21] + "B", secret[:10] + "\n" + secret[11:], secret[:21] + "+",
	} {
		if _, _, ok := protocol.ParseJoinLink("https://vault.example.org/#join/" + bad); ok {
			t.Errorf("%q is accepted", bad)
		}
	}
	if _, _, ok := protocol.ParseJoinLink("https://vault.example.org/" + secret); ok {
		t.Error("a link without #join/ is accepted")
	}
}
