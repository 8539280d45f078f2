// Package signing signs images in tests, with a test key or a key of the emulated AWS.
package signing

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/opencontainers/go-digest"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/cosign"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Key signs releases.
type Key struct{ private *ecdsa.PrivateKey }

// NewKey creates a key.
func NewKey(t testing.TB) Key {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	return Key{private}
}

// WritePublic writes the public key to the file of a host.
func (k Key) WritePublic(t testing.TB, path string) {
	t.Helper()
	content, err := x509.MarshalPKIXPublicKey(k.private.Public())
	must(t, err)
	must(t, os.WriteFile(path, PEM(content), 0o600))
}

// PEM converts a public key from AWS's format to PEM.
func PEM(public []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})
}

// Sign signs an image, REPOSITORY@DIGEST.
func (k Key) Sign(t testing.TB, image string) cosign.Signature {
	t.Helper()
	name, image, _ := strings.Cut(image, "@")
	payload, err := cosign.Payload(name, digest.Digest(image))
	must(t, err)
	return k.SignPayload(t, payload)
}

// SignPayload signs an arbitrary payload.
func (k Key) SignPayload(t testing.TB, payload []byte) cosign.Signature {
	t.Helper()
	sum := sha256.Sum256(payload)
	signature, err := ecdsa.SignASN1(rand.Reader, k.private, sum[:])
	must(t, err)
	return cosign.Signature{Payload: payload, Signature: signature}
}

// Attach attaches signatures to the image REPOSITORY@DIGEST. They may be those of another image.
func Attach(t testing.TB, image string, signatures ...cosign.Signature) {
	t.Helper()
	name, image, _ := strings.Cut(image, "@")
	repository, err := cosign.Repository(name)
	must(t, err)
	must(t, cosign.Attach(t.Context(), repository, digest.Digest(image), signatures...))
}

// NewSigningKey creates the signing key in the account that a deploy would create.
func NewSigningKey(t testing.TB, account aws.Config) {
	t.Helper()
	keys := kms.NewFromConfig(account)
	made, err := keys.CreateKey(t.Context(), &kms.CreateKeyInput{KeySpec: types.KeySpecEccNistP256, KeyUsage: types.KeyUsageTypeSignVerify})
	must(t, err)
	_, err = keys.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: aws.String(names.SigningKey), TargetKeyId: made.KeyMetadata.KeyId})
	must(t, err)
}
