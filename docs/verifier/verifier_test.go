//go:build system

// Package verifier_test runs the second implementation of sealed format 2, which is written in Python.
package verifier_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

const vectors = "../../app/seal/testdata/vectors.json"

// verify returns what open_vault.py says about a file.
func verify(t *testing.T, file string) (string, error) {
	t.Helper()
	tool, err := exec.CommandContext(t.Context(), "../../scripts/python-tool.sh", "path", "verifier").Output()
	if err != nil {
		t.Fatalf("%v: scripts/python-tool.sh install verifier", err)
	}
	python := filepath.Join(filepath.Dir(strings.TrimSpace(string(tool))), "python")
	out, err := exec.CommandContext(t.Context(), python, "open_vault.py", file).CombinedOutput()
	return string(out), err
}

func TestPythonOpensTheVaultOfTheVectors(t *testing.T) {
	t.Parallel()
	if out, err := verify(t, vectors); err != nil || !strings.Contains(out, "4 records and 2 chunks opened, 14 tokens refused") {
		t.Errorf("%v: %s", err, out)
	}
}

// The verifier must not accept a vault of which a part was changed.
func TestPythonRefusesChangedVectors(t *testing.T) {
	t.Parallel()
	for part, message := range map[string]string{
		"wraps": "key does not open the token", "identity": "key does not open the token", "previous": "key does not open the token",
		"records": "key does not open the token", "envelope": "key does not open the token", "epochs": "commitment", "cards": "signature",
		"refused_plaintexts": "was not refused",
	} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(vectors)
			if err != nil {
				t.Fatal(err)
			}
			var v map[string]any
			if err := json.Unmarshal(content, &v); err != nil {
				t.Fatal(err)
			}
			v["passwords"] = v["passwords"].([]any)[:1] // the others are costly
			change(v, part)
			if content, err = json.Marshal(v); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "vectors.json")
			if err := os.WriteFile(file, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := verify(t, file); err == nil || !strings.Contains(out, "open_vault.py: error: ") || !strings.Contains(out, message) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// change alters one part of the vectors.
func change(v map[string]any, part string) {
	object, isObject := v[part].(map[string]any)
	if !isObject {
		object = v[part].([]any)[0].(map[string]any)
	}
	field := map[string]string{"epochs": "commitment", "cards": "card", "envelope": "envelope"}[part]
	if field == "" {
		field = "token"
	}
	text := object[field].(string)
	at := len(text) / 2
	to := "A"
	if text[at] == 'A' {
		to = "B"
	}
	switch part {
	case "refused_plaintexts": // a valid token in the place of one that must be refused
		text = v["wraps"].([]any)[0].(map[string]any)["token"].(string)
	case "cards", "epochs", "envelope": // hex
		if to = "1"; text[at] == '1' {
			to = "2"
		}
		fallthrough
	default:
		text = text[:at] + to + text[at+1:]
	}
	object[field] = text
}
