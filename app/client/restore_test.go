package client_test

import (
	"errors"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/client"
	"github.com/vaultsphere/vaultsphere/app/item"
)

func TestRestoreVersionAndImportedPasswords(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := newDevice(t, server)
	d.register(t, "anna")
	it := login("Bank")
	it.Password, it.PasswordHistory = "first", []item.OldPassword{{Password: "elsewhere", Until: daysAgo(90)}}
	it = d.save(t, it)
	it.Password = "second"
	it = d.save(t, it)
	versions, err := d.History(it.ID)
	if err != nil || len(versions) != 2 {
		t.Fatalf("%+v, %v", versions, err)
	}
	first, elsewhere := versions[0], versions[1]
	if first.Password != "first" || first.Version != 1 || first.Modified.IsZero() || first.Until.Before(first.Modified) ||
		elsewhere.Password != "elsewhere" || elsewhere.Version != -1 || elsewhere.Until.IsZero() {
		t.Errorf("%+v", versions)
	}
	for _, v := range versions {
		if back, err := d.RestoreVersion(t.Context(), it.ID, v.Version); err != nil || back.Password != v.Password {
			t.Errorf("version %d: %q, %v", v.Version, back.Password, err)
		}
	}
	versions, err = d.History(it.ID)
	if err != nil || len(versions) != 4 || versions[0].Password != "first" || versions[1].Password != "second" {
		t.Errorf("after restoring: %+v, %v", versions, err)
	}
	if _, err := d.RestoreVersion(t.Context(), it.ID, 99); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
}
