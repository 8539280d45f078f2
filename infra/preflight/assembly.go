package preflight

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// stack is one stack of the assembly.
type stack struct {
	name               string
	account            string // "" if the assembly is not bound to an account
	region             string
	bootstrapVersion   int
	bootstrapParameter string // "" if the stack needs no bootstrap
	executionRole      string // name of the role that CloudFormation assumes; "" if it uses the caller's credentials
	template           *template
}

// template holds the parts of a CloudFormation template that the checks read.
type template struct {
	Parameters map[string]struct {
		Type    string
		Default any
	}
	Mappings  map[string]map[string]map[string]any
	Resources map[string]resource
	Outputs   map[string]struct {
		Value  any
		Export struct{ Name any }
	}
}

type resource struct {
	Type           string
	DeletionPolicy string
	Properties     map[string]any
}

func (r resource) retained() bool {
	return r.DeletionPolicy == "Retain" || r.DeletionPolicy == "RetainExceptOnCreate"
}

// ofType returns the logical ids of the resources of a type, sorted.
func (t *template) ofType(kind string) []string {
	var ids []string
	for id, r := range t.Resources {
		if r.Type == kind {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// manifest is the manifest.json of a cloud assembly.
type manifest struct {
	Artifacts map[string]struct {
		Type        string
		Environment string
		Properties  struct {
			TemplateFile                      string
			StackName                         string
			DirectoryName                     string // of a nested assembly
			RequiresBootstrapStackVersion     int
			BootstrapStackVersionSsmParameter string
			CloudFormationExecutionRoleARN    string
		}
	}
}

// readAssembly returns the stacks in dir, at least one, sorted by name. A stack without a region gets the given one.
func readAssembly(dir, region string) ([]*stack, error) {
	var m manifest
	if err := readJSON(filepath.Join(dir, "manifest.json"), &m); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a cloud assembly: synthesize the app into it first", dir)
	} else if err != nil {
		return nil, fmt.Errorf("read cloud assembly: %w", err)
	}
	var all []*stack
	for _, id := range slices.Sorted(maps.Keys(m.Artifacts)) {
		a := m.Artifacts[id]
		switch a.Type {
		case "cdk:cloud-assembly":
			nested, err := readAssembly(filepath.Join(dir, a.Properties.DirectoryName), region)
			if err != nil {
				return nil, err
			}
			all = append(all, nested...)
		case "aws:cloudformation:stack":
			s := &stack{
				name:               cmp.Or(a.Properties.StackName, id),
				bootstrapVersion:   a.Properties.RequiresBootstrapStackVersion,
				bootstrapParameter: a.Properties.BootstrapStackVersionSsmParameter,
				executionRole:      lastPart(a.Properties.CloudFormationExecutionRoleARN),
				template:           new(template),
			}
			var err error
			if s.account, s.region, err = parseEnvironment(a.Environment); err != nil {
				return nil, fmt.Errorf("read cloud assembly: stack %s: %w", s.name, err)
			}
			if s.region = cmp.Or(s.region, region); s.region == "" {
				return nil, errors.New("no AWS region is set: set AWS_REGION")
			}
			if err := readJSON(filepath.Join(dir, a.Properties.TemplateFile), s.template); err != nil {
				return nil, fmt.Errorf("read cloud assembly: %w", err)
			}
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the cloud assembly %s has no stacks: synthesize the app into it again", dir)
	}
	return all, nil
}

// Region returns the region of the stack with the settings, which is also the region of the secret.
func Region(dir string) (string, error) {
	all, err := readAssembly(dir, "")
	if err != nil {
		return "", err
	}
	for _, s := range all {
		if len(s.template.ofType("AWS::SSM::Parameter")) > 0 {
			return s.region, nil
		}
	}
	return all[0].region, nil
}

// HostImage returns the SSM parameter that names the image of the host, or "".
func HostImage(dir string) (string, error) {
	all, err := readAssembly(dir, "")
	if err != nil {
		return "", err
	}
	for _, s := range all {
		for _, p := range s.template.Parameters {
			if p.Type == hostImageType {
				path, _ := p.Default.(string)
				return path, nil
			}
		}
	}
	return "", nil
}

// hostImageType is the type of a template parameter that reads an image ID from SSM.
const hostImageType = "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"

// parseEnvironment parses aws://ACCOUNT/REGION. An unknown account or region becomes "".
func parseEnvironment(s string) (account, region string, err error) {
	rest, ok := strings.CutPrefix(s, "aws://")
	account, region, slash := strings.Cut(rest, "/")
	if !ok || !slash || account == "" || region == "" {
		return "", "", fmt.Errorf("environment %q is not aws://ACCOUNT/REGION", s)
	}
	if account == "unknown-account" {
		account = ""
	}
	if region == "unknown-region" {
		region = ""
	}
	return account, region, nil
}

// refusalsFile lists the app's own reasons not to deploy its assembly.
const refusalsFile = "refusals.json"

// WriteRefusals adds reasons not to deploy the assembly in dir, which can still be synthesized and compared. Run reports each as a
// problem.
func WriteRefusals(dir string, sentences []string) error {
	content, err := json.Marshal(append([]string{}, sentences...)) // [] in place of null
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, refusalsFile), append(content, '\n'), 0o644) //nolint:gosec // the mode of the CDK's own files
}

// readRefusals returns the reasons of WriteRefusals as an error. The file may be missing.
func readRefusals(dir string) error {
	var sentences []string
	if err := readJSON(filepath.Join(dir, refusalsFile), &sentences); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("read cloud assembly: %w", err)
	}
	found := make([]error, len(sentences))
	for i, sentence := range sentences {
		found[i] = errors.New(sentence)
	}
	return errors.Join(found...)
}

func readJSON(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
