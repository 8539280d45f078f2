package bitwarden

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"math/big"
	"regexp"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer/source"
)

// This file parses public keys itself, because golang.org/x/crypto/ssh would make the WebAssembly module for imports a
// quarter larger. Tests compare the two.

// publicKey is encoded as in RFC 4253 §6.6: the name of its type as a string, then the fields of the type.
type publicKey []byte

// completeSSHKey fills in the public key and the fingerprint, if they follow from the rest. OpenSSH and PuTTY store the
// public key unencrypted in the private key file, even with a passphrase.
func completeSSHKey(k item.SSHKey) item.SSHKey {
	public := parseAuthorizedKey(k.Public)
	if public == nil {
		public = publicOf(strings.TrimSpace(k.Private))
	}
	if public == nil {
		return k
	}
	if k.Public == "" {
		k.Public = public.kind() + " " + base64.StdEncoding.EncodeToString(public)
	}
	if k.Fingerprint == "" {
		sum := sha256.Sum256(public)
		k.Fingerprint = "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
	}
	return k
}

// kind returns the name of the key type.
func (p publicKey) kind() string {
	name, _, _ := sshString(p)
	return string(name)
}

// parsePublicKey returns nil if blob is not a public key.
func parsePublicKey(blob []byte) publicKey {
	name, rest, ok := sshString(blob)
	if !ok || len(rest) == 0 || !sshKind(string(name)) {
		return nil
	}
	for len(rest) > 0 { // every type is a sequence of strings and numbers in the same encoding
		if _, rest, ok = sshString(rest); !ok {
			return nil
		}
	}
	return blob
}

func sshKind(name string) bool {
	name = strings.TrimPrefix(name, "sk-") // the private key is on a security key
	return strings.HasPrefix(name, "ssh-") || strings.HasPrefix(name, "ecdsa-sha2-")
}

// parseAuthorizedKey parses a line of authorized_keys, which may start with options. It returns nil for other text.
func parseAuthorizedKey(line string) publicKey {
	words := strings.Fields(line)
	for i := range len(words) - 1 {
		if blob, err := base64.StdEncoding.DecodeString(words[i+1]); err == nil {
			if public := parsePublicKey(blob); public != nil && public.kind() == words[i] {
				return public
			}
		}
	}
	return nil
}

// pemParts matches a key that lost its line breaks, or has spaces before its lines.
var pemParts = regexp.MustCompile(`(?s)(-----BEGIN [^-]+-----)(.*)(-----END [^-]+-----)`)

// publicOf returns nil if the private key does not contain the public one.
func publicOf(private string) publicKey {
	block, _ := pem.Decode([]byte(private + "\n"))
	if parts := pemParts.FindStringSubmatch(private); block == nil && parts != nil {
		block, _ = pem.Decode([]byte(parts[1] + "\n" + strings.Join(strings.Fields(parts[2]), "\n") + "\n" + parts[3] + "\n"))
	}
	if block == nil {
		return puttyPublic(private)
	}
	switch block.Type {
	case "OPENSSH PRIVATE KEY":
		return openSSHPublic(block.Bytes)
	case "RSA PRIVATE KEY":
		return rsaPublic(block.Bytes)
	case "EC PRIVATE KEY":
		return ecPublic(block.Bytes, nil)
	case "PRIVATE KEY":
		return pkcs8Public(block.Bytes)
	}
	return nil
}

// openSSHPublic reads the public key before the private one: https://cvsweb.openbsd.org/src/usr.bin/ssh/PROTOCOL.key.
func openSSHPublic(b []byte) publicKey {
	rest, ok := bytes.CutPrefix(b, []byte("openssh-key-v1\x00"))
	for range 3 { // cipher, KDF, KDF options
		if ok {
			_, rest, ok = sshString(rest)
		}
	}
	if !ok || len(rest) < 4 || binary.BigEndian.Uint32(rest) != 1 {
		return nil
	}
	public, _, _ := sshString(rest[4:])
	return parsePublicKey(public)
}

// rsaPublic reads an RSAPrivateKey (RFC 8017 §A.1.2).
func rsaPublic(der []byte) publicKey {
	var key struct {
		Version int
		N, E    *big.Int
	}
	if !derBegin(der, &key) || key.N.Sign() <= 0 || key.E.Sign() <= 0 {
		return nil
	}
	return sshBlob("ssh-rsa", sshNumber(key.E), sshNumber(key.N))
}

// ecPublic reads an ECPrivateKey (RFC 5915 §3). Its curve may be outside of it.
func ecPublic(der []byte, curve asn1.ObjectIdentifier) publicKey {
	var key struct {
		Version int
		D       []byte
		Curve   asn1.ObjectIdentifier `asn1:"optional,explicit,tag:0"`
	}
	if !derBegin(der, &key) {
		return nil
	}
	if len(key.Curve) > 0 {
		curve = key.Curve
	}
	for _, c := range []struct {
		id   asn1.ObjectIdentifier
		name string
		of   ecdh.Curve
		size int
	}{
		{asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7}, "nistp256", ecdh.P256(), 32},
		{asn1.ObjectIdentifier{1, 3, 132, 0, 34}, "nistp384", ecdh.P384(), 48},
		{asn1.ObjectIdentifier{1, 3, 132, 0, 35}, "nistp521", ecdh.P521(), 66},
	} {
		if !c.id.Equal(curve) || len(key.D) > c.size {
			continue
		}
		private, err := c.of.NewPrivateKey(append(make([]byte, c.size-len(key.D)), key.D...))
		if err != nil {
			return nil
		}
		return sshBlob("ecdsa-sha2-"+c.name, []byte(c.name), private.PublicKey().Bytes())
	}
	return nil
}

// pkcs8Public reads a PrivateKeyInfo (RFC 5208 §5, RFC 8410 §7).
func pkcs8Public(der []byte) publicKey {
	var key struct {
		Version   int
		Algorithm struct {
			ID    asn1.ObjectIdentifier
			Curve asn1.RawValue `asn1:"optional"`
		}
		Private []byte
	}
	if !derBegin(der, &key) {
		return nil
	}
	switch key.Algorithm.ID.String() {
	case "1.2.840.113549.1.1.1":
		return rsaPublic(key.Private)
	case "1.2.840.10045.2.1":
		var curve asn1.ObjectIdentifier
		if _, err := asn1.Unmarshal(key.Algorithm.Curve.FullBytes, &curve); err != nil {
			return nil
		}
		return ecPublic(key.Private, curve)
	case "1.3.101.112":
		var seed []byte
		if _, err := asn1.Unmarshal(key.Private, &seed); err != nil || len(seed) != ed25519.SeedSize {
			return nil
		}
		return sshBlob("ssh-ed25519", ed25519.NewKeyFromSeed(seed)[ed25519.SeedSize:])
	}
	return nil
}

// derBegin decodes the first members of a sequence into out.
func derBegin(der []byte, out any) bool {
	var whole asn1.RawValue
	if rest, err := asn1.Unmarshal(der, &whole); err != nil || len(rest) > 0 {
		return false
	}
	_, err := asn1.Unmarshal(der, out)
	return err == nil
}

// puttyPublic reads the public lines of a PPK file: https://the.earth.li/~sgtatham/putty/latest/htmldoc/AppendixC.html.
func puttyPublic(private string) publicKey {
	_, rest, found := strings.Cut(private, "\nPublic-Lines:")
	if !found || !strings.HasPrefix(private, "PuTTY-User-Key-File-") {
		return nil
	}
	count, rest, _ := strings.Cut(rest, "\n")
	lines := strings.Split(rest, "\n")
	n := source.Int(strings.TrimSpace(count))
	if n < 1 || n > len(lines) {
		return nil
	}
	blob, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(strings.Join(lines[:n], "")), ""))
	if err != nil {
		return nil
	}
	return parsePublicKey(blob)
}

// sshString reads a string from b (RFC 4251 §5).
func sshString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	size, b := binary.BigEndian.Uint32(b), b[4:]
	if int64(size) > int64(len(b)) {
		return nil, nil, false
	}
	return b[:size], b[size:], true
}

func sshBlob(kind string, parts ...[]byte) publicKey {
	var b []byte
	for _, part := range append([][]byte{[]byte(kind)}, parts...) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(part))) //nolint:gosec // a key is small
		b = append(b, part...)
	}
	return b
}

// sshNumber encodes a positive number as an mpint (RFC 4251 §5).
func sshNumber(n *big.Int) []byte {
	b := n.Bytes()
	if b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return b
}
