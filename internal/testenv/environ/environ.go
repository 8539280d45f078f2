// Package environ gives a test binary the environment of a plain shell on this machine.
//
// Importing it is enough: before any test runs, it removes all variables that are not on the list below from the environment of this
// process and its children. Variables that configure a build, such as Jenkins's ARGS or make's MAKEFLAGS, or that lead to a real
// account, such as AWS_PROFILE, therefore do not affect tests. A test that needs such a variable sets it. Variables for the tests
// begin with VAULTSPHERE_TEST_.
package environ

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// machineVariables lists the variables that describe this machine, but not what to build or deploy.
var machineVariables = []string{
	"HOME", "USER", "LOGNAME", "PATH", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
	"GOCACHE", "GOENV", "GOMODCACHE", "GOPATH", "GOROOT", "GOTOOLCHAIN",
	"GOINSECURE", "GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOPROXY", "GOSUMDB",
	"JAVA_HOME", "CHROMIUM", "FIREFOX", "PYENV_ROOT",
	// The directory for coverage data of a test binary's children, from "go test -cover".
	"GOCOVERDIR",
	// The address of the machine's engine, which is another one on Jenkins's agents.
	"DOCKER_HOST",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE",
	"PIP_CERT", "PIP_CONFIG_FILE", "PIP_DEFAULT_TIMEOUT", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_INDEX_URL",
	"PIP_TRUSTED_HOST", "NPM_CONFIG_CACHE", "NPM_CONFIG_REGISTRY", "NPM_CONFIG_USERCONFIG", "npm_config_cache",
	"npm_config_registry", "npm_config_userconfig", "MAVEN_ARGS", "MAVEN_OPTS",
	// Some processors need this for correct results.
	"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE",
}

const (
	forTests = "VAULTSPHERE_TEST_"
	// marker tells a test binary that another one has started it with an intentional environment.
	// Its prefix is not used by settings of our programs.
	marker = "TESTENV_ENVIRON"
)

// Child marks an environment that is intended for a test binary: the binary then keeps all of it.
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

// startedByItself reports whether the parent is the same test binary, which has chosen this environment on purpose. If init removed
// its variables, the child would run all tests again and start more children. Without /proc, the environment must contain Child.
func startedByItself() bool {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return false
	}
	parent, err := os.Readlink("/proc/" + strconv.Itoa(os.Getppid()) + "/exe")
	return err == nil && parent == self
}

// Clean returns the variables of environment that describe this machine, with a fixed locale.
func Clean(environment []string) []string {
	var clean []string
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(machineVariables, name) || strings.HasPrefix(name, forTests) {
			clean = append(clean, entry)
		}
	}
	return append(clean, "LANG=C.UTF-8", marker+"=clean")
}

// Outside returns the environment of a developer or of Jenkins: the machine's environment with additional variables, without a
// marker that would make a test binary keep them.
func Outside(variables ...string) []string {
	environment := slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, marker+"=") })
	return append(environment, variables...)
}
