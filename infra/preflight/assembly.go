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

// stack is one stack of the assembly, as it is about to be deployed.
type stack struct {
	name               string
	account            string // "" when the assembly fits any account
	region             string
	bootstrapVersion   int
	bootstrapParameter string // "" when the stack needs no bootstrapped account
	executionRole      string // name of the role that CloudFormation deploys with; "" when it is the caller's own
	template           *template
}

// template is as much of a CloudFormation template as the checks look at.
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

// manifest is the cloud assembly schema's manifest.json.
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

// readAssembly returns the stacks in dir by name; there is at least one. A stack that fits any region is for the given one.
func readAssembly(dir, region string) ([]*stack, error) {
	var m manifest
	if err := readJSON(filepath.Join(dir, "manifest.json"), &m); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no cloud assembly: synthesize the app into it first", dir)
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
				return nil, errors.New("no AWS region is chosen: set AWS_REGION")
			}
			if err := readJSON(filepath.Join(dir, a.Properties.TemplateFile), s.template); err != nil {
				return nil, fmt.Errorf("read cloud assembly: %w", err)
			}
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the cloud assembly %s holds no stack: synthesize the app into it again", dir)
	}
	return all, nil
}

// Region is where the stack of the settings in the assembly in dir belongs, and with it the secret.
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

// HostImage is the SSM parameter that names the image of the assembly's host; "" if no parameter does.
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

// hostImageType is the type of a template's parameter that takes the id of an image from SSM.
const hostImageType = "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>"

// parseEnvironment reads aws://ACCOUNT/REGION; what the assembly leaves open is "".
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

// refusalsFile holds what the app itself says against deploying its assembly, a list of sentences.
const refusalsFile = "refusals.json"

// WriteRefusals leaves in the assembly in dir what speaks against deploying it, so that it can be synthesized and compared
// all the same. Run reports each as a problem.
func WriteRefusals(dir string, sentences []string) error {
	content, err := json.Marshal(append([]string{}, sentences...)) // a list, even when it is empty
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, refusalsFile), append(content, '\n'), 0o644) //nolint:gosec // as the CDK's own files beside it
}

// readRefusals returns them as errors. An assembly of another app has none.
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
