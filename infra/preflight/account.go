package preflight

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// identity is the owner of the credentials.
type identity struct{ account, arn, partition string }

// suffix returns the domain of the partition's services, AWS::URLSuffix.
func (i identity) suffix() string {
	if i.partition == "aws-cn" {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

func identify(ctx context.Context, cfg aws.Config, region string) (identity, error) {
	cfg.Region = region
	if cfg.Credentials == nil {
		return identity{}, errors.New("there are no AWS credentials: set AWS_PROFILE, or log in")
	}
	if _, err := cfg.Credentials.Retrieve(ctx); err != nil {
		return identity{}, fmt.Errorf("there are no usable AWS credentials: set AWS_PROFILE, or log in (%w)", err)
	}
	answer, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		return identity{}, fmt.Errorf("AWS rejected the credentials (%s): log in again", refusal.ErrorCode())
	}
	if err != nil {
		return identity{}, fmt.Errorf("AWS does not answer in %s: check the network and AWS_REGION (%w)", region, err)
	}
	who := identity{account: aws.ToString(answer.Account), arn: aws.ToString(answer.Arn)}
	parsed, err := arn.Parse(who.arn)
	if err != nil {
		return identity{}, fmt.Errorf("read the ARN of the caller: %w", err)
	}
	who.partition = parsed.Partition
	return who, nil
}

func checkAccounts(all []*stack, who identity) error {
	var found []error
	for _, s := range all {
		if s.account != "" && s.account != who.account {
			found = append(found, fmt.Errorf("stack %s is for account %s, but the credentials belong to account %s: "+
				"use credentials of account %[2]s", s.name, s.account, who.account))
		}
	}
	return errors.Join(found...)
}

// checkBootstrap checks that each region with a stack is bootstrapped for the CDK.
func checkBootstrap(ctx context.Context, cfg aws.Config, all []*stack, who identity) error {
	type place struct{ region, parameter string }
	needed := map[place]int{}
	var places []place
	for _, s := range all {
		if s.bootstrapParameter == "" {
			continue
		}
		p := place{s.region, s.bootstrapParameter}
		if _, ok := needed[p]; !ok {
			places = append(places, p)
		}
		needed[p] = max(needed[p], s.bootstrapVersion)
	}
	var found []error
	for _, p := range places {
		live, err := getParameters(ctx, clientsFor(cfg, p.region).ssm, []string{p.parameter})
		if err != nil {
			found = append(found, err)
			continue
		}
		version, exists := live[p.parameter]
		if !exists {
			found = append(found, fmt.Errorf("account %s is not bootstrapped for the CDK in %s: run 'AWS_REGION=%[2]s make bootstrap'", who.account, p.region))
			continue
		}
		if have, err := strconv.Atoi(strings.TrimSpace(version.value)); err != nil || have < needed[p] {
			found = append(found, fmt.Errorf("account %s is bootstrapped for the CDK in %s with version %s, but version %d is needed: run 'AWS_REGION=%[2]s make bootstrap'",
				who.account, p.region, version.value, needed[p]))
			continue
		}
		found = append(found, checkBoundaries(ctx, cfg, p.region, all, who))
	}
	return errors.Join(found...)
}
