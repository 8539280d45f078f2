package main

import (
	"net/http"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/jsii-runtime-go"
)

const (
	rateWindowSeconds = 300
	// WAF recounts every few seconds and unblocks an address that is below the limit again.
	retryAfterSeconds = 60
)

// limitRate makes the load balancer reject requests from an address that sends too many. The server limits logins itself; this limit
// keeps a flood away from the tasks. It counts by the address of the connection, since nothing is in front of the load balancer, so
// users behind one address share a limit.
func limitRate(stack awscdk.Stack, c config, balancer awselasticloadbalancingv2.ApplicationLoadBalancer) {
	visibility := func(name string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
		return &awswafv2.CfnWebACL_VisibilityConfigProperty{
			CloudWatchMetricsEnabled: jsii.Bool(true), MetricName: jsii.String(*stack.StackName() + "-" + name),
			// Samples include all headers, also session cookies.
			SampledRequestsEnabled: jsii.Bool(false),
		}
	}
	acl := awswafv2.NewCfnWebACL(stack, jsii.String("Requests"), &awswafv2.CfnWebACLProps{
		Scope:            jsii.String("REGIONAL"),
		DefaultAction:    &awswafv2.CfnWebACL_DefaultActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}},
		VisibilityConfig: visibility("Requests"),
		Rules: []any{&awswafv2.CfnWebACL_RuleProperty{
			Name: jsii.String("RateOfAnAddress"), Priority: jsii.Number(0), VisibilityConfig: visibility("RateOfAnAddress"),
			Statement: &awswafv2.CfnWebACL_StatementProperty{RateBasedStatement: &awswafv2.CfnWebACL_RateBasedStatementProperty{
				AggregateKeyType: jsii.String("IP"), Limit: jsii.Number(c.rateLimit), EvaluationWindowSec: jsii.Number(rateWindowSeconds),
			}},
			Action: &awswafv2.CfnWebACL_RuleActionProperty{Block: &awswafv2.CfnWebACL_BlockActionProperty{
				CustomResponse: &awswafv2.CfnWebACL_CustomResponseProperty{
					ResponseCode: jsii.Number(http.StatusTooManyRequests),
					ResponseHeaders: []any{&awswafv2.CfnWebACL_CustomHTTPHeaderProperty{
						Name: jsii.String("Retry-After"), Value: jsii.String(strconv.Itoa(retryAfterSeconds)),
					}},
				},
			}},
		}},
	})
	accept(acl, finding{"CKV_AWS_192", "a rule against Log4j, but the server is written in Go and runs no Java"})
	awswafv2.NewCfnWebACLAssociation(stack, jsii.String("RequestsOfBalancer"), &awswafv2.CfnWebACLAssociationProps{
		WebAclArn: acl.AttrArn(), ResourceArn: balancer.LoadBalancerArn(),
	})
}
