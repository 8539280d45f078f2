// Package app_test checks the import rules of the application.
package app_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

const module = "github.com/vaultsphere/vaultsphere/"

type goPackage struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func list(t *testing.T, env []string, patterns ...string) []goPackage {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-e", "-json=ImportPath,Imports,Deps"}, patterns...)...)
	cmd.Env = append(cmd.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatalf("no package matches %v", patterns)
	}
	return packages
}

// A server without code to decrypt records cannot be made to decrypt one by mistake.
func TestServerSideNeverReachesTheClientCore(t *testing.T) {
	for _, p := range list(t, nil, "./server/...", "./vault/...", "./store/...", "./cmd/vaultsphered") {
		if forTests(p.ImportPath) { // such as the tests of all stores, whose vaults are real ones
			continue
		}
		for _, room := range []string{"seal", "item", "client", "transfer", "protocol/bridge"} {
			if slices.ContainsFunc(p.Deps, func(dep string) bool { return strings.HasPrefix(dep+"/", module+"app/"+room+"/") }) {
				t.Errorf("%s reaches app/%s", p.ImportPath, room)
			}
		}
	}
}

func TestApplicationNeverReachesCDK(t *testing.T) {
	for _, p := range list(t, nil, "./...") {
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, "github.com/aws/aws-cdk-go") || strings.HasPrefix(dep, "github.com/aws/jsii") ||
				strings.HasPrefix(dep, module+"infra") {
				t.Errorf("%s reaches %s", p.ImportPath, dep)
			}
		}
	}
}

// The infrastructure only shares names with the application.
func TestInfrastructureReachesOnlyNames(t *testing.T) {
	for _, p := range list(t, nil, "../infra/...") {
		for _, dep := range p.Deps {
			if strings.HasPrefix(dep, module+"app/") && dep != module+"app/names" {
				t.Errorf("%s reaches %s", p.ImportPath, dep)
			}
		}
	}
}

// forTests reports whether a package is for tests alone.
func forTests(path string) bool {
	return strings.HasPrefix(path, module+"internal/testenv") || path == module+"app/seal/internal/sealtest" || path == module+"app/store/storetest"
}

// Shipped programs must not contain the testing package or a test server.
func TestOnlyTestsReachTheTestEnvironment(t *testing.T) {
	all := list(t, []string{"GOFLAGS=-tags=system,integration"}, "../...")
	all = append(all, list(t, []string{"GOOS=js", "GOARCH=wasm"}, "./...")...)
	for _, p := range all {
		if forTests(p.ImportPath) || p.ImportPath == module+"bench" { // it measures real servers
			continue
		}
		for _, dep := range p.Deps {
			if forTests(dep) {
				t.Errorf("%s reaches %s", p.ImportPath, dep)
			}
		}
	}
}

// Each vendor's formats can be understood without the others: they only depend on the engine.
func TestVendorsOfTransferAreApart(t *testing.T) {
	const transfer = module + "app/transfer/"
	for _, p := range list(t, nil, "./transfer/...") {
		for _, dep := range p.Imports {
			if strings.HasPrefix(p.ImportPath, transfer) && (dep+"/" == transfer ||
				strings.HasPrefix(dep, transfer) && dep != transfer+"source" && dep != transfer+"parcel") {
				t.Errorf("%s imports %s", p.ImportPath, dep)
			}
		}
	}
}

// The signed half of a vault needs no secret. The server runs its rules too.
func TestChainHoldsNoSecrets(t *testing.T) {
	for _, p := range list(t, nil, "./chain") {
		for _, dep := range p.Deps {
			ours := strings.HasPrefix(dep, module+"app/") && !slices.Contains([]string{"chain", "protocol", "names"}, strings.TrimPrefix(dep, module+"app/"))
			if ours || strings.Contains(dep, "fernet") {
				t.Errorf("%s reaches %s", p.ImportPath, dep)
			}
		}
	}
}

func TestPureRoomsDoNoInputOrOutput(t *testing.T) {
	pure := []string{"./chain", "./seal/...", "./item", "./transfer/...", "./generate", "./strength", "./health",
		"./client/replica", "./client/outbox", "./client/imports", "./client/directory", "./client/members"}
	for _, p := range list(t, nil, pure...) {
		if forTests(p.ImportPath) {
			continue
		}
		for _, dep := range p.Imports {
			if slices.Contains([]string{"os", "log", "log/slog", "net"}, dep) || strings.HasPrefix(dep, "net/") && dep != "net/url" && dep != "net/netip" {
				t.Errorf("%s imports %s", p.ImportPath, dep)
			}
		}
	}
}

// Each of these would add 0.1 to 1 MB to the page's first load. crypto/hpke and crypto/ecdh have the curves of NIST.
func TestBrowserCoreStaysSmall(t *testing.T) {
	for _, p := range list(t, []string{"GOOS=js", "GOARCH=wasm"}, "./cmd/vaultsphere-wasm") {
		for _, heavy := range []string{
			"net/http", "crypto/tls", "crypto/hpke", "crypto/ecdh", module + "app/strength", module + "app/generate", module + "app/transfer",
			module + "app/transfer/source", "image", "github.com/pquerna/otp",
		} {
			if slices.Contains(p.Deps, heavy) {
				t.Errorf("%s links %s", p.ImportPath, heavy)
			}
		}
	}
}
