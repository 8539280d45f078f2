package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestThePageHasTheListsOfTheTable(t *testing.T) {
	written, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(target)))
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != Generate() {
		t.Error("app/web/src/core/fields.gen.ts is not what the tables say: run go generate ./app/item")
	}
}
