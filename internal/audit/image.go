package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// ownModule is also in the SBOM, but no database knows it.
const ownModule = "github.com/vaultsphere/vaultsphere"

func runImage(ctx context.Context, flags *flag.FlagSet, args []string, _ io.Writer) error {
	service := flags.String("osv", "https://api.osv.dev", "`URL` of the OSV service")
	file := flags.String("sbom", "", "SPDX `file` to check instead of the image's SBOM")
	list, err := parseWithAccepted(flags, args, 1)
	if err != nil {
		return err
	}
	var documents map[string][]json.RawMessage
	if *file != "" {
		documents, err = fileSBOM(*file)
	} else {
		documents, err = imageSBOMs(ctx, flags.Arg(0))
	}
	if err != nil {
		return err
	}
	var all []component
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		more, err := serverComponents(documents[name])
		if err != nil {
			return fmt.Errorf("the SBOM of %s: %w", name, err)
		}
		all = append(all, more...)
	}
	slices.SortFunc(all, func(a, b component) int { return cmp.Compare(a.String(), b.String()) })
	found, err := (&osv{url: strings.TrimSuffix(*service, "/")}).vulnerabilities(ctx, slices.Compact(all))
	if err != nil {
		return fmt.Errorf("ask %s: %w", *service, err)
	}
	return judge("image", found, list)
}

func fileSBOM(path string) (map[string][]json.RawMessage, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// For an image in a directory, BuildKit writes a statement whose predicate is the document.
	var statement struct{ Predicate json.RawMessage }
	if json.Unmarshal(content, &statement) == nil && len(statement.Predicate) > 0 {
		content = statement.Predicate
	}
	return map[string][]json.RawMessage{path: {content}}, nil
}

// inspection asks buildx for the SBOMs, and for the images that must have one, because it omits platforms without an SBOM.
const inspection = `{"SBOM": {{json .SBOM}}, "Image": {{json .Image}}}`

// imageSBOMs returns the SBOM of each platform of a pushed image. The default is the image in image.json, which make push writes.
func imageSBOMs(ctx context.Context, image string) (map[string][]json.RawMessage, error) {
	if image == "" {
		content, err := os.ReadFile("image.json")
		if err != nil {
			return nil, fmt.Errorf("no image is given: name it, or run make push, which writes image.json: %w", err)
		}
		var pushed struct{ Image string }
		if err := json.Unmarshal(content, &pushed); err != nil || pushed.Image == "" {
			return nil, errors.New("image.json names no image: run make push again")
		}
		image = pushed.Image
	}
	if strings.HasPrefix(image, "-") {
		return nil, fmt.Errorf("%q is not the name of an image", image)
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "docker", "buildx", "imagetools", "inspect", image, "--format", inspection)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("cannot read the SBOM of %s: %w: %s", image, err, lastLine(stderr.String()))
	}
	return attested(stdout.Bytes(), image)
}

// attestation has the SBOM of one platform, as buildx prints it.
type attestation struct {
	SPDX            json.RawMessage
	AdditionalSPDXs []json.RawMessage // of the image's build stages, if the build requests them
}

// attested parses the output of buildx. An image for one platform has one SBOM, an image for several has one per platform.
func attested(answer []byte, image string) (map[string][]json.RawMessage, error) {
	var inspected struct {
		SBOM  json.RawMessage
		Image map[string]json.RawMessage
	}
	err := json.Unmarshal(answer, &inspected)
	if err == nil && len(inspected.Image) == 0 {
		err = errors.New("buildx found no image")
	}
	var each map[string]attestation
	if _, single := inspected.Image["architecture"]; err == nil && single {
		var one attestation
		err = json.Unmarshal(inspected.SBOM, &one)
		each, inspected.Image = map[string]attestation{"its platform": one}, map[string]json.RawMessage{"its platform": nil}
	} else if err == nil {
		err = json.Unmarshal(inspected.SBOM, &each)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the SBOM of %s: %w", image, err)
	}
	documents := map[string][]json.RawMessage{}
	for _, platform := range slices.Sorted(maps.Keys(inspected.Image)) {
		a := each[platform]
		if len(a.SPDX) == 0 {
			return nil, fmt.Errorf("%s has no SBOM for %s: push it with a builder that creates one (scripts/push-image.sh --help)", image, platform)
		}
		documents[image+" for "+platform] = append([]json.RawMessage{a.SPDX}, a.AdditionalSPDXs...)
	}
	return documents, nil
}

// component identifies a package to OSV: by ecosystem and name, or by its package URL.
type component struct{ ecosystem, name, version, purl string }

func (c component) String() string { return cmp.Or(c.purl, c.ecosystem+"/"+c.name+"@"+c.version) }

// serverComponents reads the documents of an image. It rejects documents that cannot describe our server, because finding nothing
// in them would prove nothing.
func serverComponents(documents []json.RawMessage) ([]component, error) {
	var all []component
	for _, document := range documents {
		found, err := components(document)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if !slices.ContainsFunc(all, func(c component) bool { return c.ecosystem == "Go" && c.name == "stdlib" }) {
		return nil, errors.New("it does not list Go's standard library, which every build of the server contains")
	}
	return all, nil
}

// components reads an SPDX document.
func components(document []byte) ([]component, error) {
	var spdx struct {
		SPDXVersion string
		Packages    []struct {
			Name         string
			ExternalRefs []struct{ ReferenceType, ReferenceLocator string }
		}
	}
	if err := json.Unmarshal(document, &spdx); err != nil {
		return nil, fmt.Errorf("malformed: %w", err)
	}
	if !strings.HasPrefix(spdx.SPDXVersion, "SPDX-2.") {
		return nil, fmt.Errorf("its spdxVersion is %q, not SPDX-2.…", spdx.SPDXVersion)
	}
	var found []component
	for _, p := range spdx.Packages {
		for _, ref := range p.ExternalRefs {
			if ref.ReferenceType != "purl" {
				continue
			}
			c, err := fromPURL(ref.ReferenceLocator, p.Name)
			switch {
			case err != nil:
				return nil, fmt.Errorf("package %q: %w", p.Name, err)
			case strings.EqualFold(c.name, ownModule):
			case c.version == "":
				return nil, fmt.Errorf("package %q: %s has no version, so it cannot be looked up", p.Name, ref.ReferenceLocator)
			default:
				found = append(found, c)
			}
		}
	}
	return found, nil
}

// fromPURL parses a package URL (https://github.com/package-url/purl-spec). spelled is the package's name in the document: the URL
// of a Go module is in lower case, but OSV distinguishes case.
func fromPURL(purl, spelled string) (component, error) {
	rest, ok := strings.CutPrefix(purl, "pkg:")
	if !ok {
		return component{}, fmt.Errorf("%q is not a package URL", purl)
	}
	rest, _, _ = strings.Cut(rest, "#")
	rest, _, _ = strings.Cut(rest, "?")
	kind, rest, ok := strings.Cut(strings.Trim(rest, "/"), "/")
	name, version, _ := strings.Cut(rest, "@")
	if at := strings.LastIndexByte(rest, '@'); at > 0 {
		name, version = rest[:at], rest[at+1:]
	}
	name, err := url.PathUnescape(name)
	if err == nil {
		version, err = url.PathUnescape(version)
	}
	if err != nil || !ok || kind == "" || name == "" {
		return component{}, fmt.Errorf("%q is not a package URL", purl)
	}
	if !strings.EqualFold(kind, "golang") {
		return component{name: name, version: version, purl: purl}, nil
	}
	if strings.EqualFold(spelled, name) {
		name = spelled
	}
	version = strings.TrimPrefix(strings.TrimPrefix(version, "go"), "v")
	if version == "(devel)" || version == "UNKNOWN" {
		version = ""
	}
	return component{ecosystem: "Go", name: name, version: version}, nil
}
