package client

import (
	"testing"

	service "github.com/vaultsphere/vaultsphere/app/vault"
)

// The user's card must have the canonical form of the username, which the server checks.
func TestCanonicalUsernameIsThatOfTheServer(t *testing.T) {
	t.Parallel()
	for _, typed := range []string{
		"anna", "Anna", " ANNA@Example.org\n", "Zoë", "Zoe\u0308", "ＡＮＮＡ", "ﾊﾟｽ", "СОФИЯ", "ΣΊΣΥΦΟΣ", "İstanbul", "ÇAĞRI", "straße", "ŁUKASZ",
	} {
		want, err := service.CanonicalUsername(typedUsername(typed))
		if err != nil {
			t.Errorf("%q: %v", typed, err)
		} else if got := canonicalUsername(typed); got != string(want) {
			t.Errorf("%q: got %q (%x), want %q (%x)", typed, got, got, want, string(want))
		}
	}
}

func TestMemoryOfAnotherNameIsFound(t *testing.T) {
	t.Parallel()
	r := Remembered{Username: "zoë"}
	if !r.Named(" ZOE\u0308") || r.Named("zoe") || r.Named("") {
		t.Error("a name is found by another, or not by its own")
	}
}
