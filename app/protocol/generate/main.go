// Command generate generates code from the protocol's Go packages: the page's TypeScript types, calls and constants, the
// dispatch functions of the WebAssembly modules, and the OpenAPI document.
package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	root := flag.String("root", ".", "root of the repository")
	flag.Parse()
	if err := run(*root); err != nil {
		fmt.Fprintf(os.Stderr, "generate: error: %v\n", err)
		os.Exit(1)
	}
}

func run(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(root, name), files[name], 0o644); err != nil { //nolint:gosec // source code, readable by all
			return err
		}
	}
	return nil
}

// constants are the Go constants that the page uses.
var constants = []string{
	"item.MaxTitle", "item.MaxTag", "item.MaxName", "item.MaxAttachmentBytes", "transfer.MaxFileBytes",
	"protocol.MaxUsernameRunes",
}

// generate returns the generated files, keyed by path relative to root.
func generate(root string) (map[string][]byte, error) {
	s, err := load(root, "protocol", "client", "client/directory", "client/imports", "client/replica", "generate", "health", "item", "seal", "transfer", "transfer/parcel", "transfer/source",
		"protocol/bridge", "protocol/bridge/core", "protocol/bridge/files", "protocol/bridge/worker")
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, iface := range map[string]string{"core": "core.Core", "files": "files.Files"} {
		if files["app/protocol/bridge/"+name+"/call.gen.go"], err = s.dispatch(iface); err != nil {
			return nil, err
		}
	}
	if files["app/protocol/openapi.json"], err = s.openapi(); err != nil {
		return nil, err
	}
	protocol, calls, err := s.page()
	files["app/web/src/core/protocol.gen.ts"] = []byte(protocol)
	files["app/web/src/core/api.gen.ts"] = []byte(calls)
	return files, err
}

// page generates the page's files: the types that it shares with its worker, and its calls.
func (s *source) page() (protocol, calls string, err error) {
	t := newTypeScript(s)
	var text strings.Builder
	var names []string
	for _, iface := range []string{"core.Core", "worker.Worker", "files.Files"} {
		methods, err := s.methods(iface)
		if err != nil {
			return "", "", err
		}
		_, name, _ := strings.Cut(iface, ".")
		names = append(names, union(name+"Method", methods))
		for _, m := range methods {
			call, err := t.call(m) // for every method, because it also declares the types
			if err != nil {
				return "", "", fmt.Errorf("%s.%s: %w", iface, m.name, err)
			}
			if m.iface != "ForWorker" && m.iface != "Files" {
				text.WriteString("\n" + call)
			}
		}
	}
	// What the page asks the server itself has no call.
	for _, root := range []string{"bridge.Failure", "bridge.Progress", "protocol.AuditResponse"} {
		if _, err := t.root(root); err != nil {
			return "", "", err
		}
	}
	var limits strings.Builder
	for _, name := range constants {
		value, err := s.constant(name)
		if err != nil {
			return "", "", err
		}
		_, short, _ := strings.Cut(name, ".")
		fmt.Fprintf(&limits, "%sexport const %s = %s;\n", tsDoc("", s.docs[name].text()), strings.ToUpper(snake(short)), value.ExactString())
	}
	protocol = fmt.Sprintf("%s\n%s\n%s%s", generatedBy, limits.String(), strings.Join(names, "\n"), t.declarations())
	calls = fmt.Sprintf("%simport { call, callForBytes, callForFile, type Answer, type Bytes, type Tell } from \"./host\";\nimport type {\n%s} from \"./protocol.gen\";\n\nexport type Nothing = Record<string, never>;\n%s",
		generatedBy, t.used(text.String()), text.String())
	return protocol, calls, nil
}
