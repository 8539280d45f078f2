package client_test

import (
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

func TestSpaceAroundAUsernameIsIgnored(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, " \u00a0anna\u200b\n")
	for _, typed := range []string{"anna", "anna ", "\tanna", "\u3000anna\ufeff"} {
		other := newDevice(t, server)
		if name, err := other.Login(t.Context(), typed, password, "", "other"); err != nil || name != "anna" {
			t.Errorf("%q: %q, %v", typed, name, err)
		}
	}
}

func TestACodeMayHaveTheSpacesThatAuthenticatorsShow(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	var sent []string
	d.wire.before = func(r *client.Request) (*client.Response, error) {
		if r.Path == protocol.PathLogin || r.Path == protocol.PathTOTPConfirm {
			sent = append(sent, string(r.Body))
		}
		return nil, nil
	}
	for _, typed := range []string{"123 456", " 123456\n", "123\u00a0456", "123-456", "12\u200b34 56"} {
		sent = nil
		_, _ = d.Login(t.Context(), "anna", password, typed, "other") // the server refuses it, as anna has no second factor
		_ = d.ConfirmTOTP(t.Context(), "x", typed)
		for _, body := range sent {
			if !strings.Contains(body, `"123456"`) {
				t.Errorf("%q: sent %s", typed, body)
			}
		}
		if len(sent) != 2 {
			t.Errorf("%q: %d requests", typed, len(sent))
		}
	}
}
