package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// optionsFile holds the options of the platform. It is under version control, so everyone who deploys a commit deploys the same
// platform.
const optionsFile = "platform.json"

// optionsFileOf returns the name of a deployment's options file.
func optionsFileOf(d names.Deployment) string {
	if d == "" {
		return optionsFile
	}
	return strings.Replace(optionsFile, ".", "."+string(d)+".", 1)
}

// readOptions reads an options file: a JSON object without duplicate names.
func readOptions(path string) (map[string]any, error) {
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s is missing: it holds the platform's options; write {} to use the defaults", path)
	case err != nil:
		return nil, fmt.Errorf("read the options: %w", err)
	}
	values, err := decodeOptions(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return values, nil
}

func decodeOptions(content []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	invalid := func(err error) error {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		line := 1 + bytes.Count(content[:min(int(decoder.InputOffset()), len(content))], []byte("\n"))
		return fmt.Errorf("line %d: invalid JSON: %w", line, err)
	}
	token, err := decoder.Token()
	if err != nil {
		return nil, invalid(err)
	}
	if token != json.Delim('{') {
		return nil, errors.New("must be a JSON object, such as {\"siteAddress\": \"vault.example.org\"}")
	}
	values := map[string]any{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, invalid(err)
		}
		key := name.(string) // the decoder accepts no other key
		if _, duplicate := values[key]; duplicate {
			return nil, fmt.Errorf("%s is set twice", key)
		}
		var value any
		if err := decoder.Decode(&value); err != nil {
			return nil, invalid(fmt.Errorf("%s: %w", key, err))
		}
		values[key] = value
	}
	if _, err := decoder.Token(); err != nil {
		return nil, invalid(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("has content after the JSON object")
	}
	return values, nil
}
