// Package release brings releases to the ECS service of topology fargate: which image it runs, how it comes to run another
// one, and why it does not.
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

// Parameter is the parameter of the service's template that takes the digest of the image to run.
const Parameter = "Release"

// DigestPattern is what a digest looks like, as a regular expression.
const DigestPattern = "sha256:[0-9a-f]{64}"

var (
	digestForm = regexp.MustCompile(`^` + DigestPattern + `$`)
	// imageForm reads REGISTRY/REPOSITORY:TAG, @DIGEST or both.
	imageForm = regexp.MustCompile(`^[^/]+/([^:@]+)(?::([^@]+))?(?:@(` + DigestPattern + `))?$`)
)

// IsDigest tells whether s is sha256:… and nothing else.
func IsDigest(s string) bool { return digestForm.MatchString(s) }

// parameterOf holds the digest of the release that a deployment serves. A rollout on a host writes it too, so that a
// topology takes over what the other one served.
func parameterOf(d names.Deployment) string { return d.Name(names.ParameterPath) + names.Release }

// Waiting for a deployment. The circuit breaker gives up after three tasks or more, each of which may take minutes to fail.
const (
	longest = 30 * time.Minute
	between = 5 * time.Second
)

// Service is one ECS service.
type Service struct {
	ecs           *ecs.Client
	ecr           *ecr.Client
	ssm           *ssm.Client
	deployment    names.Deployment
	cluster, name string
	between       time.Duration
}

// ServiceOf returns the service of a deployment by its ARN, arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME. cfg has to be of
// its region.
func ServiceOf(cfg aws.Config, d names.Deployment, serviceARN string) (*Service, error) {
	parsed, err := arn.Parse(serviceARN)
	parts := strings.Split(parsed.Resource, "/")
	if err != nil || len(parts) != 3 || parts[0] != "service" {
		return nil, fmt.Errorf("%q is no ARN of an ECS service", serviceARN)
	}
	return &Service{
		ecs: ecs.NewFromConfig(cfg), ecr: ecr.NewFromConfig(cfg), ssm: ssm.NewFromConfig(cfg),
		deployment: d, cluster: parts[1], name: parts[2], between: between,
	}, nil
}

// Digest returns the digest of the image that the service runs, or is about to run.
func (s *Service) Digest(ctx context.Context) (string, error) {
	_, digest, err := s.serving(ctx)
	return digest, err
}

// Recorded returns the digest of the release that a deployment serves, as whoever released it last has noted; "" if none.
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
		return "", fmt.Errorf("SSM parameter %s is %q, which is no digest of an image: delete it", parameter, digest)
	}
	return digest, nil
}

// Run makes the service run the image with a digest, by the newest task definition that has it, waits until it serves, and
// records it. A service that runs it already is left as it is.
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
			return fmt.Errorf("no task definition of the service runs %s: make release", digest)
		}
	}
	return s.finish(ctx, live, digest)
}

// Back makes the service run the release before the current one, and returns its digest. Once more, and it is forward again.
func (s *Service) Back(ctx context.Context) (string, error) {
	live, current, err := s.serving(ctx)
	if err != nil {
		return "", err
	}
	released, err := s.released(ctx)
	if err != nil {
		return "", err
	}
	before := slices.DeleteFunc(released, func(digest string) bool { return digest == current })
	live, digest, err := s.changeToFirst(ctx, live, before)
	if err != nil {
		return "", err
	}
	if digest == "" {
		return "", fmt.Errorf("there is no release before %s to go back to", current)
	}
	return digest, s.finish(ctx, live, digest)
}

// Failure says why tasks of the image with a digest have stopped; "" if ECS knows of none, which it forgets after an hour.
func (s *Service) Failure(ctx context.Context, digest string) (string, error) {
	return s.stopped(ctx, func(t types.Task) bool {
		return slices.ContainsFunc(t.Containers, func(c types.Container) bool {
			return strings.HasSuffix(aws.ToString(c.Image), "@"+digest)
		})
	})
}

// serving returns the service, and the digest of the image that it runs.
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
		return nil, fmt.Errorf("the ECS service %s is gone: make deploy", s.name)
	}
	return &answer.Services[0], nil
}

// digestOf returns the digest of the image in a task definition. A tag is looked up: tags do not move, but for latest, which
// no release goes by.
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
		return "", fmt.Errorf("task definition %s has the image %q, which is no REGISTRY/NAME@DIGEST", definition, image)
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

// released returns the digests of all that was released, the newest first, each once.
func (s *Service) released(ctx context.Context) ([]string, error) {
	var all []string
	parameter := parameterOf(s.deployment)
	pages := ssm.NewGetParameterHistoryPaginator(s.ssm, &ssm.GetParameterHistoryInput{Name: aws.String(parameter)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if _, none := errors.AsType[*ssmtypes.ParameterNotFound](err); none {
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

// changeToFirst starts a deployment of the first of the digests that a task definition has, and returns which; "" if none.
// A release that only a host has served has no task definition.
func (s *Service) changeToFirst(ctx context.Context, live *types.Service, digests []string) (*types.Service, string, error) {
	revisions, err := s.revisions(ctx, aws.ToString(live.TaskDefinition))
	if err != nil {
		return nil, "", err
	}
	known := map[string]string{}
	for _, wanted := range digests {
		for _, definition := range revisions {
			if _, ok := known[definition]; !ok {
				if known[definition], err = s.digestOf(ctx, definition); err != nil {
					return nil, "", err
				}
			}
			if known[definition] == wanted {
				live, err = s.change(ctx, live, definition)
				return live, wanted, err
			}
		}
	}
	return live, "", nil
}

// revisions returns the task definitions of the same family that a service can run, the newest first.
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

// revisionOf reads …:task-definition/FAMILY:REVISION.
func revisionOf(definition string) (family string, revision int, err error) {
	_, word, _ := strings.Cut(definition, ":task-definition/")
	family, number, _ := strings.Cut(word, ":")
	if revision, err = strconv.Atoi(number); err != nil || family == "" {
		return "", 0, fmt.Errorf("%q is no ARN of a task definition", definition)
	}
	return family, revision, nil
}

// change starts a deployment of another task definition.
func (s *Service) change(ctx context.Context, live *types.Service, definition string) (*types.Service, error) {
	for _, d := range live.Deployments {
		if d.RolloutState == types.DeploymentRolloutStateInProgress {
			return nil, fmt.Errorf("the service is changing to %s right now: wait until that has ended", lastPart(aws.ToString(d.TaskDefinition)))
		}
	}
	answer, err := s.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{Cluster: &s.cluster, Service: &s.name, TaskDefinition: &definition})
	if err != nil {
		return nil, fmt.Errorf("update ECS service %s: %w", s.name, err)
	}
	return answer.Service, nil
}

// finish waits until the deployment that is now the service's has ended, and records what it brought.
func (s *Service) finish(ctx context.Context, live *types.Service, digest string) error {
	mine := primary(live)
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	for {
		switch now := deployment(live, mine.Id); {
		case now.RolloutState == types.DeploymentRolloutStateCompleted:
			return s.record(ctx, digest)
		case now.RolloutState == types.DeploymentRolloutStateFailed, aws.ToString(now.Status) != "PRIMARY":
			return s.failed(ctx, live, now, digest)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the service still changes to %s after %s: see its events in the ECS console", digest, longest)
		case <-time.After(s.between):
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

// deployment returns the deployment with an id; of one that ECS no longer lists, the id alone.
func deployment(live *types.Service, id *string) types.Deployment {
	for _, d := range live.Deployments {
		if aws.ToString(d.Id) == aws.ToString(id) {
			return d
		}
	}
	return types.Deployment{Id: id}
}

// failed says why a deployment did not end as it should.
func (s *Service) failed(ctx context.Context, live *types.Service, d types.Deployment, digest string) error {
	why, err := s.stopped(ctx, func(t types.Task) bool { return aws.ToString(t.StartedBy) == aws.ToString(d.Id) })
	if err != nil {
		return err
	}
	if why == "" && d.RolloutState != types.DeploymentRolloutStateFailed {
		return fmt.Errorf("somebody else has changed the service to %s before %s served", lastPart(aws.ToString(live.TaskDefinition)), digest)
	}
	return fmt.Errorf("%s does not serve, and the tasks that did go on: %s", digest, cmp.Or(why, aws.ToString(d.RolloutStateReason)))
}

// stopped says why those of the service's tasks stopped that are meant: for each reason, which tasks.
func (s *Service) stopped(ctx context.Context, meant func(types.Task) bool) (string, error) {
	listed, err := s.ecs.ListTasks(ctx, &ecs.ListTasksInput{Cluster: &s.cluster, ServiceName: &s.name, DesiredStatus: types.DesiredStatusStopped})
	if err != nil {
		return "", fmt.Errorf("list the tasks that stopped: %w", err)
	}
	if len(listed.TaskArns) == 0 {
		return "", nil
	}
	answer, err := s.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &s.cluster, Tasks: listed.TaskArns})
	if err != nil {
		return "", fmt.Errorf("describe the tasks that stopped: %w", err)
	}
	var reasons []string
	tasks := map[string][]string{}
	for _, t := range answer.Tasks {
		reason := reasonOf(t)
		if !meant(t) || reason == "" {
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

// reasonOf says why a task stopped, "" where the service itself had no more use for it.
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
