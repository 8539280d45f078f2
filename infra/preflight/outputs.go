package preflight

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
)

// Outputs returns the current outputs of the deployed stacks of the assembly in dir, in the format of "cdk deploy --outputs-file".
func Outputs(ctx context.Context, dir string) (string, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return "", fmt.Errorf("read the AWS configuration: %w", err)
	}
	all, err := readAssembly(dir, cfg.Region)
	if err != nil {
		return "", err
	}
	who, err := identify(ctx, cfg, all[0].region)
	if err != nil {
		return "", err
	}
	if err := checkAccounts(all, who); err != nil {
		return "", problems(err, who)
	}
	found := map[string]map[string]string{}
	for _, s := range all {
		described, err := describeStack(ctx, clientsFor(cfg, s.region).cloudformation, s.name)
		if err != nil {
			return "", problems(err, who)
		}
		if described == nil {
			continue
		}
		outputs := map[string]string{}
		for _, o := range described.Outputs {
			outputs[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
		}
		found[s.name] = outputs
	}
	text, err := json.MarshalIndent(found, "", "  ")
	return string(text), err
}
