//go:build integration

package attack

import (
	"strings"

	"github.com/vaultsphere/vaultsphere/app/chain"
	"github.com/vaultsphere/vaultsphere/app/protocol"
	"github.com/vaultsphere/vaultsphere/app/seal"
)

// Attacks on the account: the keys, and how the password opens them.
var accounts = []attack{
	{
		name: "KDF floor",
		does: "asks for a key derivation that is easy to guess against",
		run: func(s *stage) string {
			var said string
			for _, cost := range []protocol.Cost{0, 4} {
				fresh := s.device.another(s.T)
				s.gate.lie(editing(s.T, protocol.PathPrelogin, func(k *protocol.PasswordKDF) { k.Cost = cost }))
				seen := fresh.signIn(s.T)
				s.says(keySettings, seen)
				s.noAuthKey()
				said = seen.said
			}
			s.recovers(s.known...)
			return said
		},
	},
	{
		name: "chosen salt",
		does: "chooses the salt of the password, for a device that knows the account",
		run: func(s *stage) string {
			s.device.signOut(s.T)
			s.gate.lie(editing(s.T, protocol.PathPrelogin, func(k *protocol.PasswordKDF) { k.Salt = seal.NewID().String() }))
			seen := s.device.signIn(s.T)
			s.says(keySettings, seen)
			s.noAuthKey()
			s.gate.lie(lies{})
			must(s.T, s.device.signIn(s.T))
			return seen.said
		},
	},
	{
		name: "swapped wrap",
		does: "puts the wrapped account key from before a change of the password back",
		run: func(s *stage) string {
			old := s.newPassword()
			return s.refusedEverywhere(altered, s.accounts(func(a *protocol.UserAccount) { a.Keys.Wraps = old.Wraps }))
		},
	},
	{
		name: "swapped identity",
		does: "puts the sealed identity from before a change of the password back",
		run: func(s *stage) string {
			old := s.newPassword()
			return s.refusedEverywhere(altered, s.accounts(func(a *protocol.UserAccount) { a.Keys.Identity = old.Identity }))
		},
	},
	{
		name: "document swapped",
		does: "puts the whole account from before a change of the password back, beside the newest log",
		run: func(s *stage) string {
			old := s.newPassword()
			l := s.accounts(func(a *protocol.UserAccount) { a.Keys = old })
			s.gate.lie(l)
			s.device.setPassword(s.T, password) // which the old account asks for
			stored := s.stored()
			seen := s.device.open(s.T)
			s.says(altered, seen)
			if s.stored() != stored {
				s.Error("the server stores something else than before")
			}
			s.gate.lie(lies{})
			s.device.setPassword(s.T, nextPassword)
			s.recovers(s.known...)
			s.stillOpens()
			return seen.said
		},
	},
	{
		name: "identity that the newest entry does not name",
		does: "puts an older identity back, with a document that names it",
		run: func(s *stage) string {
			old := s.newPassword()
			return s.refusedEverywhere(altered, s.accounts(func(a *protocol.UserAccount) {
				d := s.document(a.Keys)
				a.Keys.Identity, d.Identity = old.Identity, chain.HashOf(chain.HashIdentity, []byte(old.Identity))
				a.Keys.Document = encode(d.Encode())
			}))
		},
	},
	{
		name: "older key generation",
		does: "puts the account key from before a rotation back, which a thief may have",
		run: func(s *stage) string {
			old := s.account(s.phone).Keys
			s.rotate()
			must(s.T, s.device.signIn(s.T))
			s.gate.lie(s.accounts(func(a *protocol.UserAccount) { a.Keys = old }))
			return s.refused(altered)
		},
	},
	{
		name: "server-made account key",
		does: "adds a way to unlock the account: its own passkey, which opens its own account key",
		run: func(s *stage) string {
			return s.refusedEverywhere(altered, s.accounts(func(a *protocol.UserAccount) {
				d, user, passkey := s.document(a.Keys), good[chain.ID](s)(chain.ParseID(a.UserID)), seal.NewID()
				prf := good[seal.PasskeyKey](s)(seal.ParsePasskeyKey([]byte(strings.Repeat("server", 6))[:32]))
				wrap := good[string](s)(prf.WrapKey(user, passkey).Wrap(seal.NewAccountKey(), user, 1))
				d.Wraps = append(d.Wraps, chain.Wrap{Method: chain.MethodPasskey, Passkey: passkey, Hash: chain.HashOf(chain.HashWrap, []byte(wrap))})
				a.Keys.Wraps, a.Keys.Document = append(a.Keys.Wraps, wrap), encode(d.Encode())
			}))
		},
	},
	{
		name: "wrap added",
		does: "adds a wrapped key that the account document does not name",
		run: func(s *stage) string {
			return s.refusedEverywhere(altered, s.accounts(func(a *protocol.UserAccount) { a.Keys.Wraps = append(a.Keys.Wraps, a.Keys.Wraps[0]) }))
		},
	},
	{
		name: "account of another user",
		does: "shows the account of another user",
		run: func(s *stage) string {
			theirs := s.account(s.mallory())
			s.gate.lie(s.accounts(func(a *protocol.UserAccount) { a.UserID, a.Vault, a.Keys = theirs.UserID, theirs.Vault, theirs.Keys }))
			fresh := s.device.another(s.T)
			seen := fresh.signIn(s.T)
			if seen.said == "" || len(seen.titles) > 0 {
				s.Errorf("the client says %q and shows %q", seen.said, seen.titles)
			}
			s.recovers(s.known...)
			s.stillOpens()
			return seen.said
		},
	},
	{
		name: "names swapped",
		does: "shows anna's account under another name",
		run: func(s *stage) string {
			l := s.accounts(func(a *protocol.UserAccount) { a.Username = "mallory" })
			s.gate.lie(l)
			fresh := s.device.another(s.T)
			seen := fresh.signIn(s.T)
			if seen.said == "" {
				s.Errorf("the client shows %q", seen.titles)
			}
			s.recovers(s.known...)
			s.stillOpens()
			return seen.said
		},
	},
}

const nextPassword = "quilt harbour saffron mosaic"

// newPassword changes the password. It returns the keys of the account from before. The device has signed in again.
func (s *stage) newPassword() protocol.AccountKeys {
	s.Helper()
	old := s.account(s.phone).Keys
	must(s.T, s.phone.recover(s.T, nextPassword))
	s.device.setPassword(s.T, nextPassword)
	must(s.T, s.device.signIn(s.T))
	return old
}

// noAuthKey checks that the client sent nothing that the server could guess the password against.
func (s *stage) noAuthKey() {
	s.Helper()
	if sent := s.gate.sent("POST", protocol.PathLogin); len(sent) > 0 {
		s.Errorf("the client sent an auth key: %s", sent)
	}
}
