// Package release manages the release of the ECS service of topology fargate: it reports the current image, changes it, and explains
// failures.
package release

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/app/names"
)

// Parameter is the template parameter with the digest of the image to run.
const Parameter = "Release"

// DigestPattern is a regular expression that matches a digest.
const DigestPattern = "sha256:[0-9a-f]{64}"

var (
	digestForm = regexp.MustCompile(`^` + DigestPattern + `$`)
	// imageForm matches REGISTRY/REPOSITORY with :TAG, @DIGEST, or both.
	imageForm = regexp.MustCompile(`^[^/]+/([^:@]+)(?::([^@]+))?(?:@(` + DigestPattern + `))?$`)
)

// IsDigest reports whether s is a digest, sha256:….
func IsDigest(s string) bool { return digestForm.MatchString(s) }

// parameterOf returns the SSM parameter with the digest of a deployment's release. Rollouts on a host write it too, so one topology can
// take over from the other.
func parameterOf(d names.Deployment) string { return d.Name(names.ParameterPath) + names.Release }

// The circuit breaker gives up after at least three tasks, and each may take minutes to fail.
const (
	deployTimeout = 30 * time.Minute
	pollInterval  = 5 * time.Second
)

// Service is an ECS service.
type Service struct {
	ecs           *ecs.Client
	ecr           *ecr.Client
	ssm           *ssm.Client
	deployment    names.Deployment
	cluster, name string
	pollInterval  time.Duration
}

// ServiceOf returns the service of a deployment by its ARN, arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME. cfg must have the same
// region.
func ServiceOf(cfg aws.Config, d names.Deployment, serviceARN string) (*Service, error) {
	parsed, err := arn.Parse(serviceARN)
	parts := strings.Split(parsed.Resource, "/")
	if err != nil || len(parts) != 3 || parts[0] != "service" {
		return nil, fmt.Errorf("%q is not the ARN of an ECS service", serviceARN)
	}
	return &Service{
		ecs: ecs.NewFromConfig(cfg), ecr: ecr.NewFromConfig(cfg), ssm: ssm.NewFromConfig(cfg),
		deployment: d, cluster: parts[1], name: parts[2], pollInterval: pollInterval,
	}, nil
}

// Digest returns the digest of the image that the service runs or is changing to.
func (s *Service) Digest(ctx context.Context) (string, error) {
	_, digest, err := s.serving(ctx)
	return digest, err
}

// Recorded returns the digest that the last release of a deployment recorded, or "".
func Recorded(ctx context.Context, client *ssm.Client, d names.Deployment) (string, error) {
	parameter := parameterOf(d)
	answer, err := client.GetParameters(ctx, &ssm.GetParametersInput{Names: []string{parameter}})
	if err != nil {
		return "", fmt.Errorf("read %s: %w", parameter, err)
	}
	if len(answer.Parameters) == 0 {
		return "", nil
	}
	digest := aws.ToString(answer.Parameters[0].Value)
	if !IsDigest(digest) {
		return "", fmt.Errorf("SSM parameter %s is %q, which is not the digest of an image: delete it", parameter, digest)
	}
	return digest, nil
}

// Run switches the service to the newest task definition with the digest, waits until it serves, and records it. It does not change a
// service that already runs the digest.
func (s *Service) Run(ctx context.Context, digest string) error {
	live, current, err := s.serving(ctx)
	if err != nil {
		return err
	}
	if current != digest {
		var changed string
		if live, changed, err = s.changeToFirst(ctx, live, []string{digest}); err != nil {
			return err
		}
		if changed == "" {
			return fmt.Errorf("no task definition of the service has %s: run make release", digest)
		}
	}
	return s.finish(ctx, live, digest)
}

// Back switches the service to the previous release and returns its digest. A second call undoes the first.
func (s *Service) Back(ctx context.Context) (string, error) {
	live, current, err := s.serving(ctx)
	if err != nil {
		return "", err
	}
	released, err := s.released(ctx)
	if err != nil {
		return "", err
	}
	previous := slices.DeleteFunc(released, func(digest string) bool { return digest == current })
	live, digest, err := s.changeToFirst(ctx, live, previous)
	if err != nil {
		return "", err
	}
	if digest == "" {
		return "", fmt.Errorf("there is no release before %s", current)
	}
	return digest, s.finish(ctx, live, digest)
}

// Failure returns why tasks with the digest stopped, or "". ECS forgets stopped tasks after an hour.
func (s *Service) Failure(ctx context.Context, digest string) (string, error) {
	return s.stopped(ctx, func(t types.Task) bool {
		return slices.ContainsFunc(t.Containers, func(c types.Container) bool {
			return strings.HasSuffix(aws.ToString(c.Image), "@"+digest)
		})
	})
}

// serving returns the service and the digest that it runs.
func (s *Service) serving(ctx context.Context) (*types.Service, string, error) {
	live, err := s.describe(ctx)
	if err != nil {
		return nil, "", err
	}
	digest, err := s.digestOf(ctx, aws.ToString(live.TaskDefinition))
	return live, digest, err
}

func (s *Service) describe(ctx context.Context) (*types.Service, error) {
	answer, err := s.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &s.cluster, Services: []string{s.name}})
	if err != nil {
		return nil, fmt.Errorf("describe ECS service %s: %w", s.name, err)
	}
	if len(answer.Services) != 1 || aws.ToString(answer.Services[0].Status) != "ACTIVE" {
		return nil, fmt.Errorf("the ECS service %s does not exist: run make deploy", s.name)
	}
	return &answer.Services[0], nil
}

// digestOf returns the digest of the image in a task definition. It looks up tags, which are immutable except latest, and no release
// uses that.
func (s *Service) digestOf(ctx context.Context, definition string) (string, error) {
	answer, err := s.ecs.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &definition})
	if err != nil {
		return "", fmt.Errorf("describe task definition %s: %w", definition, err)
	}
	var image string
	for _, c := range answer.TaskDefinition.ContainerDefinitions {
		image = aws.ToString(c.Image)
	}
	m := imageForm.FindStringSubmatch(image)
	switch {
	case m == nil || m[2] == "" && m[3] == "":
		return "", fmt.Errorf("task definition %s has the image %q, which is not REGISTRY/NAME@DIGEST", definition, image)
	case m[3] != "":
		return m[3], nil
	}
	found, err := s.ecr.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: &m[1], ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: &m[2]}},
	})
	if err != nil {
		return "", fmt.Errorf("look up the digest of %s, which the service runs: %w", image, err)
	}
	return aws.ToString(found.ImageDetails[0].ImageDigest), nil
}

// released returns the digests of all releases, newest first, without duplicates.
func (s *Service) released(ctx context.Context) ([]string, error) {
	var all []string
	parameter := parameterOf(s.deployment)
	pages := ssm.NewGetParameterHistoryPaginator(s.ssm, &ssm.GetParameterHistoryInput{Name: aws.String(parameter)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if _, missing := errors.AsType[*ssmtypes.ParameterNotFound](err); missing {
			return nil, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the history of %s: %w", parameter, err)
		}
		for _, p := range page.Parameters {
			digest := aws.ToString(p.Value)
			all = slices.DeleteFunc(all, func(d string) bool { return d == digest })
			all = append(all, digest)
		}
	}
	slices.Reverse(all)
	return all, nil
}

// changeToFirst starts a deployment of the first digest that has a task definition, and returns that digest, or "". A release that only
// a host has served has no task definition.
func (s *Service) changeToFirst(ctx context.Context, live *types.Service, digests []string) (*types.Service, string, error) {
	revisions, err := s.revisions(ctx, aws.ToString(live.TaskDefinition))
	if err != nil {
		return nil, "", err
	}
	digestByDefinition := map[string]string{}
	for _, wanted := range digests {
		for _, definition := range revisions {
			if _, ok := digestByDefinition[definition]; !ok {
				if digestByDefinition[definition], err = s.digestOf(ctx, definition); err != nil {
					return nil, "", err
				}
			}
			if digestByDefinition[definition] == wanted {
				live, err = s.change(ctx, live, definition)
				return live, wanted, err
			}
		}
	}
	return live, "", nil
}

// revisions returns the active task definitions of the same family, newest first.
func (s *Service) revisions(ctx context.Context, of string) ([]string, error) {
	family, _, err := revisionOf(of)
	if err != nil {
		return nil, err
	}
	var all []string
	pages := ecs.NewListTaskDefinitionsPaginator(s.ecs, &ecs.ListTaskDefinitionsInput{
		FamilyPrefix: &family, Status: types.TaskDefinitionStatusActive,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the task definitions of %s: %w", family, err)
		}
		all = append(all, page.TaskDefinitionArns...)
	}
	slices.SortFunc(all, func(a, b string) int {
		_, m, _ := revisionOf(a)
		_, n, _ := revisionOf(b)
		return cmp.Compare(n, m)
	})
	return all, nil
}

// revisionOf parses …:task-definition/FAMILY:REVISION.
func revisionOf(definition string) (family string, revision int, err error) {
	_, word, _ := strings.Cut(definition, ":task-definition/")
	family, number, _ := strings.Cut(word, ":")
	if revision, err = strconv.Atoi(number); err != nil || family == "" {
		return "", 0, fmt.Errorf("%q is not the ARN of a task definition", definition)
	}
	return family, revision, nil
}

// change starts a deployment of another task definition.
func (s *Service) change(ctx context.Context, live *types.Service, definition string) (*types.Service, error) {
	for _, d := range live.Deployments {
		if d.RolloutState == types.DeploymentRolloutStateInProgress {
			return nil, fmt.Errorf("the service is changing to %s: wait until that has finished", lastPart(aws.ToString(d.TaskDefinition)))
		}
	}
	answer, err := s.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: &s.cluster, Service: &s.name, TaskDefinition: &definition})
	if err != nil {
		return nil, fmt.Errorf("update ECS service %s: %w", s.name, err)
	}
	return answer.Service, nil
}

// finish waits until the current deployment of the service has finished, and records its digest.
func (s *Service) finish(ctx context.Context, live *types.Service, digest string) error {
	ours := primary(live)
	ctx, cancel := context.WithTimeout(ctx, deployTimeout)
	defer cancel()
	for {
		switch now := deployment(live, ours.Id); {
		case now.RolloutState == types.DeploymentRolloutStateCompleted:
			return s.record(ctx, digest)
		case now.RolloutState == types.DeploymentRolloutStateFailed, aws.ToString(now.Status) != "PRIMARY":
			return s.failed(ctx, live, now, digest)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the service is still changing to %s after %s: see its events in the ECS console", digest, deployTimeout)
		case <-time.After(s.pollInterval):
		}
		var err error
		if live, err = s.describe(ctx); err != nil {
			return err
		}
	}
}

func primary(live *types.Service) types.Deployment {
	for _, d := range live.Deployments {
		if aws.ToString(d.Status) == "PRIMARY" {
			return d
		}
	}
	return types.Deployment{}
}

// deployment returns the deployment with an id. If ECS no longer lists it, only the id is set.
func deployment(live *types.Service, id *string) types.Deployment {
	for _, d := range live.Deployments {
		if aws.ToString(d.Id) == aws.ToString(id) {
			return d
		}
	}
	return types.Deployment{Id: id}
}

// failed returns why a deployment failed.
func (s *Service) failed(ctx context.Context, live *types.Service, d types.Deployment, digest string) error {
	why, err := s.stopped(ctx, func(t types.Task) bool { return aws.ToString(t.StartedBy) == aws.ToString(d.Id) })
	if err != nil {
		return err
	}
	if why == "" && d.RolloutState != types.DeploymentRolloutStateFailed {
		return fmt.Errorf("another deployment changed the service to %s before %s served", lastPart(aws.ToString(live.TaskDefinition)), digest)
	}
	return fmt.Errorf("%s does not serve, and the previous tasks keep serving: %s", digest, cmp.Or(why, aws.ToString(d.RolloutStateReason)))
}

// stopped returns why the tasks that match stopped: each reason with its tasks.
func (s *Service) stopped(ctx context.Context, match func(types.Task) bool) (string, error) {
	listed, err := s.ecs.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &s.cluster, ServiceName: &s.name, DesiredStatus: types.DesiredStatusStopped})
	if err != nil {
		return "", fmt.Errorf("list the stopped tasks: %w", err)
	}
	if len(listed.TaskArns) == 0 {
		return "", nil
	}
	answer, err := s.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &s.cluster, Tasks: listed.TaskArns})
	if err != nil {
		return "", fmt.Errorf("describe the stopped tasks: %w", err)
	}
	var reasons []string
	tasks := map[string][]string{}
	for _, t := range answer.Tasks {
		reason := reasonOf(t)
		if !match(t) || reason == "" {
			continue
		}
		if tasks[reason] == nil {
			reasons = append(reasons, reason)
		}
		tasks[reason] = append(tasks[reason], lastPart(aws.ToString(t.TaskArn)))
	}
	for i, reason := range reasons {
		slices.Sort(tasks[reason])
		reasons[i] = "task " + strings.Join(tasks[reason], ", ") + " stopped: " + reason
	}
	return strings.Join(reasons, "; "), nil
}

// reasonOf returns why a task stopped, or "" if the service scaled it in.
func reasonOf(t types.Task) string {
	reason := aws.ToString(t.StoppedReason)
	if strings.HasPrefix(reason, "Scaling activity initiated by") {
		return ""
	}
	for _, c := range t.Containers {
		switch {
		case c.Reason != nil:
			reason += ": " + *c.Reason
		case aws.ToInt32(c.ExitCode) != 0:
			reason += fmt.Sprintf(" with exit status %d", *c.ExitCode)
		}
	}
	return strings.Join(strings.Fields(reason), " ")
}

func (s *Service) record(ctx context.Context, digest string) error {
	if recorded, err := Recorded(ctx, s.ssm, s.deployment); err != nil || recorded == digest {
		return err
	}
	parameter := parameterOf(s.deployment)
	_, err := s.ssm.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(parameter), Value: &digest, Type: ssmtypes.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("%s serves, but %s cannot be written: %w", digest, parameter, err)
	}
	return nil
}

func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
