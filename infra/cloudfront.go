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

// originTimeoutSeconds is how long CloudFront waits for the next bytes of a response. An idle event stream sends a keep-alive every
// 20 seconds.
const originTimeoutSeconds = 60

// pageFiles match the files of the page. The server decides how long each is cached: forever if its name has a hash of the content,
// never for the service worker.
var pageFiles = []string{"/*.css", "/*.js", "/*.png", "/*.svg", "/*.wasm", "/*.webmanifest"}

// newDistribution makes CloudFront serve the vault's domain. It caches the page's files near users and forwards all other requests to
// the load balancer. That one is in private subnets behind a VPC origin, so nothing bypasses CloudFront.
func newDistribution(stack awscdk.Stack, c config, balancer awselasticloadbalancingv2.ApplicationLoadBalancer) awscloudfront.Distribution {
	origin := awscloudfrontorigins.VpcOrigin_WithApplicationLoadBalancer(balancer, &awscloudfrontorigins.VpcOriginWithEndpointProps{
		ProtocolPolicy:     awscloudfront.OriginProtocolPolicy_HTTPS_ONLY,
		OriginSslProtocols: &[]awscloudfront.OriginSslPolicy{awscloudfront.OriginSslPolicy_TLS_V1_2},
		ReadTimeout:        awscdk.Duration_Seconds(jsii.Number(originTimeoutSeconds)),
	})
	asServerSays := awscloudfront.NewCachePolicy(stack, jsii.String("PageFiles"), &awscloudfront.CachePolicyProps{
		CachePolicyName:            jsii.String(*stack.StackName() + "-PageFiles-" + c.region), // unique in the account, over all regions
		Comment:                    jsii.String("cached as long as the server allows, otherwise not at all"),
		MinTtl:                     awscdk.Duration_Seconds(jsii.Number(0)),
		DefaultTtl:                 awscdk.Duration_Seconds(jsii.Number(0)),
		MaxTtl:                     awscdk.Duration_Days(jsii.Number(365)),
		EnableAcceptEncodingBrotli: jsii.Bool(true),
		EnableAcceptEncodingGzip:   jsii.Bool(true),
	})
	files := map[string]*awscloudfront.BehaviorOptions{}
	for _, pattern := range pageFiles {
		files[pattern] = &awscloudfront.BehaviorOptions{
			Origin: origin, CachePolicy: asServerSays, Compress: jsii.Bool(false), // the server compresses them already
			// Cookies and tokens are not forwarded. The host name is, because the load balancer's certificate is for it.
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
		ErrorResponses:      errorsNotCached(),
	})
	accept(distribution,
		finding{"AwsSolutions-CFR1", "users travel, so no country is blocked"},
		finding{"AwsSolutions-CFR2", "the server limits logins, and CloudFront caches the page's files"},
		finding{"AwsSolutions-CFR3", "the load balancer and the server log each request; only requests for public files end in CloudFront"},
		finding{"CKV_AWS_68", "the server limits logins, and CloudFront caches the page's files"},
		finding{"CKV_AWS_86", "the load balancer and the server log each request; only requests for public files end in CloudFront"},
		finding{"CKV_AWS_174", "TLSv1.2_2025 is newer than the policies in this rule"})
	return distribution
}

// errorsNotCached turns off the caching of errors. By default CloudFront serves one user's error to everyone who sends the same
// request within ten seconds, even where it caches nothing else.
func errorsNotCached() *[]*awscloudfront.ErrorResponse {
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
