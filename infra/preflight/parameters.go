package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/infra/release"
)

// deployment returns the deployment of the stack.
func (c *check) deployment() names.Deployment {
	if strings.HasPrefix(c.name, names.Staging.Name(names.StackPrefix)) {
		return names.Staging
	}
	return ""
}

// sessionSecret returns the name of the secret's SSM parameter.
func (c *check) sessionSecret() string {
	return c.deployment().Name(names.ParameterPath) + names.EnvSessionSecret
}

// parameter is an SSM parameter.
type parameter struct {
	kind  types.ParameterType
	value string // "" for a SecureString
}

func (p parameter) secure() bool { return p.kind == types.ParameterTypeSecureString }

// getParameters returns the parameters that exist. It does not decrypt, so it never sees a secret.
func getParameters(ctx context.Context, client *ssm.Client, wanted []string) (map[string]parameter, error) {
	const limit = 10 // API reference of GetParameters
	found := map[string]parameter{}
	for names := range slices.Chunk(wanted, limit) {
		answer, err := client.GetParameters(ctx, &ssm.GetParametersInput{Names: names})
		if err != nil {
			return nil, fmt.Errorf("get SSM parameters: %w", err)
		}
		for _, p := range answer.Parameters {
			live := parameter{kind: p.Type}
			if !live.secure() {
				live.value = aws.ToString(p.Value)
			}
			found[aws.ToString(p.Name)] = live
		}
	}
	return found, nil
}

// parameterNames returns the SSM parameters that the stack creates or reads.
func (c *check) parameterNames() []string {
	wanted := map[string]bool{}
	for _, id := range c.template.ofType("AWS::SSM::Parameter") {
		if name, ok := literalName(c.template.Resources[id]); ok {
			wanted[name] = true
		}
	}
	for id := range c.template.Parameters {
		if path := c.parameterPath(id); path != "" {
			wanted[path] = true
		}
	}
	if c.hasService() {
		wanted[c.sessionSecret()] = true
	}
	return slices.Sorted(maps.Keys(wanted))
}

// parameterPath returns the SSM parameter behind a parameter of the template, or "".
func (c *check) parameterPath(id string) string {
	if !strings.HasPrefix(c.template.Parameters[id].Type, "AWS::SSM::Parameter::Value<") {
		return ""
	}
	if c.live != nil && strings.HasPrefix(c.live.previous[id], "/") {
		return c.live.previous[id]
	}
	path, _ := c.template.Parameters[id].Default.(string)
	return path
}

// setParameters sets the parameters of the new template to their values in this deploy.
func (c *check) setParameters() {
	c.scope.parameters = map[string]string{}
	for id := range c.template.Parameters {
		if value, ok := c.parameterValue(id); ok {
			c.scope.parameters[id] = value
		}
	}
}

func (c *check) parameterValue(id string) (value string, ok bool) {
	if path := c.parameterPath(id); path != "" {
		live, ok := c.parameters[path]
		return live.value, ok && !live.secure()
	}
	if id == release.Parameter && c.release != "" {
		return c.release, true
	}
	if c.live != nil {
		if previous, ok := c.live.previous[id]; ok {
			return previous, true
		}
	}
	return c.scope.text(c.template.Parameters[id].Default)
}

func (c *check) checkParameters(ctx context.Context) error {
	var found []error
	for _, id := range c.template.ofType("AWS::SSM::Parameter") {
		if name, ok := literalName(c.template.Resources[id]); ok {
			found = append(found, c.checkParameter(ctx, id, name))
		}
	}
	return errors.Join(found...)
}

func (c *check) checkParameter(ctx context.Context, id, name string) error {
	live, exists := c.parameters[name]
	owned := c.live != nil && c.live.resources[id] == name
	ours, known := c.scope.text(c.template.Resources[id].Properties["Value"])
	if owned {
		return c.checkByHand(id, name, live, exists)
	}
	if !exists {
		return nil
	}
	err := c.checkOwner(ctx, id, "SSM parameter", name)
	if !errors.Is(err, errUnowned) {
		return err
	}
	remove := "delete it with " + c.command("ssm delete-parameter --name "+name)
	exist := fmt.Sprintf("SSM parameter %s already exists outside stack %s", name, c.name)
	switch {
	case live.secure():
		return fmt.Errorf("%s, as a SecureString: if nothing needs it, %s", exist, remove)
	case known && live.value != ours:
		return fmt.Errorf("%s, with the value %q, but this deploy would set %q: decide on one of them, and %s", exist, live.value, ours, remove)
	case c.template.Resources[id].retained():
		return fmt.Errorf("%s, with the value %q: %s", exist, live.value, c.adopt())
	case !known:
		return fmt.Errorf("%s, with the value %q: %s", exist, live.value, remove)
	}
	return fmt.Errorf("%s, with the value %q that this deploy would set: %s, and the deploy creates it again", exist, ours, remove)
}

// checkByHand compares a parameter of the stack with its value in the last deploy. CloudFormation does not notice such a difference: it
// would overwrite the value if the template changed, and otherwise leave it.
func (c *check) checkByHand(id, name string, live parameter, exists bool) error {
	last, known := c.live.scope.text(c.live.scope.template.Resources[id].Properties["Value"])
	next, nextKnown := c.scope.text(c.template.Resources[id].Properties["Value"])
	put := c.command(fmt.Sprintf("ssm put-parameter --overwrite --type String --name %s --value %q", name, last))
	switch {
	case !exists && known:
		put = c.command(fmt.Sprintf("ssm put-parameter --type String --name %s --value %q", name, last))
		return fmt.Errorf("SSM parameter %s of stack %s was deleted by hand, and no deploy would create it again: restore it with %s", name, c.name, put)
	case !exists:
		return fmt.Errorf("SSM parameter %s of stack %s was deleted by hand, and no deploy would create it again: restore it", name, c.name)
	case live.secure():
		return fmt.Errorf("SSM parameter %s of stack %s was changed to a SecureString by hand: "+
			"delete it, and create a String with that name", name, c.name)
	case !known || live.value == last || nextKnown && live.value == next:
		return nil
	}
	return fmt.Errorf("SSM parameter %s of stack %s was changed by hand from %q to %q: restore it with %s, or set %[4]q in the configuration of the deploy",
		name, c.name, last, live.value, put)
}
