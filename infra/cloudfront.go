package main

import (
	"net/http"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"
)

// originTimeoutSeconds is how long CloudFront waits for the next bytes of an answer. An event stream that is quiet sends
// some every 20 seconds.
const originTimeoutSeconds = 60

// pageFiles are the files that the page loads. The server says how long each may be kept: forever where the name carries a hash of
// the content, and not at all for the service worker.
var pageFiles = []string{"/*.css", "/*.js", "/*.png", "/*.svg", "/*.wasm", "/*.webmanifest"}

// newDistribution makes CloudFront serve the vault's domain. It keeps the page's files near users, and passes everything else on to
// the load balancer, which is in private subnets and reached through a VPC origin: there is no way around CloudFront.
func newDistribution(stack awscdk.Stack, c config, balancer awselasticloadbalancingv2.ApplicationLoadBalancer) awscloudfront.Distribution {
	origin := awscloudfrontorigins.VpcOrigin_WithApplicationLoadBalancer(balancer, &awscloudfrontorigins.VpcOriginWithEndpointProps{
		ProtocolPolicy:     awscloudfront.OriginProtocolPolicy_HTTPS_ONLY,
		OriginSslProtocols: &[]awscloudfront.OriginSslPolicy{awscloudfront.OriginSslPolicy_TLS_V1_2},
		ReadTimeout:        awscdk.Duration_Seconds(jsii.Number(originTimeoutSeconds)),
	})
	keep := awscloudfront.NewCachePolicy(stack, jsii.String("PageFiles"), &awscloudfront.CachePolicyProps{
		CachePolicyName:            jsii.String(*stack.StackName() + "-PageFiles-" + c.region), // names are the account's, in all regions
		Comment:                    jsii.String("as long as the server says, and else not at all"),
		MinTtl:                     awscdk.Duration_Seconds(jsii.Number(0)),
		DefaultTtl:                 awscdk.Duration_Seconds(jsii.Number(0)),
		MaxTtl:                     awscdk.Duration_Days(jsii.Number(365)),
		EnableAcceptEncodingBrotli: jsii.Bool(true),
		EnableAcceptEncodingGzip:   jsii.Bool(true),
	})
	files := map[string]*awscloudfront.BehaviorOptions{}
	for _, pattern := range pageFiles {
		files[pattern] = &awscloudfront.BehaviorOptions{
			Origin: origin, CachePolicy: keep, Compress: jsii.Bool(false), // the server compresses what is worth it
			// No cookie and no token travels with them. The host name has to: the load balancer's certificate is for it.
			OriginRequestPolicy:  awscloudfront.OriginRequestPolicy_HOST_HEADER_ONLY(),
			ViewerProtocolPolicy: awscloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
		}
	}
	distribution := awscloudfront.NewDistribution(stack, jsii.String("Distribution"), &awscloudfront.DistributionProps{
		Comment:     stack.StackName(),
		DomainNames: jsii.Strings(c.siteAddress),
		Certificate: awscertificatemanager.Certificate_FromCertificateArn(stack, jsii.String("CloudFrontCertificate"),
			jsii.String(c.cloudFrontCertificateARN)),
		MinimumProtocolVersion: awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2025,
		HttpVersion:            awscloudfront.HttpVersion_HTTP2_AND_3,
		DefaultBehavior: &awscloudfront.BehaviorOptions{
			Origin: origin, CachePolicy: awscloudfront.CachePolicy_CACHING_DISABLED(), Compress: jsii.Bool(false),
			OriginRequestPolicy:  awscloudfront.OriginRequestPolicy_ALL_VIEWER(),
			AllowedMethods:       awscloudfront.AllowedMethods_ALLOW_ALL(),
			ViewerProtocolPolicy: awscloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
		},
		AdditionalBehaviors: &files,
		ErrorResponses:      errorsAreNotKept(),
	})
	accept(distribution,
		finding{"AwsSolutions-CFR1", "people travel: no country is shut out"},
		finding{"AwsSolutions-CFR2", "the server limits log-ins itself, and the page's files are cached"},
		finding{"AwsSolutions-CFR3", "the load balancer logs what reaches the vault, and the server who asked; the rest are public files"},
		finding{"CKV_AWS_68", "the server limits log-ins itself, and the page's files are cached"},
		finding{"CKV_AWS_86", "the load balancer logs what reaches the vault, and the server who asked; the rest are public files"},
		finding{"CKV_AWS_174", "TLSv1.2_2025 is newer than the policies that the rule knows"})
	return distribution
}

// errorsAreNotKept: CloudFront would give an error of one user to all who ask the same within ten seconds, even where it keeps
// no other answer.
func errorsAreNotKept() *[]*awscloudfront.ErrorResponse {
	var all []*awscloudfront.ErrorResponse
	for _, status := range []int{
		http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestURITooLong,
		http.StatusRequestedRangeNotSatisfiable, http.StatusInternalServerError, http.StatusNotImplemented, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout,
	} {
		all = append(all, &awscloudfront.ErrorResponse{HttpStatus: jsii.Number(status), Ttl: awscdk.Duration_Seconds(jsii.Number(0))})
	}
	return &all
}
