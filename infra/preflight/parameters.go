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

// deployment is the one that the stack is part of.
func (c *check) deployment() names.Deployment {
	if strings.HasPrefix(c.name, names.Staging.Name(names.StackPrefix)) {
		return names.Staging
	}
	return ""
}

// sessionSecret is the parameter of the secret.
func (c *check) sessionSecret() string {
	return c.deployment().Name(names.ParameterPath) + names.EnvSessionSecret
}

// parameter is one of SSM.
type parameter struct {
	kind  types.ParameterType
	value string // "" when it is a SecureString
}

func (p parameter) secure() bool { return p.kind == types.ParameterTypeSecureString }

// getParameters returns those of the parameters that exist. It asks for no decryption, so a secret never gets here.
func getParameters(ctx context.Context, client *ssm.Client, wanted []string) (map[string]parameter, error) {
	const most = 10 // API reference of GetParameters
	found := map[string]parameter{}
	for names := range slices.Chunk(wanted, most) {
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

// parameterNames returns the SSM parameters that this stack makes or is made from.
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

// parameterPath returns the SSM parameter that CloudFormation reads a parameter of the template from, or "".
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

// takeParameters gives the new template's parameters the values that this deploy will give them.
func (c *check) takeParameters() {
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
	there := fmt.Sprintf("SSM parameter %s already exists outside stack %s", name, c.name)
	switch {
	case live.secure():
		return fmt.Errorf("%s, as a SecureString: if nothing needs it, %s", there, remove)
	case known && live.value != ours:
		return fmt.Errorf("%s, with value %q where this deploy would set %q: settle on one of them, and %s", there, live.value, ours, remove)
	case c.template.Resources[id].retained():
		return fmt.Errorf("%s, with value %q: %s", there, live.value, c.adopt())
	case !known:
		return fmt.Errorf("%s, with value %q: %s", there, live.value, remove)
	}
	return fmt.Errorf("%s, with the value %q that this deploy would give it: %s, and the deploy makes it again", there, ours, remove)
}

// checkByHand compares a parameter of the stack with what the last deploy made of it. CloudFormation sees no such
// difference: it would leave the value when the template has not changed, and overwrite it when it has.
func (c *check) checkByHand(id, name string, live parameter, exists bool) error {
	last, known := c.live.scope.text(c.live.scope.template.Resources[id].Properties["Value"])
	next, nextKnown := c.scope.text(c.template.Resources[id].Properties["Value"])
	put := c.command(fmt.Sprintf("ssm put-parameter --overwrite --type String --name %s --value %q", name, last))
	switch {
	case !exists && known:
		put = c.command(fmt.Sprintf("ssm put-parameter --type String --name %s --value %q", name, last))
		return fmt.Errorf("SSM parameter %s of stack %s was deleted by hand, and no deploy makes it again: put it back with %s", name, c.name, put)
	case !exists:
		return fmt.Errorf("SSM parameter %s of stack %s was deleted by hand, and no deploy makes it again: put it back", name, c.name)
	case live.secure():
		return fmt.Errorf("SSM parameter %s of stack %s was made a SecureString by hand: "+
			"delete it and put a String of that name in its place", name, c.name)
	case !known || live.value == last || nextKnown && live.value == next:
		return nil
	}
	return fmt.Errorf("SSM parameter %s of stack %s was changed by hand from %q to %q: put it back with %s, or make %[4]q the value in the configuration of the deploy",
		name, c.name, last, live.value, put)
}
