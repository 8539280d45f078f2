package preflight

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/vaultsphere/vaultsphere/app/names"
	"github.com/vaultsphere/vaultsphere/infra/release"
)

// checkService checks that the tasks of an ECS service can start. Otherwise the deploy would fail after a long wait.
func (c *check) checkService(ctx context.Context) error {
	if !c.hasService() {
		return nil
	}
	found := []error{c.checkSecret()}
	for _, id := range c.template.ofType("AWS::ECS::TaskDefinition") {
		containers, _ := c.template.Resources[id].Properties["ContainerDefinitions"].([]any)
		for _, container := range containers {
			definition, _ := container.(map[string]any)
			if image, ok := c.scope.text(definition["Image"]); ok {
				found = append(found, c.checkImage(ctx, image))
			}
		}
	}
	return errors.Join(found...)
}

func (c *check) hasService() bool { return len(c.template.ofType("AWS::ECS::TaskDefinition")) > 0 }

// takesRelease reports whether the stack takes its image as a parameter of each deploy.
func (c *check) takesRelease() bool {
	_, ok := c.template.Parameters[release.Parameter]
	return ok
}

// chooseRelease returns the digest for the service: the requested one, or else the digest it runs, so a deploy undoes neither a release
// nor a rollback. Before there is a service, it is the digest that a host serves, or "" if nothing has been released.
func (c *check) chooseRelease(ctx context.Context) (string, error) {
	if c.options.Release != "" {
		return c.options.Release, nil
	}
	if c.live == nil {
		return release.Recorded(ctx, c.clients.ssm, c.deployment())
	}
	services := c.live.scope.template.ofType("AWS::ECS::Service")
	if len(services) == 0 {
		return "", fmt.Errorf("stack %s has no service, so something else deployed it: delete it", c.name)
	}
	service, err := release.ServiceOf(c.clients.config, c.deployment(), c.live.resources[services[0]])
	if err != nil {
		return "", err
	}
	return service.Digest(ctx)
}

func (c *check) checkSecret() error {
	name := c.sessionSecret()
	secret, exists := c.parameters[name]
	switch {
	case !exists && !c.options.Seeding:
		return fmt.Errorf("SSM parameter %s does not exist: create it with 'scripts/seed-secrets.sh --region %s'", name, c.region)
	case exists && !secret.secure():
		return fmt.Errorf("SSM parameter %s is a %s, not a SecureString: delete it with %s and create it again with 'scripts/seed-secrets.sh --region %s'",
			name, secret.kind, c.command("ssm delete-parameter --name "+name), c.region)
	}
	return nil
}

// ecrImage matches REGISTRY/REPOSITORY:TAG or @DIGEST of a registry in ECR.
var ecrImage = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?$`)

// checkImage checks that an image exists in a repository of this assembly. It ignores images from elsewhere, such as assets of the CDK.
func (c *check) checkImage(ctx context.Context, image string) error {
	m := ecrImage.FindStringSubmatch(image)
	if m == nil || m[1] != c.who.account || m[2] != c.region {
		return nil
	}
	repository, tag, digest := m[3], m[4], m[5]
	owner, ours := c.repositories[repository]
	shared := c.deployment() != "" && repository == names.Repository
	if !ours && !shared {
		return nil
	}
	want := types.ImageIdentifier{ImageDigest: &digest}
	if digest == "" {
		tag = cmp.Or(tag, "latest")
		want = types.ImageIdentifier{ImageTag: &tag}
	}
	_, err := c.clients.ecr.DescribeImages(ctx, &ecr.DescribeImagesInput{RepositoryName: &repository, ImageIds: []types.ImageIdentifier{want}})
	switch {
	case hasCode(err, "RepositoryNotFoundException") && shared: // reported by checkShared
		return nil
	case hasCode(err, "RepositoryNotFoundException"):
		return fmt.Errorf("ECR repository %s, from which stack %s needs the image %s, does not exist yet: create it with "+
			"'infra/node_modules/.bin/cdk deploy --app %s %s' and push the image first", repository, c.name, image, c.dir, owner)
	case hasCode(err, "ImageNotFoundException"):
		return fmt.Errorf("the image %s, which stack %s needs, is not in ECR: push the image first", image, c.name)
	case err != nil:
		return fmt.Errorf("look for the image %s: %w", image, err)
	}
	return nil
}

func repositories(all []*stack) map[string]string {
	found := map[string]string{}
	for _, s := range all {
		for _, id := range s.template.ofType("AWS::ECR::Repository") {
			if name, ok := literalName(s.template.Resources[id]); ok {
				found[name] = s.name
			}
		}
	}
	return found
}
