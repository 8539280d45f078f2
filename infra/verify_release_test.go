//go:build integration

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/internal/cosign"
	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
	"github.com/vaultsphere/vaultsphere/internal/testenv/loopback"
	"github.com/vaultsphere/vaultsphere/internal/testenv/registry"
	"github.com/vaultsphere/vaultsphere/internal/testenv/signing"
)

// startRegistry returns the repository of releases in an empty registry.
func startRegistry(t *testing.T) string {
	t.Helper()
	port, err := loopback.FreePort(t.Context())
	must(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	registry.Serve(t, address, t.TempDir())
	return address + "/" + names.Repository
}

// fakeLogin replaces the AWS CLI, which takes a second to start.
func (h *host) fakeLogin() {
	must(h.t, os.Remove(filepath.Join(h.bin, "aws")))
	h.write(filepath.Join(h.bin, "aws"), "#!/bin/sh\n[ \"$*\" = 'ecr get-login-password' ] && echo password\n", 0o755)
}

// refuses checks that start-release fails with one sentence, before it calls Docker.
func (h *host) refuses(want string, settings []string, args ...string) {
	h.t.Helper()
	h.write(filepath.Join(h.home, "deploy", "old"), "", 0o644)
	out, code := h.run(settings, args...)
	if code != 1 || !strings.HasPrefix(out, "start-release: error: ") || !strings.Contains(out, want) || strings.Count(out, "\n") != 1 {
		h.t.Errorf("exit %d, want %q: %s", code, want, out)
	}
	if got := h.calls(); got != "" {
		h.t.Errorf("it still called:\n%s", got)
	}
	if _, err := os.Stat(filepath.Join(h.home, "deploy", "old")); err != nil {
		h.t.Errorf("the files of the current release are gone: %v", err)
	}
}

// tampered replaces part of a signed payload.
func tampered(s cosign.Signature, old, replacement string) cosign.Signature {
	return cosign.Signature{Payload: []byte(strings.ReplaceAll(string(s.Payload), old, replacement)), Signature: s.Signature}
}

func TestHostStartsOnlySignedReleases(t *testing.T) {
	repository := startRegistry(t)
	image, other := repository+"@"+testDigest, repository+"@"+noDigest+strings.Repeat("e", 64)
	for name, c := range map[string]struct {
		signatures func(right, wrong signing.Key) []cosign.Signature // nil: the registry has no signature
		refused    string                                            // empty: the release starts
	}{
		"signed":   {func(right, _ signing.Key) []cosign.Signature { return []cosign.Signature{right.Sign(t, image)} }, ""},
		"unsigned": {nil, image + " is not signed"},
		"by another key": {func(_, wrong signing.Key) []cosign.Signature { return []cosign.Signature{wrong.Sign(t, image)} },
			"the signature of " + image + " is not accepted: it is not by the key in "},
		"copied from another release": {func(right, _ signing.Key) []cosign.Signature { return []cosign.Signature{right.Sign(t, other)} },
			"is not accepted: it is for " + noDigest + "eee"},
		"a changed payload": {func(right, _ signing.Key) []cosign.Signature {
			return []cosign.Signature{tampered(right.Sign(t, other), strings.Repeat("e", 64), strings.TrimPrefix(testDigest, noDigest))}
		}, "it is not by the key in "},
		"another type": {func(right, _ signing.Key) []cosign.Signature {
			return []cosign.Signature{right.SignPayload(t, fmt.Appendf(nil, `{"critical":{"image":{"docker-manifest-digest":%q},"type":"other"}}`, testDigest))}
		}, "it is for something else"},
		"the second of two is valid": {func(right, wrong signing.Key) []cosign.Signature {
			return []cosign.Signature{wrong.Sign(t, image), right.Sign(t, image)}
		}, ""},
		"neither of two is valid": {func(right, wrong signing.Key) []cosign.Signature {
			return []cosign.Signature{wrong.Sign(t, image), right.Sign(t, other)}
		}, "it is for " + noDigest + "eee"},
		"an empty signature": {func(signing.Key, signing.Key) []cosign.Signature { return []cosign.Signature{{Payload: []byte("{}")}} },
			"it is not by the key in "},
		"a manifest without signatures": {func(signing.Key, signing.Key) []cosign.Signature { return []cosign.Signature{} }, " is not signed"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			h.fakeLogin()
			must(t, os.RemoveAll(filepath.Join(h.home, "state", "signatures")))
			repository, image, settings := repository, image, []string(nil)
			if c.signatures == nil {
				repository = startRegistry(t)
				image = repository + "@" + testDigest
				c.refused = image + " is not signed"
			} else {
				signing.Attach(t, image, c.signatures(h.key, signing.NewKey(t))...)
			}
			settings = append(settings, "REPOSITORY="+repository)
			if c.refused != "" {
				h.refuses(c.refused, settings, testDigest)
				// An image that is already on the host is refused as well.
				h.write(filepath.Join(h.bin, "image", "pulled"), "", 0o644)
				h.refuses(c.refused, settings, testDigest)
				return
			}
			if out, code := h.run(settings, testDigest); code != 0 {
				t.Fatalf("exit %d: %s", code, out)
			}
			// The stored signature is verified again, without a registry.
			h.write(filepath.Join(h.bin, "aws"), "#!/bin/sh\nexit 1\n", 0o755)
			if out, code := h.run(settings, testDigest); code != 0 {
				t.Errorf("again: exit %d: %s", code, out)
			}
			h.fakeLogin()
			signing.NewKey(t).WritePublic(t, filepath.Join(h.home, "signing-key.pem"))
			must(t, os.Remove(h.log()))
			h.refuses("it is not by the key in ", settings, testDigest)
		})
	}
}

// The signature in internal/cosign/testdata was made by cosign.
func TestHostAcceptsCosignsSignature(t *testing.T) {
	const signed = "sha256:1006ec92c0b9e54f28fa8818f58c716fea911e458fa961d5c69a017ae7496de1"
	read := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join("../internal/cosign/testdata", name))
		must(t, err)
		return content
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/password-manager/manifests/{tag}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("tag") != strings.Replace(signed, ":", "-", 1)+".sig" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(read("manifest.json"))
	})
	mux.HandleFunc("GET /v2/password-manager/blobs/{digest}", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(read("payload.json")) })
	server := httptest.NewServer(mux)
	defer server.Close()
	h := newHost(t)
	h.fakeLogin()
	h.write(filepath.Join(h.home, "signing-key.pem"), string(read("key.pem")), 0o644)
	settings := []string{"REPOSITORY=" + strings.TrimPrefix(server.URL, "http://") + "/password-manager"}
	if out, code := h.run(settings, signed); code != 0 {
		t.Errorf("exit %d: %s", code, out)
	}
	must(t, os.Remove(h.log()))
	h.refuses("@"+noDigest+strings.Repeat("e", 64)+" is not signed", settings, noDigest+strings.Repeat("e", 64))
}

func TestHostRefusesWithoutVerification(t *testing.T) {
	emulator.Reset(t)
	serve := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	layer := `{"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","digest":%q,"annotations":{"dev.cosignproject.cosign/signature":%q}}]}`
	unsigned := noDigest + strings.Repeat("d", 64)
	for name, c := range map[string]struct {
		prepare  func(*host)
		settings []string
		want     string
	}{
		"no key":             {func(h *host) { must(h.t, os.Remove(filepath.Join(h.home, "signing-key.pem"))) }, nil, "there is no public key in "},
		"an invalid key":     {func(h *host) { h.write(filepath.Join(h.home, "signing-key.pem"), "no key\n", 0o644) }, nil, "there is no public key in "},
		"no verify-release":  {func(h *host) { must(h.t, os.Remove(filepath.Join(h.home, "bin", "verify-release"))) }, nil, "bin/verify-release: No such file"},
		"no registry":        {nil, []string{"REPOSITORY=127.0.0.1:1/password-manager"}, "cannot ask 127.0.0.1:1 for the signature of 127.0.0.1:1/password-manager@" + unsigned + ": "},
		"no AWS":             {nil, []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1"}, "cannot sign in to 123456789012.dkr.ecr.us-east-1.amazonaws.com: "},
		"not allowed":        {nil, []string{"REPOSITORY=" + serve(http.StatusForbidden, "{}") + "/password-manager"}, "it answered 403"},
		"a failing registry": {nil, []string{"REPOSITORY=" + serve(http.StatusServiceUnavailable, "") + "/password-manager"}, "it answered 503"},
		"no JSON":            {nil, []string{"REPOSITORY=" + serve(http.StatusOK, "<html>") + "/password-manager"}, " returned an invalid manifest "},
		"no manifest":        {nil, []string{"REPOSITORY=" + serve(http.StatusOK, `["layers"]`) + "/password-manager"}, " returned an invalid manifest "},
		"a huge manifest":    {nil, []string{"REPOSITORY=" + serve(http.StatusOK, strings.Repeat(" ", 1<<20)) + "/password-manager"}, "cannot ask "},
		"a digest that is a path": {nil, []string{"REPOSITORY=" + serve(http.StatusOK, fmt.Sprintf(layer, "../../x", "AAAA")) + "/password-manager"},
			"is not accepted: it cannot be read"},
		"no base64": {nil, []string{"REPOSITORY=" + serve(http.StatusOK, fmt.Sprintf(layer, unsigned, "?")) + "/password-manager"},
			"is not accepted: it cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			if name != "no AWS" {
				h.fakeLogin()
			}
			if c.prepare != nil {
				c.prepare(h)
			}
			h.refuses(c.want, c.settings, unsigned)
		})
	}
}

func TestRollbackNeedsASignature(t *testing.T) {
	unreachable := []string{"REPOSITORY=127.0.0.1:1/password-manager"}
	h := newHost(t)
	h.fakeLogin()
	h.write(filepath.Join(h.home, "deploy", "rollout.sh"), "#!/bin/sh\necho \"$*\"\n", 0o755)
	h.write(filepath.Join(h.home, "state", "previous"), testDigest+"\n", 0o644)
	if out, code := h.run(unreachable, "--back"); code != 0 || out != "--back\n" {
		t.Errorf("exit %d: %s", code, out)
	}
	h.write(filepath.Join(h.home, "state", "previous"), noDigest+strings.Repeat("e", 64)+"\n", 0o644)
	h.refuses("cannot ask 127.0.0.1:1 for the signature of ", unreachable, "--back")
}

// fetchKey runs verify-release --fetch-key on the host.
func (h *host) fetchKey(settings ...string) (string, int) {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), filepath.Join(h.home, "bin", "verify-release"), "--fetch-key")
	cmd.Env = append(append(emulator.Env(h.t), "PATH="+h.bin+":"+os.Getenv("PATH"), "HOME_DIRECTORY="+h.home, "SIGNING_KEY="+names.SigningKey,
		"AWS_MAX_ATTEMPTS=1"), settings...)
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		h.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestHostFetchesItsKeyOnce(t *testing.T) {
	emulator.Reset(t)
	h := newHost(t)
	file := filepath.Join(h.home, "signing-key.pem")
	must(t, os.Remove(file))
	for name, c := range map[string]struct {
		settings []string
		want     string
	}{
		"no key in the account": {nil, "cannot read the public key alias/password-manager-releases: "},
		"no AWS":                {[]string{"AWS_ENDPOINT_URL=http://127.0.0.1:1"}, "cannot read the public key alias/password-manager-releases: "},
		"no name":               {[]string{"SIGNING_KEY="}, "SIGNING_KEY is not set"},
		"no directory":          {[]string{"HOME_DIRECTORY="}, "HOME_DIRECTORY is not set"},
	} {
		if out, code := h.fetchKey(c.settings...); code == 0 || !strings.HasPrefix(out, "verify-release: error: "+c.want) || strings.Count(out, "\n") != 1 {
			t.Errorf("%s: exit %d: %s", name, code, out)
		}
		if left, _ := filepath.Glob(file + "*"); left != nil {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
	signing.NewSigningKey(t, emulator.Config(t))
	if out, code := h.fetchKey(); code != 0 || out != "" {
		t.Fatalf("exit %d: %s", code, out)
	}
	public, err := kms.NewFromConfig(emulator.Config(t)).GetPublicKey(t.Context(), &kms.GetPublicKeyInput{KeyId: aws.String(names.SigningKey)})
	must(t, err)
	first, err := os.ReadFile(file)
	must(t, err)
	if got := string(signing.PEM(public.PublicKey)); got != string(first) {
		t.Errorf("the host trusts\n%s\nbut AWS has\n%s", first, got)
	}
	// A new key with the same alias in the account must not change what the host trusts.
	emulator.Reset(t)
	signing.NewSigningKey(t, emulator.Config(t))
	if out, code := h.fetchKey(); code != 0 || out != "" {
		t.Errorf("again: exit %d: %s", code, out)
	}
	if again, err := os.ReadFile(file); err != nil || string(again) != string(first) {
		t.Errorf("the host now trusts another key: %s, %v", again, err)
	}
}

func TestVerifyReleaseRejectsBadArguments(t *testing.T) {
	for _, args := range [][]string{nil, {"latest"}, {"password-manager@" + testDigest}, {testRepository + ":latest"}, {testRepository + "@sha256:0"}, {"--force"}, {testDigest, testDigest}} {
		cmd := exec.CommandContext(t.Context(), "host/verify-release.sh", args...)
		if out, err := cmd.CombinedOutput(); err == nil || cmd.ProcessState.ExitCode() != 2 || len(out) == 0 {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "host/verify-release.sh", "--help").Output(); err != nil || !strings.HasPrefix(string(out), "Usage: ") {
		t.Errorf("--help: %v: %s", err, out)
	}
}
