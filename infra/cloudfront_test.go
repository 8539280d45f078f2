//go:build system

package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

func distribution(t *testing.T) map[string]any {
	t.Helper()
	return serviceTemplate(t, "fargate-cloudfront").one(t, "AWS::CloudFront::Distribution").Properties["DistributionConfig"].(map[string]any)
}

// CloudFront serves a cached response to every user, so it must cache nothing that depends on the user.
func TestCloudFrontCachesOnlyThePage(t *testing.T) {
	const (
		cachingDisabled = `"4135ea2d-6df8-44a3-9df3-4b5a84be39ad"` // AWS's managed policies
		allViewer       = `"216adef6-5c7f-47e4-b989-5492eafa07d3"`
		hostHeaderOnly  = `"bf0718e1-ba1e-49d1-88b1-f726733018ae"`
	)
	d := distribution(t)
	compareProperties(t, d["DefaultCacheBehavior"].(map[string]any), map[string]string{
		"CachePolicyId": cachingDisabled, "OriginRequestPolicyId": allViewer, "Compress": `false`, "ViewerProtocolPolicy": `"redirect-to-https"`,
		"AllowedMethods": `["GET","HEAD","OPTIONS","PUT","PATCH","POST","DELETE"]`,
	})
	tpl := serviceTemplate(t, "fargate-cloudfront")
	pagePolicy := `{"Ref":"` + idOf(t, tpl, "AWS::CloudFront::CachePolicy") + `"}`
	var patterns []string
	for _, b := range listOf(d["CacheBehaviors"]) {
		b := b.(map[string]any)
		patterns = append(patterns, b["PathPattern"].(string))
		compareProperties(t, b, map[string]string{
			"CachePolicyId": pagePolicy, "OriginRequestPolicyId": hostHeaderOnly, "AllowedMethods": `null`, "ViewerProtocolPolicy": `"redirect-to-https"`,
		})
	}
	compareLines(t, patterns, []string{"/*.css", "/*.js", "/*.png", "/*.svg", "/*.wasm", "/*.webmanifest"})
	compareProperties(t, tpl.one(t, "AWS::CloudFront::CachePolicy").Properties["CachePolicyConfig"].(map[string]any), map[string]string{
		"MinTTL": `0`, "DefaultTTL": `0`, "MaxTTL": `31536000`,
		"ParametersInCacheKeyAndForwardedToOrigin": `{"CookiesConfig":{"CookieBehavior":"none"},"EnableAcceptEncodingBrotli":true,` +
			`"EnableAcceptEncodingGzip":true,"HeadersConfig":{"HeaderBehavior":"none"},"QueryStringsConfig":{"QueryStringBehavior":"none"}}`,
	})
}

// CloudFront would cache these codes for ten seconds.
func TestCloudFrontCachesNoErrors(t *testing.T) {
	var codes []float64
	for _, e := range listOf(distribution(t)["CustomErrorResponses"]) {
		e := e.(map[string]any)
		if e["ErrorCachingMinTTL"] != 0.0 || e["ResponsePagePath"] != nil {
			t.Errorf("%v", e)
		}
		codes = append(codes, e["ErrorCode"].(float64))
	}
	if want := []float64{400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}; !slices.Equal(codes, want) {
		t.Errorf("the errors are %v, want %v", codes, want)
	}
}

func TestNothingBypassesCloudFront(t *testing.T) {
	tpl := serviceTemplate(t, "fargate-cloudfront")
	balancer := tpl.one(t, "AWS::ElasticLoadBalancingV2::LoadBalancer")
	if balancer.Properties["Scheme"] != "internal" {
		t.Errorf("the load balancer is %v", balancer.Properties["Scheme"])
	}
	subnets := listOf(balancer.Properties["Subnets"])
	for _, s := range subnets {
		subnet := tpl.Resources[strings.Trim(asText(s), "<>")]
		if tags := asJSON(t, subnet.Properties["Tags"]); !strings.Contains(tags, `{"Key":"aws-cdk:subnet-type","Value":"Private"}`) {
			t.Errorf("it is in the subnet %s", tags)
		}
	}
	if len(subnets) != 2 {
		t.Errorf("it is in %d subnets, want 2", len(subnets))
	}
	// If the load balancer appended CloudFront's address, users would share the rate limits of a few addresses.
	if attributes := asJSON(t, balancer.Properties["LoadBalancerAttributes"]); !strings.Contains(attributes,
		`{"Key":"routing.http.xff_header_processing.mode","Value":"preserve"}`) {
		t.Errorf("its attributes are %s", attributes)
	}
	id := idOf(t, tpl, "AWS::ElasticLoadBalancingV2::LoadBalancer")
	endpoint := tpl.one(t, "AWS::CloudFront::VpcOrigin").Properties["VpcOriginEndpointConfig"].(map[string]any)
	compareProperties(t, endpoint, map[string]string{
		"Arn": `{"Ref":"` + id + `"}`, "OriginProtocolPolicy": `"https-only"`, "OriginSSLProtocols": `["TLSv1.2"]`,
	})
	origins := listOf(distribution(t)["Origins"])
	if len(origins) != 1 {
		t.Fatalf("%d origins", len(origins))
	}
	if via := asText(origins[0].(map[string]any)["VpcOriginConfig"].(map[string]any)["VpcOriginId"]); via != "<"+idOf(t, tpl, "AWS::CloudFront::VpcOrigin")+".Id>" {
		t.Errorf("CloudFront reaches it by %s", via)
	}
}

func TestCloudFrontServesTheDomain(t *testing.T) {
	d := distribution(t)
	compareProperties(t, d, map[string]string{
		"Aliases": `["vault.example.org"]`, "HttpVersion": `"http2and3"`, "Enabled": `true`,
		"ViewerCertificate": `{"AcmCertificateArn":"` + testCloudFrontCertificate + `","MinimumProtocolVersion":"TLSv1.2_2025","SslSupportMethod":"sni-only"}`,
	})
	tpl := serviceTemplate(t, "fargate-cloudfront")
	if got, want := asText(tpl.Outputs["DomainTarget"].Value), "<"+idOf(t, tpl, "AWS::CloudFront::Distribution")+".DomainName>"; got != want {
		t.Errorf("the domain must point at %s, want %s", got, want)
	}
	for _, deployment := range slices.Sorted(maps.Keys(deployments)) {
		for stack, tpl := range synth(t, deployment).templates {
			if n := len(tpl.of("AWS::CloudFront::Distribution")); n > 0 && deployment != "fargate-cloudfront" {
				t.Errorf("%s: %s has %d unexpected distributions", deployment, stack, n)
			}
		}
	}
}
