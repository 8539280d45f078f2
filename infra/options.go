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

// optionsFile holds the options of the platform. It is under version control, so that everybody who deploys a commit, the
// pipeline among them, deploys the same.
const optionsFile = "platform.json"

// optionsFileOf is the file of a deployment.
func optionsFileOf(d names.Deployment) string {
	if d == "" {
		return optionsFile
	}
	return strings.Replace(optionsFile, ".", "."+string(d)+".", 1)
}

// readOptions reads the file of options: one JSON object of names and values, each name once.
func readOptions(path string) (map[string]any, error) {
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s is missing: it holds the platform's options, and is {} when there are none", path)
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
		return nil, errors.New("must be one object of options, such as {\"siteAddress\": \"vault.example.org\"}")
	}
	values := map[string]any{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, invalid(err)
		}
		key := name.(string) // of an object
		if _, twice := values[key]; twice {
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
		return nil, errors.New("must end with the object of options")
	}
	return values, nil
}
