package vault

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
)

const deviceIDBytes = 16

// Caller describes the client of a request without a session.
type Caller struct {
	// Session is the token that the caller held before, if any. The login ends it, so a token that was planted or stolen
	// earlier becomes worthless.
	Session string
	// Devices are the caller's device tokens, one per user who has signed in on the device.
	Devices []string
}

// newDevice makes a device token: proof that this user has signed in on this device before. Its login attempts are counted
// separately, so strangers who guess lock out only strangers (OWASP, "Device Cookies"). It is neither a session nor a
// credential: a thief gets a counter like everyone else, and only the right password makes another token.
func (k *Keyring) newDevice(name Username) (string, error) {
	id := make([]byte, deviceIDBytes, deviceIDBytes+len(name))
	rand.Read(id)
	return seal(append(id, name...), k.device)
}

// openDevice returns the ID of the device, in hex, if the token belongs to this user.
func (k *Keyring) openDevice(token string, name Username) (id string, ok bool) {
	b := open(token, k.device)
	if len(b) < deviceIDBytes || string(b[deviceIDBytes:]) != string(name) {
		return "", false
	}
	return hex.EncodeToString(b[:deviceIDBytes]), true
}

// deviceOf finds the caller's device token for a user, and the throttle key for attempts to sign in as that user.
func (s *Service) deviceOf(name Username, from Caller) (token, throttle string) {
	for _, token := range from.Devices {
		if id, ok := s.keys.openDevice(token, name); ok {
			return token, throttleKey("device\x00"+id, name)
		}
	}
	return "", loginThrottle(name)
}

// knownDevice returns the caller's device token, or a new one.
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
