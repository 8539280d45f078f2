// Package environ gives a test binary the environment of a plain shell on this machine.
//
// Importing it is enough: before any test runs, every variable that is not on the list below leaves the environment of this
// process, and so that of every process it starts. What configures a build, such as Jenkins's ARGS or make's MAKEFLAGS, and
// what leads to somebody's account, such as AWS_PROFILE, therefore changes no test. A test that needs such a variable sets
// it, and what is meant for the tests has a name that begins with VAULTSPHERE_TEST_.
package environ

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// kept are the variables that say where things are on this machine, and nothing about what to build or deploy.
var kept = []string{
	"HOME", "USER", "LOGNAME", "PATH", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
	"GOCACHE", "GOENV", "GOMODCACHE", "GOPATH", "GOROOT", "GOTOOLCHAIN",
	"GOINSECURE", "GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOPROXY", "GOSUMDB",
	"JAVA_HOME", "CHROMIUM", "FIREFOX", "PYENV_ROOT",
	// Where "go test -cover" has a test binary's children write what they executed.
	"GOCOVERDIR",
	// The engine that runs on this machine; Jenkins has one at an address of its own.
	"DOCKER_HOST",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE",
	"PIP_CERT", "PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL",
	"PIP_TRUSTED_HOST", "NPM_CONFIG_CACHE", "NPM_CONFIG_REGISTRY", "NPM_CONFIG_USERCONFIG", "npm_config_cache",
	"npm_config_registry", "npm_config_userconfig", "MAVEN_ARGS", "MAVEN_OPTS",
	// Some processors need it for a correct result.
	"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE",
}

const (
	forTests = "VAULTSPHERE_TEST_"
	// marker tells a test binary that another one started it, with variables meant for it.
	// It begins with no word that a program of ours takes for a setting.
	marker = "TESTENV_ENVIRON"
)

// Child is the entry of an environment that is made for a test binary, entry by entry: the binary then takes all of it.
const Child = marker + "=child"

func init() {
	if os.Getenv(marker) != "" || startedByItself() {
		return
	}
	environment := Clean(os.Environ())
	os.Clearenv()
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		if err := os.Setenv(name, value); err != nil {
			panic(err) // the name came from an environment
		}
	}
}

// startedByItself tells whether the parent is the same test binary, which has chosen this environment for a purpose. Without
// the variable that says which, the child would run all tests again, and they would start children again. Where there is no
// /proc, Child has to say it.
func startedByItself() bool {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return false
	}
	parent, err := os.Readlink("/proc/" + strconv.Itoa(os.Getppid()) + "/exe")
	return err == nil && parent == self
}

// Clean returns the entries of environment that say where things are on this machine, and one locale for everybody.
func Clean(environment []string) []string {
	var clean []string
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(kept, name) || strings.HasPrefix(name, forTests) {
			clean = append(clean, entry)
		}
	}
	return append(clean, "LANG=C.UTF-8", marker+"=clean")
}

// Outside returns an environment as a person or Jenkins would have it: variables on top of the machine's own, and nothing
// that makes a test binary take them as meant for it.
func Outside(variables ...string) []string {
	environment := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, marker+"=") })
	return append(environment, variables...)
}
