package bitwarden_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/vaultsphere/vaultsphere/app/item"
	"github.com/vaultsphere/vaultsphere/app/transfer"
)

func made[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// bitwardenKey is a key as exported to Bitwarden.
func bitwardenKey(t *testing.T, k item.SSHKey) (kind int, key map[string]string, fields []map[string]any) {
	t.Helper()
	it := item.Item{Type: item.TypeSSHKey, Title: "Key", SSHKey: &k}
	data, err := transfer.Write("bitwarden-json", []transfer.Exported{{Item: it}}, transfer.WriteOptions{})
	var file struct {
		Items []struct {
			Type   int
			SSHKey map[string]string
			Fields []map[string]any
		}
	}
	if err != nil || json.Unmarshal(data, &file) != nil || len(file.Items) != 1 || *it.SSHKey != k {
		t.Fatalf("%s, %v, and the item itself has %+v", data, err, it.SSHKey)
	}
	return file.Items[0].Type, file.Items[0].SSHKey, file.Items[0].Fields
}

// Bitwarden rejects a file with a key that lacks its public part or fingerprint.
func TestBitwardenExportHasWholeSSHKeys(t *testing.T) {
	t.Parallel()
	ed := made(private(ed25519.GenerateKey(rand.Reader)))
	ec := made(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	big := made(rsa.GenerateKey(rand.Reader, 2048))
	wide := made(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))
	widePublic := made(ssh.NewPublicKey(wide.Public()))
	edPublic, ecPublic, bigPublic := made(ssh.NewPublicKey(ed.Public())), made(ssh.NewPublicKey(ec.Public())), made(ssh.NewPublicKey(big.Public()))
	skPublic := made(ssh.ParsePublicKey(ssh.Marshal(struct {
		Kind, Key, Application string
	}{"sk-ssh-ed25519@openssh.com", string(ed.Public().(ed25519.PublicKey)), "ssh:"})))
	pemOf := func(b *pem.Block) string { return string(pem.EncodeToMemory(b)) }
	openSSH := pemOf(made(ssh.MarshalPrivateKey(ed, "anna")))
	for name, c := range map[string]struct {
		key  item.SSHKey
		want ssh.PublicKey
	}{
		"OpenSSH":                  {item.SSHKey{Private: openSSH}, edPublic},
		"OpenSSH, Windows lines":   {item.SSHKey{Private: strings.ReplaceAll(openSSH, "\n", "\r\n")}, edPublic},
		"OpenSSH, white space":     {item.SSHKey{Private: "  \n" + strings.TrimSpace(openSSH)}, edPublic},
		"OpenSSH, in one line":     {item.SSHKey{Private: strings.ReplaceAll(openSSH, "\n", " ")}, edPublic},
		"OpenSSH, indented":        {item.SSHKey{Private: strings.ReplaceAll(openSSH, "\n", "\n\t")}, edPublic},
		"security key":             {item.SSHKey{Private: "damaged", Public: "sk-ssh-ed25519@openssh.com " + base64.StdEncoding.EncodeToString(skPublic.Marshal())}, skPublic},
		"OpenSSH, with passphrase": {item.SSHKey{Private: pemOf(made(ssh.MarshalPrivateKeyWithPassphrase(ec, "", []byte("x"))))}, ecPublic},
		"PKCS 1":                   {item.SSHKey{Private: pemOf(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(big)})}, bigPublic},
		"PKCS 8":                   {item.SSHKey{Private: pemOf(&pem.Block{Type: "PRIVATE KEY", Bytes: made(x509.MarshalPKCS8PrivateKey(ed))})}, edPublic},
		"PKCS 8 of RSA":            {item.SSHKey{Private: pemOf(&pem.Block{Type: "PRIVATE KEY", Bytes: made(x509.MarshalPKCS8PrivateKey(big))})}, bigPublic},
		"PKCS 8 of P-521":          {item.SSHKey{Private: pemOf(&pem.Block{Type: "PRIVATE KEY", Bytes: made(x509.MarshalPKCS8PrivateKey(wide))})}, widePublic},
		"options before it":        {item.SSHKey{Private: "damaged", Public: "command=\"a b\" " + string(ssh.MarshalAuthorizedKey(edPublic))}, edPublic},
		"SEC 1":                    {item.SSHKey{Private: pemOf(&pem.Block{Type: "EC PRIVATE KEY", Bytes: made(x509.MarshalECPrivateKey(ec))})}, ecPublic},
		"PuTTY":                    {item.SSHKey{Private: putty(edPublic)}, edPublic},
		"public part alone counts": {item.SSHKey{Private: "damaged", Public: string(ssh.MarshalAuthorizedKey(ecPublic))}, ecPublic},
	} {
		kind, got, fields := bitwardenKey(t, c.key)
		public, _, _, _, err := ssh.ParseAuthorizedKey([]byte(got["publicKey"]))
		if err != nil || kind != 5 || len(fields) > 0 || got["keyFingerprint"] != ssh.FingerprintSHA256(c.want) ||
			string(public.Marshal()) != string(c.want.Marshal()) || got["privateKey"] != c.key.Private {
			t.Errorf("%s: type %d, %v, fields %v, %v", name, kind, got, fields, err)
		}
	}
	whole := item.SSHKey{Private: openSSH, Public: "a comment is possible here", Fingerprint: "MD5:00"}
	if kind, got, _ := bitwardenKey(t, whole); kind != 5 || got["publicKey"] != whole.Public || got["keyFingerprint"] != whole.Fingerprint {
		t.Errorf("values of the key were overwritten: %v", got)
	}
}

func TestIncompleteSSHKeysBecomeNotes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"damaged", "", "PuTTY-User-Key-File-3: ssh-ed25519\nPublic-Lines: 9\nAAAA", "PuTTY-User-Key-File-3: x\nPublic-Lines: 1\n!",
		"PuTTY-User-Key-File-3: x\nPublic-Lines: 1\nAAAA",
	} {
		kind, got, fields := bitwardenKey(t, item.SSHKey{Private: text, Fingerprint: "SHA256:x"})
		if last := fields[len(fields)-1]; kind != 2 || got != nil || last["name"] != "Fingerprint" || text != "" && (fields[0]["value"] != text || fields[0]["type"] != 1.0) {
			t.Errorf("%q: type %d, %v, %v", text, kind, got, fields)
		}
	}
}

// private is a key pair that made uses.
func private(_ ed25519.PublicKey, private ed25519.PrivateKey, err error) (ed25519.PrivateKey, error) {
	return private, err
}

func putty(public ssh.PublicKey) string {
	text := base64.StdEncoding.EncodeToString(public.Marshal())
	return fmt.Sprintf("PuTTY-User-Key-File-3: %s\r\nEncryption: aes256-cbc\r\nComment: anna\r\nPublic-Lines: 2\r\n%s\r\n%s\r\nPrivate-Lines: 1\r\nAAAA\r\n",
		public.Type(), text[:40], text[40:])
}
