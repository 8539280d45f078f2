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
	// WAF counts every few seconds, and an address that keeps below the limit is let in again.
	retryAfterSeconds = 60
)

// limitRate makes the load balancer refuse requests of an address that sends too many. The server has limits of its own, for
// log-ins; this one keeps a flood from the tasks. The address is that of the connection, as nothing stands before the load
// balancer; of a network behind one address it counts all users together.
func limitRate(stack awscdk.Stack, c config, balancer awselasticloadbalancingv2.ApplicationLoadBalancer) {
	watched := func(name string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
		return &awswafv2.CfnWebACL_VisibilityConfigProperty{
			CloudWatchMetricsEnabled: jsii.Bool(true), MetricName: jsii.String(*stack.StackName() + "-" + name),
			// A sample shows whole headers, session cookies among them.
			SampledRequestsEnabled: jsii.Bool(false),
		}
	}
	acl := awswafv2.NewCfnWebACL(stack, jsii.String("Requests"), &awswafv2.CfnWebACLProps{
		Scope:            jsii.String("REGIONAL"),
		DefaultAction:    &awswafv2.CfnWebACL_DefaultActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}},
		VisibilityConfig: watched("Requests"),
		Rules: []any{&awswafv2.CfnWebACL_RuleProperty{
			Name: jsii.String("RateOfAnAddress"), Priority: jsii.Number(0), VisibilityConfig: watched("RateOfAnAddress"),
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
	accept(acl, finding{"CKV_AWS_192", "a rule against Log4j: the server is Go, and runs no Java"})
	awswafv2.NewCfnWebACLAssociation(stack, jsii.String("RequestsOfBalancer"), &awswafv2.CfnWebACLAssociationProps{
		WebAclArn: acl.AttrArn(), ResourceArn: balancer.LoadBalancerArn(),
	})
}
