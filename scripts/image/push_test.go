//go:build integration

package image_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/executables"
	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
	"github.com/vaultsphere/vaultsphere/internal/testenv/registry"
	"github.com/vaultsphere/vaultsphere/internal/testenv/signing"
)

const noAttestations = "push-image.sh: the builder default belongs to the engine: the image gets neither SBOM nor provenance\n"

// pushEnvironment returns the environment for a push to an emulated AWS with the engine's builder, which needs no BuildKit image.
func pushEnvironment(t testing.TB, more ...string) []string {
	t.Helper()
	docker, cloud := environment(t), emulator.Env(t)
	var env []string
	for _, entry := range append(slices.Clone(docker), cloud...) {
		// Drop variables that one of the two removes.
		if !slices.Contains(os.Environ(), entry) || slices.Contains(docker, entry) && slices.Contains(cloud, entry) {
			env = append(env, entry)
		}
	}
	aws := run(t, root, nil, "scripts/python-tool.sh", "path", "aws")
	env = append(env, "AWS_MAX_ATTEMPTS=1", "PATH="+filepath.Dir(aws)+":"+os.Getenv("PATH"),
		"BUILDER=default", "PLATFORMS=linux/"+runtime.GOARCH, "IMAGE=", "VERSION=")
	return append(env, more...)
}

// push returns the exit status and stderr. The script must not print to stdout.
func push(t testing.TB, dir string, env []string, args ...string) (status int, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("scripts/push-image.sh", args...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, &stdout, &stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	if stdout.Len() > 0 {
		t.Errorf("stdout has %q", &stdout)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}

// startRegistry returns the address of an empty registry.
func startRegistry(t testing.TB) string {
	t.Helper()
	port, err := loopback.FreePort(t.Context())
	must(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	registry.Serve(t, address, t.TempDir())
	return address
}

// digest returns the registry's digest of a tag of the image, or "".
func digest(t testing.TB, image, tag string) string {
	t.Helper()
	address, name, _ := strings.Cut(image, "/")
	req, err := http.NewRequest(http.MethodHead, "http://"+address+"/v2/"+name+"/manifests/"+tag, nil)
	must(t, err)
	for _, kind := range []string{"docker.distribution.manifest.v2", "docker.distribution.manifest.list.v2", "oci.image.manifest.v1", "oci.image.index.v1"} {
		req.Header.Add("Accept", "application/vnd."+kind+"+json")
	}
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	res.Body.Close()
	return res.Header.Get("Docker-Content-Digest")
}

type pushed struct{ Image, Tag string }

func readPushed(t testing.TB, dir string) (p pushed) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "image.json"))
	must(t, err)
	must(t, json.Unmarshal(b, &p))
	return p
}

// succeeds checks that the push succeeds, and returns image.json.
func succeeds(t testing.TB, dir string, env []string, image, before string) pushed {
	t.Helper()
	status, said := push(t, dir, env)
	if status != 0 {
		t.Fatalf("exit %d: %s", status, said)
	}
	p := readPushed(t, dir)
	if want := run(t, dir, env, "git", "rev-parse", "HEAD")[:12]; p.Tag != want {
		t.Errorf("image.json has tag %s, want %s", p.Tag, want)
	}
	if want := before + "push-image.sh: " + p.Image + " is " + p.Tag + " and latest\n"; said != want {
		t.Errorf("it prints %q, want %q", said, want)
	}
	for _, tag := range []string{p.Tag, "latest"} {
		if got := image + "@" + digest(t, image, tag); got != p.Image {
			t.Errorf("the registry has %s for %s, image.json %s", got, tag, p.Image)
		}
	}
	if said, err := hostAccepts(t, env, p.Image); err != nil {
		t.Errorf("hosts would not start it: %v: %s", err, said)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "image.json?*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	return p
}

// hostAccepts verifies an image as a new host does.
func hostAccepts(t testing.TB, env []string, image string) (said string, err error) {
	t.Helper()
	env = append(slices.Clone(env), "HOME_DIRECTORY="+t.TempDir(), "SIGNING_KEY="+names.SigningKey)
	const verify = "infra/host/verify-release.sh"
	run(t, root, env, verify, "--fetch-key")
	return output(root, env, verify, image)
}

// newAccount empties the account and creates the signing key, which a deploy would create.
func newAccount(t *testing.T) {
	t.Helper()
	emulator.Reset(t)
	signing.NewSigningKey(t, emulator.Config(t))
}

// withoutSigning returns a setting that leads to an AWS that returns the public key but refuses to sign.
func withoutSigning(t testing.TB) string {
	t.Helper()
	to, err := url.Parse(emulator.Endpoint(t))
	must(t, err)
	forward := proxy.To(to)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Amz-Target") == "TrentService.Sign" {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"__type":"AccessDeniedException","message":"you may not"}`)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return "AWS_ENDPOINT_URL_KMS=" + server.URL
}

// signature returns the digest of an image's signature in the registry, or "".
func signature(t testing.TB, image string) string {
	t.Helper()
	name, hex, _ := strings.Cut(image, "@sha256:")
	return digest(t, name, "sha256-"+hex+".sig")
}

func TestPush(t *testing.T) {
	env, dir := pushEnvironment(t), checkout(t)
	image := startRegistry(t) + "/" + names.Repository
	newAccount(t)
	at := append(env, "IMAGE="+image)

	first := succeeds(t, dir, at, image, noAttestations)
	commit := run(t, dir, env, "git", "rev-parse", "HEAD")
	remove(t, env, "image", "rm", "--force", image+":"+first.Tag)
	var answer struct {
		Repositories []struct {
			ImageTagMutability         string
			ImageScanningConfiguration struct{ ScanOnPush bool }
			EncryptionConfiguration    struct{ EncryptionType string }
		}
	}
	must(t, json.Unmarshal([]byte(run(t, dir, env, "aws", "ecr", "describe-repositories", "--repository-names", names.Repository)), &answer))
	if r := answer.Repositories[0]; r.ImageTagMutability != "IMMUTABLE_WITH_EXCLUSION" || !r.ImageScanningConfiguration.ScanOnPush ||
		r.EncryptionConfiguration.EncryptionType != "KMS" {
		t.Errorf("the repository is %+v", r)
	}

	t.Run("the digest can be pulled", func(t *testing.T) {
		run(t, dir, env, "docker", "image", "rm", "--force", image+":"+first.Tag)
		run(t, dir, env, "docker", "pull", "--quiet", first.Image)
		remove(t, env, "image", "rm", "--force", first.Image)
		label := `{{index .Config.Labels "org.opencontainers.image.revision"}}`
		if got := run(t, dir, env, "docker", "image", "inspect", "--format", label, first.Image); got != commit {
			t.Errorf("its commit is %s, want %s", got, commit)
		}
		if got := run(t, dir, env, "docker", "run", "--rm", "--network", "none", first.Image, "version"); got != versionOf(t, dir) {
			t.Errorf("its version is %s, want %s", got, versionOf(t, dir))
		}
	})
	// The base images that a build would need do not exist.
	nothing := append(slices.Clone(env), "GO_IMAGE=127.0.0.1:1/nothing", "NODE_IMAGE=127.0.0.1:1/nothing", "BUILDER=")
	t.Run("the same commit is neither built nor signed again", func(t *testing.T) {
		must(t, os.Remove(filepath.Join(dir, "image.json")))
		before := signature(t, first.Image)
		if again := succeeds(t, dir, append(nothing, "IMAGE="+image, withoutSigning(t)), image, ""); again != first {
			t.Errorf("it is %v, want %v", again, first)
		}
		if after := signature(t, first.Image); before == "" || after != before {
			t.Errorf("the signature changed from %s to %s", before, after)
		}
	})
	run(t, dir, env, "git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "--allow-empty", "--message", "next")
	t.Run("a build that fails changes nothing", func(t *testing.T) {
		status, said := push(t, dir, append(nothing, "IMAGE="+image, "BUILDER=default"))
		lines := strings.Split(strings.TrimSpace(said), "\n")
		if last := lines[len(lines)-1]; status != 1 || !strings.HasPrefix(last, "push-image.sh: error: cannot build and push "+image+":") {
			t.Errorf("exit %d: %s", status, said)
		}
		if readPushed(t, dir) != first || image+"@"+digest(t, image, "latest") != first.Image {
			t.Error("image.json or latest has changed")
		}
	})
	t.Run("an image that someone else pushed is not signed", func(t *testing.T) {
		tag := run(t, dir, env, "git", "rev-parse", "HEAD")[:12]
		run(t, dir, env, "docker", "buildx", "imagetools", "create", "--tag", image+":"+tag, first.Image) // an index of it
		status, said := push(t, dir, at)
		want := "push-image.sh: error: " + image + ":" + tag + " exists but cannot be trusted: " +
			image + "@" + digest(t, image, tag) + " is not signed: delete that tag, or create another commit\n"
		if status != 1 || said != want {
			t.Errorf("exit %d: %s", status, said)
		}
		if got := signature(t, image+"@"+digest(t, image, tag)); got != "" {
			t.Errorf("it is signed: %s", got)
		}
		if readPushed(t, dir) != first || image+"@"+digest(t, image, "latest") != first.Image {
			t.Error("image.json or latest has changed")
		}
	})
	run(t, dir, env, "git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "--allow-empty", "--message", "one more")
	t.Run("another commit is another image", func(t *testing.T) {
		outputs := fmt.Sprintf(`{"PasswordManager-Data": {"RepositoryUri": %q}}`, image)
		must(t, os.WriteFile(filepath.Join(dir, "cdk-outputs.json"), []byte(outputs), 0o600))
		next := succeeds(t, dir, env, image, noAttestations)
		remove(t, env, "image", "rm", "--force", image+":"+next.Tag)
		if next.Image == first.Image || next.Tag == first.Tag {
			t.Errorf("it is %v again", next)
		}
	})
	t.Run("an older commit gets latest back", func(t *testing.T) {
		run(t, dir, env, "git", "checkout", "--quiet", commit)
		if again := succeeds(t, dir, nothing, image, ""); again != first {
			t.Errorf("it is %v, want %v", again, first)
		}
	})
}

func TestPushThatFails(t *testing.T) {
	env, dir := pushEnvironment(t), checkout(t)
	image := startRegistry(t) + "/" + names.Repository
	const before = `{"image": "registry.test/before@sha256:00", "tag": "before"}`
	must(t, os.WriteFile(filepath.Join(dir, "image.json"), []byte(before), 0o600))
	for _, c := range []struct {
		name   string
		env    []string
		files  map[string]string
		args   []string
		status int
		says   string // pattern for the whole line; for the first line if the status is 2
	}{
		{"changes", []string{"IMAGE=" + image}, map[string]string{"Caddyfile": ""}, nil, 1,
			`the checkout differs from commit [0-9a-f]{12}: Caddyfile: commit or remove the changes`},
		{"a new file", []string{"IMAGE=" + image}, map[string]string{"app/new.go": ""}, nil, 1,
			`the checkout differs from commit [0-9a-f]{12}: app/new.go: commit or remove the changes`},
		{"no registry", []string{"IMAGE=127.0.0.1:1/password-manager"}, nil, nil, 1, `cannot sign in to 127\.0\.0\.1:1: .*connection refused`},
		{"no key", []string{"IMAGE=" + image, "AWS_ENDPOINT_URL_KMS=http://127.0.0.1:1"}, nil, nil, 1,
			`signing is impossible, so deploy PasswordManager-Data first: cannot read the public key alias/password-manager-releases: .*`},
		{"no AWS", []string{"IMAGE=" + image, "AWS_ENDPOINT_URL=http://127.0.0.1:1"}, nil, nil, 1,
			`cannot look for the repository password-manager: Could not connect to the endpoint URL: .*`},
		{"no credentials", []string{"IMAGE=" + image, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="}, nil, nil, 1,
			`cannot look for the repository password-manager: .*[Cc]redentials.*`},
		{"no engine", []string{"IMAGE=" + image, "DOCKER_HOST=unix:///nowhere"}, nil, nil, 1, `cannot build and push .*: .*unix:///nowhere.*`},
		{"no platform deployed", nil, nil, nil, 1,
			`nowhere to push to: set IMAGE to REGISTRY/NAME, or deploy PasswordManager-Data, which writes cdk-outputs.json`},
		{"only other stacks", nil, map[string]string{"cdk-outputs.json": `{"PasswordManager-Host": {"RepositoryUri": "registry.test/other"}}`}, nil, 1,
			`nowhere to push to: .*`},
		{"malformed outputs", nil, map[string]string{"cdk-outputs.json": `{`}, nil, 1, `cdk-outputs\.json cannot be read: .*`},
		{"an option", nil, nil, []string{"--force"}, 2, `unknown argument: --force`},
		{"a name", nil, nil, []string{image}, 2, `unknown argument: .*`},
		{"an empty argument and another", nil, nil, []string{"", "x"}, 2, `unknown argument: .*`},
		{"help and another", nil, nil, []string{"--help", "x"}, 2, `unknown argument: .*`},
		{"an image without a registry", []string{"IMAGE=password-manager"}, nil, nil, 2, `IMAGE is 'password-manager', not REGISTRY/NAME without a tag`},
		{"an image on Docker Hub", []string{"IMAGE=team/password-manager"}, nil, nil, 2, `IMAGE is .*`},
		{"a tag", []string{"IMAGE=registry.test/password-manager:1"}, nil, nil, 2, `IMAGE is .*`},
		{"a digest", []string{"IMAGE=registry.test/password-manager@sha256:00"}, nil, nil, 2, `IMAGE is .*`},
		{"quotes", []string{`IMAGE=registry.test/"`}, nil, nil, 2, `IMAGE is .*`},
		{"capitals", []string{"IMAGE=registry.test/Vault"}, nil, nil, 2, `IMAGE is .*`},
		{"another system", []string{"IMAGE=" + image, "PLATFORMS=windows/amd64"}, nil, nil, 2, `PLATFORMS is 'windows/amd64', not such as linux/amd64,linux/arm64`},
		{"spaces", []string{"IMAGE=" + image, "PLATFORMS=linux/amd64 linux/arm64"}, nil, nil, 2, `PLATFORMS is .*`},
	} {
		t.Run(c.name, func(t *testing.T) {
			newAccount(t)
			for name, content := range c.files {
				must(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
			}
			defer func() {
				run(t, dir, env, "git", "checkout", "--quiet", ".")
				for name := range c.files {
					if out := run(t, dir, env, "git", "ls-files", name); out == "" {
						must(t, os.Remove(filepath.Join(dir, name)))
					}
				}
			}()
			status, said := push(t, dir, append(slices.Clone(env), c.env...), c.args...)
			line, rest, _ := strings.Cut(said, "\n")
			if status != c.status || !regexp.MustCompile(`^push-image\.sh: error: `+c.says+`$`).MatchString(line) ||
				rest != "" && (c.status != 2 || !strings.HasPrefix(rest, "Usage: ")) {
				t.Errorf("exit %d, want %d: %s", status, c.status, said)
			}
			if b, err := os.ReadFile(filepath.Join(dir, "image.json")); err != nil || string(b) != before {
				t.Errorf("image.json is %s, %v", b, err)
			}
			if len(c.files) > 0 {
				if got := run(t, dir, env, "aws", "ecr", "describe-repositories", "--query", "repositories", "--output", "text"); got != "" {
					t.Errorf("it created a repository: %s", got)
				}
			}
			if got := digest(t, image, "latest"); got != "" {
				t.Errorf("it pushed %s", got)
			}
		})
	}
}

func TestPushAsksTheRegionOfTheRegistry(t *testing.T) {
	env, dir := pushEnvironment(t), checkout(t)
	emulator.Reset(t)
	// The test must not sign in to a real registry, so docker is a fake.
	bin := t.TempDir()
	must(t, executables.WriteFile(filepath.Join(bin, "docker"), []byte("#!/bin/sh\n[ \"$1\" != login ] || { cat >/dev/null; echo refused >&2; exit 1; }\n"), 0o700))
	aws := run(t, root, nil, "scripts/python-tool.sh", "path", "aws")
	const registry, region = "123456789012.dkr.ecr.eu-central-1.amazonaws.com", "eu-central-1"
	status, said := push(t, dir, append(slices.Clone(env), "IMAGE="+registry+"/password-manager", "PATH="+bin+":"+filepath.Dir(aws)+":"+os.Getenv("PATH")))
	if status != 1 || !strings.HasPrefix(said, "push-image.sh: error: cannot sign in to "+registry+": ") || strings.Count(said, "\n") != 1 {
		t.Errorf("exit %d: %s", status, said)
	}
	run(t, dir, env, "aws", "ecr", "describe-repositories", "--region", region, "--repository-names", "password-manager")
}

func TestReleaseNeedsAPush(t *testing.T) {
	dir := checkout(t)
	if _, err := os.Stat(filepath.Join(dir, "image.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("the checkout has an image.json")
	}
	_, err := output(dir, nil, "make", "release")
	if err == nil || !strings.Contains(err.Error(), "make release: error: there is no image.json, which names the image to release: make push\n") {
		t.Errorf("make release says %v", err)
	}
}

// pushScanner pushes the image that BuildKit creates an SBOM with. It always reports Go and one module, in the format of BuildKit's
// docs/attestations/sbom-protocol.md.
func pushScanner(t testing.TB, env []string, registry string) {
	t.Helper()
	dir, name := t.TempDir(), registry+"/docker/buildkit-syft-scanner:stable-1"
	must(t, os.WriteFile(filepath.Join(dir, "scan"), []byte(`cat >"$BUILDKIT_SCAN_DESTINATION/found.spdx.json" <<'JSON'
{"_type": "https://in-toto.io/Statement/v0.1", "predicateType": "https://spdx.dev/Document", "predicate": {"spdxVersion": "SPDX-2.3", "packages": [
  {"name": "stdlib", "versionInfo": "go1.26.11", "externalRefs": [
    {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:golang/stdlib@1.26.11"}]},
  {"name": "example.org/lib", "versionInfo": "v1.0.0", "externalRefs": [
    {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:golang/example.org/lib@v1.0.0"}]}]}}
JSON
`), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte(`ARG GO_IMAGE
FROM ${GO_IMAGE}
COPY scan /
ENTRYPOINT ["/bin/sh", "/scan"]
`), 0o600))
	run(t, dir, env, "sh", "-c", `docker buildx build --build-arg "GO_IMAGE=$GO_IMAGE" --tag "$0" --push .`, name)
	remove(t, env, "image", "rm", "--force", name)
}

func TestPushOfAllPlatforms(t *testing.T) {
	env, dir, registry := pushEnvironment(t), checkout(t), startRegistry(t)
	image := registry + "/" + names.Repository
	// This test does not need the server, whose build would take minutes.
	must(t, os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY Caddyfile /\n"), 0o600))
	run(t, dir, env, "git", "-c", "user.name=test", "-c", "user.email=test@localhost", "commit", "--quiet", "--all", "--message", "small")
	pushScanner(t, env, registry)
	newAccount(t)
	at := append(env, "IMAGE="+image, "PLATFORMS=", "IMAGE_ARGS=", "BUILDER="+remote(t, env, startBuildKit(t, registry)))
	// An unsigned image gets no tag, and the next push starts over.
	status, said := push(t, dir, append(slices.Clone(at), withoutSigning(t)))
	tag := run(t, dir, env, "git", "rev-parse", "HEAD")[:12]
	want := regexp.MustCompile(`^push-image\.sh: error: cannot sign ` + image + `@sha256:[0-9a-f]{64}: sign with ` + names.SigningKey + `: AccessDeniedException: you may not\n$`)
	if status != 1 || !want.MatchString(said) {
		t.Errorf("a push that cannot sign: exit %d: %s", status, said)
	}
	if _, err := os.Stat(filepath.Join(dir, "image.json")); !errors.Is(err, fs.ErrNotExist) || digest(t, image, tag)+digest(t, image, "latest") != "" {
		t.Errorf("a push that cannot sign leaves an image.json (%v) or a tag behind", err)
	}
	p := succeeds(t, dir, at, image, "")
	for _, platform := range []string{"amd64", "arm64"} {
		// The engine stores a digest for only one platform at a time.
		_, _ = output(dir, env, "docker", "image", "rm", "--force", p.Image)
		run(t, dir, env, "docker", "pull", "--quiet", "--platform", "linux/"+platform, p.Image)
		remove(t, env, "image", "rm", "--force", p.Image)
		if got := run(t, dir, env, "docker", "image", "inspect", "--format", "{{.Architecture}}", p.Image); got != platform {
			t.Errorf("pulled for %s, but it is for %s", platform, got)
		}
		for what, format := range map[string]string{
			"SBOM":       `{{(index .SBOM "linux/` + platform + `").SPDX.spdxVersion}}`,
			"provenance": `{{(index .Provenance "linux/` + platform + `").SLSA.buildConfig.llbDefinition}}`, // only with mode=max
		} {
			if got := run(t, dir, env, "docker", "buildx", "imagetools", "inspect", p.Image, "--format", format); got == "" || strings.Contains(got, "<n") {
				t.Errorf("%s has no %s: %s", platform, what, got)
			}
		}
	}
	// The signature covers the index, which names each platform's image, SBOM and provenance by digest.
	if got := run(t, dir, env, "docker", "buildx", "imagetools", "inspect", "--raw", p.Image); strings.Count(got, "attestation-manifest") != 2 ||
		fmt.Sprintf("%s@sha256:%x", image, sha256.Sum256([]byte(got))) != p.Image {
		t.Errorf("the signature does not cover an index with SBOM and provenance: %s", got)
	}
	for known, want := range map[string]string{"": "", "example.org/lib": "GO-2030-0001 in example.org/lib 1.0.0 (it reads too far): fixed in 1.0.1"} {
		_, err := output(root, env, "go", "run", "./internal/audit", "image", "-osv", vulnerabilities(t, known), p.Image)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("the audit reports %v, want %q", err, want)
		}
	}
}

// vulnerabilities starts an OSV service that knows one vulnerability, of the named Go module.
func vulnerabilities(t testing.TB, module string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/querybatch", func(w http.ResponseWriter, r *http.Request) {
		var request struct {
			Queries []struct{ Package struct{ Name string } }
		}
		if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		results := []any{}
		for _, q := range request.Queries {
			result := map[string]any{}
			if q.Package.Name == module {
				result["vulns"] = []any{map[string]string{"id": "GO-2030-0001"}}
			}
			results = append(results, result)
		}
		must(t, json.NewEncoder(w).Encode(map[string]any{"results": results}))
	})
	mux.HandleFunc("GET /v1/vulns/GO-2030-0001", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"id": "GO-2030-0001", "summary": "it reads too far", "affected": [{
			"package": {"name": "example.org/lib", "ecosystem": "Go"},
			"ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}]}]}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}
