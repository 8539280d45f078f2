package client_test

import (
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/protocol"
)

// A person may accept an older history of the vault, but never one that gives an older account back its power: by asking for that, a server
// would undo a rotation with the person's help, for a thief of the former account key.
func TestHistoryOfAnotherIdentityCannotBeAccepted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		lost  func(t *testing.T, d *device, server string) *device // what the server drops
		thief func(t *testing.T, thief *device)
	}{
		"the account of before a rotation": {lost: func(t *testing.T, d *device, _ string) *device {
			d.rotate(t, client.RotationRequest{Password: password})
			return d
		}},
		"the cost of before it rose": {lost: func(t *testing.T, d *device, server string) *device { return d.raised(t, server) }},
		"a rotation by the thief": {
			lost: func(t *testing.T, d *device, _ string) *device {
				d.rotate(t, client.RotationRequest{Password: password})
				return d
			},
			thief: func(t *testing.T, thief *device) {
				thief.rotate(t, client.RotationRequest{Password: password})
				if _, err := thief.Save(t.Context(), login("of the thief")); err != nil {
					t.Error(err)
				}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, url := newBackedUp(t)
			d, thief := newDevice(t, url), newDevice(t, url)
			d.register(t, "anna")
			d.save(t, login("mail"))
			thief.login(t, "anna", "a thief")
			thief.sync(t)
			server.backup()
			d = c.lost(t, d, url)
			d.sync(t)
			at := server.restore()
			server.open()
			thief.moved(t, at)
			if c.thief != nil {
				c.thief(t, thief)
			}
			d.moved(t, at)
			d.wire.SetBearer(thief.wire.Bearer()) // the server answers whomever it likes
			d.intercept(func(r *client.Request) (*client.Response, error) {
				if isAt(*r, protocol.PathVaultResend) {
					return refusal(404, protocol.CodeNotFound), nil
				}
				return nil, nil
			})
			if _, err := d.Sync(t.Context()); err == nil || d.Alarm().IsZero() {
				t.Fatalf("%v, %+v", err, d.Alarm())
			}
			_, before := d.memory.only(t)
			head := hex.EncodeToString(decoded(t, d.fetch(t).Head))
			_, listed := d.OtherState(t.Context())
			for call, err := range map[string]error{"list": listed, "accept": d.AcceptServers(t.Context(), password, head)} {
				if !errors.Is(err, client.ErrOtherIdentity) || client.Explain(err).Code != client.CodeOtherIdentity {
					t.Errorf("%s: %v", call, err)
				}
			}
			if _, err := d.BringTogether(t.Context()); err == nil || len(d.joins(t)) > 0 {
				t.Errorf("bring together: %v", err)
			}
			if _, after := d.memory.only(t); !after.Equal(before) || d.Alarm().IsZero() {
				t.Errorf("the device remembers %+v, before %+v", after, before)
			}
			if got := d.titles(t, ""); !slices.Equal(got, []string{"mail"}) {
				t.Errorf("the device shows %q", got)
			}
		})
	}
}
