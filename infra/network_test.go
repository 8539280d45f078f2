//go:build system

package main

import (
	"slices"
	"strings"
	"testing"
)

func computeTemplates(t *testing.T) map[string]stackTemplate {
	return map[string]stackTemplate{
		"host": hostTemplate(t, "ec2-minimal"), "service": serviceTemplate(t, "fargate-minimal"),
	}
}

// The endpoint admits no other tables, whatever permissions a client on the network has.
func TestDynamoDBEndpointReachesOnlyOurTables(t *testing.T) {
	var want []string
	for _, action := range tableActions {
		for _, table := range tables {
			want = append(want, `Allow `+action+` on arn:aws:dynamodb:eu-central-1:<AccountId>:table/`+table+` by {"AWS":"*"}`)
		}
	}
	for _, table := range indexedTables {
		want = append(want, `Allow dynamodb:Query on arn:aws:dynamodb:eu-central-1:<AccountId>:table/`+table+`/index/by-revision by {"AWS":"*"}`)
	}
	for _, action := range []string{"Query", "UpdateItem"} {
		want = append(want, `Allow dynamodb:`+action+` on arn:aws:dynamodb:eu-central-1:<AccountId>:table/PasswordManager-Events by {"AWS":"*"}`)
	}
	for name, tpl := range computeTemplates(t) {
		var got, services []string
		for _, e := range tpl.of("AWS::EC2::VPCEndpoint") {
			service := asText(e.Properties["ServiceName"])
			services = append(services, service[strings.LastIndex(service, ".")+1:])
			document, _ := e.Properties["PolicyDocument"].(map[string]any)
			for _, s := range listOf(document["Statement"]) {
				s := s.(map[string]any)
				for _, action := range listOf(s["Action"]) {
					for _, r := range listOf(s["Resource"]) {
						got = append(got, asText(s["Effect"])+" "+asText(action)+" on "+asText(r)+" by "+asJSON(t, s["Principal"]))
					}
				}
			}
		}
		slices.Sort(services)
		if !slices.Equal(services, []string{"dynamodb", "s3"}) {
			t.Errorf("%s: endpoints for %q", name, services)
		}
		compareLines(t, got, want)
	}
}

func TestNetworkIsLoggedAndPrivateByDefault(t *testing.T) {
	for name, tpl := range computeTemplates(t) {
		flow := tpl.one(t, "AWS::EC2::FlowLog").Properties
		if flow["ResourceType"] != "VPC" || flow["TrafficType"] != "ALL" {
			t.Errorf("%s: the flow log records %v of a %v", name, flow["TrafficType"], flow["ResourceType"])
		}
		for id, subnet := range tpl.of("AWS::EC2::Subnet") {
			if subnet.Properties["MapPublicIpOnLaunch"] == true {
				t.Errorf("%s: subnet %s assigns public addresses", name, id)
			}
		}
	}
	if n := len(hostTemplate(t, "ec2-minimal").of("AWS::EC2::NatGateway")); n != 0 {
		t.Errorf("the host stack has %d NAT gateways", n)
	}
}
