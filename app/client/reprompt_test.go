package client_test

import (
	"errors"
	"testing"
	"time"

	"github.com/vaultsphere/vaultsphere/app/client"
)

func TestRepromptAsksForThePassword(t *testing.T) {
	t.Parallel()
	server, d, bank, mail := cachedVault(t)
	bank.Reprompt, mail.Reprompt = true, true
	bank, mail = d.save(t, bank), d.save(t, mail)
	other := d.save(t, login("other"))
	now := time.Now()
	if err := d.MayShow(bank.ID, now); !errors.Is(err, client.ErrReprompt) || client.Explain(err).Code != client.CodeReprompt {
		t.Errorf("before: %v", err)
	}
	if err := d.MayShow(other.ID, now); err != nil {
		t.Errorf("an item that does not ask: %v", err)
	}
	if err := d.Confirm(t.Context(), bank.ID, "wrong", now); !errors.Is(err, client.ErrWrongPassword) {
		t.Errorf("a wrong password: %v", err)
	}
	if err := d.MayShow(bank.ID, now); !errors.Is(err, client.ErrReprompt) {
		t.Errorf("after a wrong password: %v", err)
	}
	if err := d.Confirm(t.Context(), bank.ID, password, now); err != nil {
		t.Fatal(err)
	}
	for age, want := range map[time.Duration]error{
		0: nil, 5*time.Minute - time.Second: nil, 5 * time.Minute: client.ErrReprompt, -time.Hour: client.ErrReprompt,
	} {
		if err := d.MayShow(bank.ID, now.Add(age)); !errors.Is(err, want) {
			t.Errorf("after %v: %v", age, err)
		}
	}
	if err := d.MayShow(mail.ID, now); !errors.Is(err, client.ErrReprompt) {
		t.Errorf("another item: %v", err)
	}

	d.Lock()
	if err := d.MayShow(bank.ID, now); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
	d.unlock(t)
	d.sync(t)
	if err := d.MayShow(bank.ID, now); !errors.Is(err, client.ErrReprompt) {
		t.Errorf("unlocked again: %v", err)
	}

	offline := d.cutOff(t, server)
	offline.unlock(t)
	if err := offline.Confirm(t.Context(), bank.ID, password, now); err != nil || offline.MayShow(bank.ID, now) != nil {
		t.Errorf("without the server: %v", err)
	}
}

func TestShownItemsNeedNoPassword(t *testing.T) {
	t.Parallel()
	_, d, bank, _ := cachedVault(t)
	bank.Reprompt = true
	bank = d.save(t, bank)
	now := time.Now()
	if err := d.KeepShown(bank.ID, now); err != nil || d.MayShow(bank.ID, now) != nil {
		t.Errorf("%v", err)
	}
	d.Lock()
	if err := d.KeepShown(bank.ID, now); !errors.Is(err, client.ErrLocked) {
		t.Errorf("locked: %v", err)
	}
}
