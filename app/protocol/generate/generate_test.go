package main

import (
	"bytes"
	"go/ast"
	"go/constant"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

const root = "../../.."

func TestGeneratedFilesAreCurrent(t *testing.T) {
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if have, err := os.ReadFile(filepath.Join(root, name)); err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s is outdated: run go generate ./app/protocol (%v)", name, err)
		}
	}
	var checkedIn []string
	for _, pattern := range []string{"app/protocol/bridge/*/*.gen.go", "app/web/src/core/*.gen.ts"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		checkedIn = append(checkedIn, found...)
	}
	for _, path := range checkedIn {
		if name, _ := filepath.Rel(root, path); files[filepath.ToSlash(name)] == nil {
			t.Errorf("%s is no longer generated", name)
		}
	}
}

// The worker passes the error codes of transfer.wasm to the page, which takes their type from package files.
func TestFileCodesMatchPackageTransfer(t *testing.T) {
	s, err := load(root, "transfer/source", "protocol/bridge/files")
	if err != nil {
		t.Fatal(err)
	}
	var given, known []string
	for _, f := range s.packages["transfer/source"].Syntax {
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); ok && name.Name == "failure" {
				given = append(given, call.Args[0].(*ast.BasicLit).Value)
			}
			return true
		})
	}
	for _, c := range s.enums["files.Code"] {
		known = append(known, c.value.ExactString())
	}
	slices.Sort(given)
	slices.Sort(known)
	if given = slices.Compact(given); !slices.Equal(given, known) {
		t.Errorf("app/transfer/source returns %v, the bridge declares %v", given, known)
	}
}

// The page has a text for each finding, and each rule of an item's field becomes a finding.
func TestEveryRuleOfAFieldIsAFinding(t *testing.T) {
	s, err := load(root, "item", "protocol/bridge")
	if err != nil {
		t.Fatal(err)
	}
	findings := map[string]bool{}
	for _, c := range s.enums["bridge.FindingCode"] {
		findings[constant.StringVal(c.value)] = true
	}
	rules := s.enums["item.Rule"]
	if len(rules) == 0 {
		t.Fatal("no rules were found")
	}
	for _, rule := range rules {
		if code := "field_" + constant.StringVal(rule.value); !findings[code] {
			t.Errorf("there is no finding %s", code)
		}
	}
}

func TestWireNames(t *testing.T) {
	for name, want := range map[string][2]string{
		"Lock": {"lock", "lock"}, "ScanQR": {"scan_qr", "scanQr"}, "TOTPBegin": {"totp_begin", "totpBegin"}, "MaxTOTPBytes": {"max_totp_bytes", "maxTotpBytes"},
	} {
		if got := [2]string{snake(name), camel(name)}; got != want {
			t.Errorf("%s becomes %v, want %v", name, got, want)
		}
	}
}

func TestLongLinesAreWrapped(t *testing.T) {
	words := slices.Repeat([]string{"sometimes"}, 40)
	for _, text := range []string{
		tsDoc("  ", strings.Join(words, " ")), wrapped("export type Long =", words, " |", ";\n"), wrapped("export const long = (", words, ",", ") =>"),
	} {
		for line := range strings.Lines(text) {
			if len(strings.TrimSuffix(line, "\n")) > lineWidth {
				t.Errorf("%d characters: %s", len(line), line)
			}
		}
		if strings.Count(text, "sometimes") != len(words) {
			t.Errorf("words are missing in %s", text)
		}
	}
}
