package cosign_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/content/memory"

	"github.com/vaultsphere/vaultsphere/internal/cosign"
)

// The files in testdata are those that cosign 2.6.1 pushed for this image: "cosign sign --key cosign.key --tlog-upload=false".
const (
	signedImage      = "sha256:1006ec92c0b9e54f28fa8818f58c716fea911e458fa961d5c69a017ae7496de1"
	signedRepository = "127.0.0.1:45777/password-manager"
)

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestPayloadEqualsCosigns(t *testing.T) {
	t.Parallel()
	got, err := cosign.Payload(signedRepository, signedImage)
	if err != nil {
		t.Fatal(err)
	}
	if want := fixture(t, "payload.json"); !bytes.Equal(got, want) {
		t.Errorf("the payload is\n%s\nand cosign's\n%s", got, want)
	}
}

func TestAttachedSignatureEqualsCosigns(t *testing.T) {
	t.Parallel()
	var want, got ocispec.Manifest
	if err := json.Unmarshal(fixture(t, "manifest.json"), &want); err != nil {
		t.Fatal(err)
	}
	signature := cosign.Signature{Payload: fixture(t, "payload.json"), Signature: decode(t, want.Layers[0].Annotations["dev.cosignproject.cosign/signature"])}
	store := memory.New()
	if err := cosign.Attach(t.Context(), store, signedImage, signature); err != nil {
		t.Fatal(err)
	}
	_, content, err := oras.FetchBytes(t.Context(), store, "sha256-"+digest.Digest(signedImage).Encoded()+".sig", oras.DefaultFetchBytesOptions)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &got); err != nil {
		t.Fatal(err)
	}
	// Verifiers do not read the configuration.
	if got.Config.MediaType != want.Config.MediaType {
		t.Errorf("the configuration is of type %s", got.Config.MediaType)
	}
	got.Config = want.Config
	if got, want := mustMarshal(t, got), mustMarshal(t, want); !bytes.Equal(got, want) {
		t.Errorf("the manifest is\n%s\nand cosign's\n%s", got, want)
	}
}

func TestAttachReplaces(t *testing.T) {
	t.Parallel()
	store := memory.New()
	for _, signatures := range [][]cosign.Signature{
		{{Payload: []byte("one"), Signature: []byte("1")}, {Payload: []byte("two"), Signature: []byte("2")}},
		{{Payload: []byte("three"), Signature: []byte("3")}},
	} {
		if err := cosign.Attach(t.Context(), store, signedImage, signatures...); err != nil {
			t.Fatal(err)
		}
		_, content, err := oras.FetchBytes(t.Context(), store, cosign.Tag(signedImage), oras.DefaultFetchBytesOptions)
		if err != nil {
			t.Fatal(err)
		}
		var manifest ocispec.Manifest
		if err := json.Unmarshal(content, &manifest); err != nil {
			t.Fatal(err)
		}
		if len(manifest.Layers) != len(signatures) {
			t.Errorf("%d signatures, want %d", len(manifest.Layers), len(signatures))
		}
		for i, layer := range manifest.Layers {
			if want := digest.FromBytes(signatures[i].Payload); layer.Digest != want {
				t.Errorf("signature %d signs %s, want %s", i, layer.Digest, want)
			}
		}
	}
}

func TestRepository(t *testing.T) {
	for name, plain := range map[string]bool{
		"127.0.0.1:5000/password-manager":                                  true,
		"127.0.0.1/password-manager":                                       true,
		"localhost:5000/password-manager":                                  true,
		"[::1]:5000/password-manager":                                      true,
		"192.0.2.1:5000/password-manager":                                  false,
		"123456789012.dkr.ecr.eu-central-1.amazonaws.com/password-manager": false,
		"localhost.example.org/password-manager":                           false,
	} {
		r, err := cosign.Repository(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if r.PlainHTTP != plain {
			t.Errorf("%s: plain HTTP is %v", name, r.PlainHTTP)
		}
	}
	if _, err := cosign.Repository("password-manager"); err == nil {
		t.Error("a name without a registry is accepted")
	}
	t.Setenv("DOCKER_CONFIG", filepath.Join("testdata", "payload.json")) // no directory
	if _, err := cosign.Repository("127.0.0.1:5000/password-manager"); err == nil {
		t.Error("unreadable credentials are ignored")
	}
}
