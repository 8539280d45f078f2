// Package sample builds test data: requests without a real password behind them, and realistic items.
package sample

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"github.com/fernet/fernet-go"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// Bytes returns n random bytes.
func Bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}

// ID returns an identifier of 16 random bytes, like those of users and items.
func ID() string { return base64.RawURLEncoding.EncodeToString(Bytes(16)) }

// AuthKey returns 32 random bytes in the encoding of the wire.
func AuthKey() string { return base64.StdEncoding.EncodeToString(Bytes(32)) }

// Token returns a Fernet token over n random bytes with a random key. The server cannot distinguish it from a real one.
func Token(n int) string {
	token, err := fernet.EncryptAndSign(Bytes(n), (*fernet.Key)(Bytes(32)))
	if err != nil {
		panic(err) // only if the random source fails
	}
	return string(token)
}

// Login returns the n-th of a series of logins that differ in every field.
func Login(n int) item.Item {
	return item.Item{
		Type: item.TypeLogin, Title: fmt.Sprintf("Site %05d", n), Username: fmt.Sprintf("user%d@example.org", n),
		URLs: []string{fmt.Sprintf("https://www.site-%d.example/login", n)}, Tags: []string{"imported"},
		Password: fmt.Sprintf("pass-%d-word", n), Notes: fmt.Sprintf("note %d", n),
	}
}

// Logins returns the first n of the series.
func Logins(n int) []item.Item {
	items := make([]item.Item, n)
	for i := range items {
		items[i] = Login(i)
	}
	return items
}
