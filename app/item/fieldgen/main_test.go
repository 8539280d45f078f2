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
		t.Error("a../web/src/screens/items/fields.gen.ts is not what the tables say: run go generate ./app/item")
	}
}
