package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestGeneratedFileIsUpToDate(t *testing.T) {
	written, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(target)))
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != Generate() {
		t.Error("app/web/src/screens/items/fields.gen.ts is out of date: run go generate ./app/item")
	}
}
