package vault

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

const deviceIDBytes = 16

// Caller is what a request without a session brings along.
type Caller struct {
	// Session is the token that the caller held before, if any: it ends with the log-in, so that one that was planted or
	// stolen before is worth nothing after it.
	Session string
	// Devices are device tokens, of users who have signed in where the request comes from.
	Devices []string
}

// A device token says that somebody has signed in as a user on a device before. Its attempts to sign in as that user are
// counted apart, so that strangers who guess lock out strangers alone (OWASP, "Device Cookies"). It is no session and no
// proof: who steals one gets a counter like everybody's, and only a right password makes another.
func (k *Keyring) newDevice(name Username) (string, error) {
	id := make([]byte, deviceIDBytes, deviceIDBytes+len(name))
	rand.Read(id)
	return seal(append(id, name...), k.device)
}

// openDevice returns the id of the device, in hex, if the token is one of this user's.
func (k *Keyring) openDevice(token string, name Username) (id string, ok bool) {
	b := open(token, k.device)
	if len(b) < deviceIDBytes || string(b[deviceIDBytes:]) != string(name) {
		return "", false
	}
	return hex.EncodeToString(b[:deviceIDBytes]), true
}

// deviceOf finds the caller's token for a user, and the throttle key of the attempts to sign in as that user.
func (s *Service) deviceOf(name Username, from Caller) (token, throttle string) {
	for _, token := range from.Devices {
		if id, ok := s.keys.openDevice(token, name); ok {
			return token, throttleKey("device\x00"+id, name)
		}
	}
	return "", loginThrottle(name)
}

// knownDevice is the token that the caller has, or a new one.
func (s *Service) knownDevice(name Username, from Caller) (string, error) {
	if token, _ := s.deviceOf(name, from); token != "" {
		return token, nil
	}
	token, err := s.keys.newDevice(name)
	if err != nil {
		return "", fmt.Errorf("make a device token: %w", err)
	}
	return token, nil
}
