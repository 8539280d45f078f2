//go:build system

package main

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden templates")

// Golden templates show a reviewer what a change sends to CloudFormation: go test -tags system ./infra -run Golden -update
func TestGoldenTemplates(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(deployments)) {
		t.Run(name, func(t *testing.T) {
			synthesized := synth(t, name).raw
			dir := filepath.Join("testdata", name)
			if *update {
				if err := os.RemoveAll(dir); err != nil {
					t.Fatal(err)
				}
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				for stack, content := range synthesized {
					if err := os.WriteFile(filepath.Join(dir, stack+".json"), []byte(content), 0o644); err != nil {
						t.Fatal(err)
					}
				}
			}
			files, err := filepath.Glob(filepath.Join(dir, "*.json"))
			if err != nil {
				t.Fatal(err)
			}
			if len(files) != len(synthesized) {
				t.Errorf("%d golden templates in %s, but %d stacks", len(files), dir, len(synthesized))
			}
			for stack, content := range synthesized {
				golden, err := os.ReadFile(filepath.Join(dir, stack+".json"))
				if err != nil {
					t.Fatal(err)
				}
				if string(golden) != content {
					t.Errorf("%s differs from its golden template; if that is intended: go test -tags system ./infra -run Golden -update", stack)
				}
			}
		})
	}
}

func TestSynthIsReproducible(t *testing.T) {
	for name, context := range deployments {
		first, second := synth(t, name), newAssembly(t, context, nil)
		if !maps.Equal(first.raw, second.raw) {
			t.Errorf("%s: the second synth differs from the first", name)
		}
	}
}
