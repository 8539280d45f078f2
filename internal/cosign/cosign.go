// Package cosign signs images with a key in the format of Sigstore's cosign ("simple signing"), so cosign can verify our signatures
// and we can verify cosign's. It uses no public service: there is no transparency log and no certificate.
//
// The format: cosign's specs/SIGNATURE_SPEC.md.
package cosign

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/specs-go"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
)

const (
	payloadMediaType    = "application/vnd.dev.cosign.simplesigning.v1+json"
	signatureAnnotation = "dev.cosignproject.cosign/signature"
)

// Signature is a payload with its signature: ECDSA with SHA-256, in ASN.1.
type Signature struct{ Payload, Signature []byte }

// Tag returns the tag of an image's signatures in the image's repository.
func Tag(image digest.Digest) string {
	return image.Algorithm().String() + "-" + image.Encoded() + ".sig"
}

// Payload returns the content to sign, which names the image by its digest.
func Payload(repository string, image digest.Digest) ([]byte, error) {
	var p struct {
		Critical struct {
			Identity struct {
				Reference string `json:"docker-reference"`
			} `json:"identity"`
			Image struct {
				Digest digest.Digest `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
		Optional map[string]string `json:"optional"`
	}
	p.Critical.Identity.Reference = repository
	p.Critical.Image.Digest = image
	p.Critical.Type = "cosign container image signature"
	return json.Marshal(p)
}

// Attach pushes the signatures of the image, replacing existing ones.
func Attach(ctx context.Context, repository oras.Target, image digest.Digest, signatures ...Signature) error {
	manifest := ocispec.Manifest{Versioned: specs.Versioned{SchemaVersion: 2}, MediaType: ocispec.MediaTypeImageManifest}
	// To the registry, this is an image whose layers are the payloads.
	config := ocispec.Image{RootFS: ocispec.RootFS{Type: "layers"}}
	for _, s := range signatures {
		layer, err := oras.PushBytes(ctx, repository, payloadMediaType, s.Payload)
		if err != nil {
			return fmt.Errorf("push the payload: %w", err)
		}
		layer.Annotations = map[string]string{signatureAnnotation: base64.StdEncoding.EncodeToString(s.Signature)}
		manifest.Layers = append(manifest.Layers, layer)
		config.RootFS.DiffIDs = append(config.RootFS.DiffIDs, layer.Digest)
	}
	content, err := json.Marshal(config)
	if err != nil {
		return err
	}
	if manifest.Config, err = oras.PushBytes(ctx, repository, ocispec.MediaTypeImageConfig, content); err != nil {
		return fmt.Errorf("push the signature's configuration: %w", err)
	}
	if content, err = json.Marshal(manifest); err != nil {
		return err
	}
	if _, err = oras.TagBytes(ctx, repository, manifest.MediaType, content, Tag(image)); err != nil {
		return fmt.Errorf("push the signature: %w", err)
	}
	return nil
}
