package vault_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/vault"
)

func TestParseKeyringErrorsQuoteNoKey(t *testing.T) {
	t.Parallel()
	good := vault.NewKey()
	for _, in := range []string{good, good + "," + vault.NewKey(), " " + good + " , " + vault.NewKey() + "\n"} {
		if _, err := vault.ParseKeyring(in); err != nil {
			t.Errorf("%v", err)
		}
	}
	for in, says := range map[string]string{
		"":                "no key",
		" ":               "no key",
		"hunter2":         "key 1",
		good + ",hunter2": "key 2",
		good + ",":        "key 2",
		good[:40]:         "key 1",
		good + "," + good: "twice",
		good + ";" + good: "key 1",
		good + good[:4]:   "key 1",
	} {
		_, err := vault.ParseKeyring(in)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), good[:10]) {
			t.Errorf("got %v, want an error with %q", err, says)
		}
	}
}

func TestKeyringDoesNotPrintItsKeys(t *testing.T) {
	t.Parallel()
	secret := vault.NewKey()
	k, err := vault.ParseKeyring(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, k); got != "vault.Keyring(redacted)" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}
