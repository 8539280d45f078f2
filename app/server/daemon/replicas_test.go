//go:build system

package daemon_test

import (
	"crypto/rand"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/server/daemon"
	"github.com/vaultsphere/vaultsphere/app/store/dynamo"
	"github.com/vaultsphere/vaultsphere/app/vault"
	"github.com/vaultsphere/vaultsphere/internal/testenv/await"
	"github.com/vaultsphere/vaultsphere/internal/testenv/daemontest"
	"github.com/vaultsphere/vaultsphere/internal/testenv/dynamolocal"
	"github.com/vaultsphere/vaultsphere/internal/testenv/sample"
)

// A session is created on one replica, used on all three and ended on another; all share the attempt counters.
func TestThreeReplicasServeOneSession(t *testing.T) {
	t.Parallel()
	suffix := "-" + rand.Text()
	tables := dynamo.Config{
		Region: "us-east-1", Endpoint: dynamolocal.Endpoint(t), Patience: await.Limit,
		Users: "Users" + suffix, Accounts: "Accounts" + suffix, Passwords: "Passwords" + suffix, Sessions: "Sessions" + suffix, Vaults: "Vaults" + suffix, Events: "Events" + suffix,
	}
	if err := dynamo.CreateTables(t.Context(), tables); err != nil {
		t.Fatal(err)
	}
	secret := vault.NewKey()
	var replicas [3]string
	for i := range replicas {
		replicas[i] = daemontest.Start(t, func(c *daemon.Config) {
			c.SQLitePath, c.DynamoDB, c.SessionSecret = "", tables, secret
		})
	}
	alice := newUser(t, replicas[0])
	for i := range 9 {
		if status, code := alice.save(t, replicas[i%3], 1); status != 204 {
			t.Fatalf("write %d: %d %s", i, status, code)
		}
		var v protocol.VaultAnswer
		status, code := exchange(t, "GET", replicas[(i+1)%3]+alice.path(protocol.PathVault), alice.token, nil, &v)
		if status != 200 || len(v.Records) != i+1 || v.Revision != int64(i)+1 {
			t.Fatalf("read %d: %d %s, %d records", i, status, code, len(v.Records))
		}
	}
	wrong := protocol.LoginRequest{Username: "alice", AuthKey: sample.AuthKey(), Device: "d", Transport: protocol.SessionBearer}
	// On a slow machine, the first pauses end before the next attempt. Pauses double, so the limit still applies within
	// twelve attempts; three replicas with separate counters would allow more.
	attempts, code := 0, protocol.CodeInvalidCredentials
	for ; attempts <= 12 && code == protocol.CodeInvalidCredentials; attempts++ {
		_, code = exchange(t, "POST", replicas[attempts%3]+protocol.PathLogin, "", wrong, nil)
	}
	if attempts < 6 || attempts > 12 || code != protocol.CodeThrottled {
		t.Errorf("attempt %d on three replicas: got %s", attempts, code)
	}
	var salts []string
	for _, r := range replicas {
		var p protocol.PasswordKDF
		exchange(t, "POST", r+protocol.PathPrelogin, "", protocol.PreloginRequest{Username: "nobody"}, &p)
		salts = append(salts, p.Salt)
	}
	if salts[0] != salts[1] || salts[1] != salts[2] || salts[0] == "" {
		t.Errorf("salts of an unknown user: %v", salts)
	}
	if status, code := exchange(t, "POST", replicas[2]+protocol.PathLogout, alice.token, struct{}{}, nil); status != 204 {
		t.Fatal(status, code)
	}
	for i, r := range replicas {
		if status, code := exchange(t, "GET", r+protocol.PathAccount, alice.token, nil, nil); status != 401 {
			t.Errorf("replica %d after logout: %d %s", i, status, code)
		}
	}
}
