package transfer

import (
	"encoding/base64"
	"errors"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/vaultsphere/vaultsphere/app/item"
)

// completeSSHKey is the key with its public part and its fingerprint, as far as they follow from what it has. The private
// part says both even under a passphrase: in the form of OpenSSH and in that of PuTTY the public part stands open in it.
func completeSSHKey(k item.SSHKey) item.SSHKey {
	public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(k.Public))
	if err != nil {
		public = publicOf(k.Private)
	}
	if public == nil {
		return k
	}
	if k.Public == "" {
		k.Public = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
	}
	if k.Fingerprint == "" {
		k.Fingerprint = ssh.FingerprintSHA256(public)
	}
	return k
}

// publicOf is nil if the private key does not say it.
func publicOf(private string) ssh.PublicKey {
	signer, err := ssh.ParsePrivateKey([]byte(strings.TrimSpace(private) + "\n"))
	var sealed *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer.PublicKey()
	case errors.As(err, &sealed):
		return sealed.PublicKey
	}
	return puttyPublic(private)
}

// puttyPublic reads the public lines of a PPK file: https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html.
func puttyPublic(private string) ssh.PublicKey {
	_, rest, found := strings.Cut(private, "\nPublic-Lines:")
	if !found || !strings.HasPrefix(strings.TrimSpace(private), "PuTTY-User-Key-File-") {
		return nil
	}
	count, rest, _ := strings.Cut(rest, "\n")
	lines := strings.Split(rest, "\n")
	n := number(strings.TrimSpace(count))
	if n < 1 || n > len(lines) {
		return nil
	}
	blob, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(strings.Join(lines[:n], "")), ""))
	if err != nil {
		return nil
	}
	public, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return nil
	}
	return public
}
