//go:build integration

package preflight_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
)

func instance(image any) object {
	return object{"Type": "AWS::EC2::Instance", "Properties": object{
		"ImageId": image, "InstanceType": "t3.small", "UserData": object{"Fn::Base64": "#!/bin/bash\n"},
		"SubnetId": object{"Ref": "Subnet"},
		"Tags":     []any{object{"Key": "Name", "Value": "host"}},
	}}
}

func network() object {
	return object{
		"Vpc": object{"Type": "AWS::EC2::VPC", "Properties": object{"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": true}},
		"Subnet": object{"Type": "AWS::EC2::Subnet", "Properties": object{
			"VpcId": object{"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/24", "MapPublicIpOnLaunch": false,
		}},
		"LaunchTemplate": object{"Type": "AWS::EC2::LaunchTemplate", "Properties": object{
			"LaunchTemplateName": "host", "LaunchTemplateData": object{"InstanceType": "t3.small"},
		}},
	}
}

// hostTemplate returns a template with the network, a host, and more resources.
func hostTemplate(more object) object {
	resources := network()
	resources["Host"] = instance("ami-11111111")
	maps.Copy(resources, more)
	return template(resources)
}

func (w *world) physicalID(stack, id string) string {
	w.t.Helper()
	answer, err := cloudformation.NewFromConfig(w.account).DescribeStackResource(w.t.Context(), &cloudformation.DescribeStackResourceInput{
		StackName: &stack, LogicalResourceId: &id,
	})
	w.must(err)
	return aws.ToString(answer.StackResourceDetail.PhysicalResourceId)
}

func TestUnintendedHostChangesAreRefused(t *testing.T) {
	device := func(size int, deleted bool) any {
		return []any{object{"DeviceName": "/dev/xvda", "Ebs": object{"VolumeSize": size, "DeleteOnTermination": deleted}}}
	}
	byTemplate := with(instance("ami-11111111"), object{"LaunchTemplate": object{
		"LaunchTemplateName": "host", "Version": object{"Fn::GetAtt": []any{"LaunchTemplate", "LatestVersionNumber"}},
	}})
	networkWith := func(id string, properties object) object { return object{id: with(network()[id].(object), properties)} }
	bySource := with(instance("ami-11111111"), object{"UserData": object{"Fn::Base64": object{"Ref": "Address"}}})
	address := func(kind string, properties object) object {
		return object{"Host": bySource, "Address": object{"Type": kind, "Properties": properties}}
	}
	const orContinue = ", or continue with 'make deploy REPLACE_HOST=yes'"
	const undo = ": undo the change to keep the host" + orContinue
	for _, c := range []struct {
		name   string
		before object
		after  object
		want   string // after "would "; HOST is replaced by the instance's id; "" means no problem
	}{
		{name: "same"},
		{name: "image", after: object{"Host": instance("ami-22222222")},
			want: "replace the EC2 host HOST (ImageId ami-11111111 becomes ami-22222222)" + undo},
		{name: "key", after: object{"Host": with(instance("ami-11111111"), object{"KeyName": "new"})},
			want: "replace the EC2 host HOST (KeyName)" + undo},
		{name: "subnet and image", after: object{"Host": with(instance("ami-22222222"), object{"SubnetId": "subnet-1"})},
			want: "replace the EC2 host HOST (ImageId ami-11111111 becomes ami-22222222, SubnetId)" + undo},
		{name: "network of the subnet", after: networkWith("Vpc", object{"CidrBlock": "10.1.0.0/16"}),
			want: "replace the EC2 host HOST (SubnetId)" + undo},
		{name: "harmless change of the network", after: networkWith("Vpc", object{"EnableDnsSupport": false})},
		{name: "harmless change of the subnet", after: networkWith("Subnet", object{"MapPublicIpOnLaunch": true})},
		{name: "launch template", before: object{"Host": byTemplate},
			after: object{"Host": byTemplate, "LaunchTemplate": with(network()["LaunchTemplate"].(object), object{"LaunchTemplateData": object{"InstanceType": "t3.large"}})},
			want:  "replace the EC2 host HOST (LaunchTemplate)" + undo},
		{name: "volume", before: object{"Host": with(instance("ami-11111111"), object{"BlockDeviceMappings": device(8, true)})},
			after: object{"Host": with(instance("ami-11111111"), object{"BlockDeviceMappings": device(20, true)})},
			want:  "replace the EC2 host HOST (BlockDeviceMappings)" + undo},
		{name: "deletion of the volume", before: object{"Host": with(instance("ami-11111111"), object{"BlockDeviceMappings": device(8, true)})},
			after: object{"Host": with(instance("ami-11111111"), object{"BlockDeviceMappings": device(8, false)})}},
		{name: "size", after: object{"Host": with(instance("ami-11111111"), object{"InstanceType": "t3.large"})},
			want: "stop and start the EC2 host HOST (InstanceType t3.small becomes t3.large): undo the change to keep the host running" + orContinue},
		{name: "user data", after: object{"Host": with(instance("ami-11111111"), object{"UserData": object{"Fn::Base64": "#!/bin/sh\n"}})},
			want: "stop and start the EC2 host HOST (UserData): undo the change to keep the host running" + orContinue},
		{name: "reference in the user data", before: address("AWS::EC2::EIP", object{}), after: address("AWS::EC2::EIP", object{"Domain": "vpc"}),
			want: "stop and start the EC2 host HOST (UserData): undo the change to keep the host running" + orContinue},
		{name: "type of a reference in the user data", before: address("AWS::EC2::EIP", object{}), after: address("AWS::SQS::Queue", object{}),
			want: "stop and start the EC2 host HOST (UserData): undo the change to keep the host running" + orContinue},
		{name: "tags of a reference in the user data", before: address("AWS::EC2::EIP", object{}),
			after: address("AWS::EC2::EIP", object{"Tags": []any{object{"Key": "Name", "Value": "host"}}})},
		{name: "role and tags", after: object{"Host": with(instance("ami-11111111"), object{"IamInstanceProfile": "new", "Tags": nil, "SecurityGroupIds": []any{"sg-1"}})}},
		{name: "logical id", after: object{"Host": nil, "HostAB12": with(instance("ami-11111111"), object{"UserData": object{"Fn::Base64": "#!/bin/sh\n"}})},
			want: "replace the EC2 host HOST (the logical id Host becomes HostAB12, UserData)" + undo},
		{name: "removed", after: object{"Host": nil},
			want: "delete the EC2 host HOST: if that is intended, run 'make deploy REPLACE_HOST=yes'"},
		{name: "another host", after: object{"Second": instance("ami-22222222")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.deploy(host, hostTemplate(c.before))
			after := hostTemplate(c.after)
			maps.DeleteFunc(after["Resources"].(object), func(_ string, r any) bool { return r == nil })
			dir := assembly(t, map[string]object{host: after})
			var want []string
			if c.want != "" {
				want = []string{"this deploy of stack PasswordManager-Host would " + strings.ReplaceAll(c.want, "HOST (", w.physicalID(host, "Host")+" (")}
				want[0] = strings.ReplaceAll(want[0], "HOST:", w.physicalID(host, "Host")+":")
			}
			w.expect(dir, preflight.Options{}, want...)
			w.expect(dir, preflight.Options{ReplaceHost: true})
		})
	}
}

// An export cannot change while it is in use, so a resolved import equals the deployed one.
func TestImportIsNotAChangeOfTheHost(t *testing.T) {
	w := newWorld(t)
	images := template(object{"Images": repository("password-manager")})
	images["Outputs"] = object{"Name": object{"Value": object{"Ref": "Images"}, "Export": object{"Name": "images"}}}
	hosts := hostTemplate(object{"Host": with(instance("ami-11111111"), object{"UserData": object{"Fn::Base64": object{"Fn::ImportValue": "images"}}})})
	w.deploy(data, images)
	w.deploy(host, hosts)
	w.expect(assembly(t, map[string]object{data: images, host: hosts}), preflight.Options{})
}

// The CDK uses one of these for an image lookup, and CloudFormation repeats it on every deploy.
func TestNewerLookedUpImageIsRefused(t *testing.T) {
	const path = "/vendor/image"
	byParameter := func() object {
		t := hostTemplate(object{"Host": instance(object{"Ref": "Image"})})
		t["Parameters"] = object{"Image": object{"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": path}}
		return t
	}
	byMap := func(image string) object {
		t := hostTemplate(object{"Host": instance(object{"Fn::FindInMap": []any{"Images", object{"Ref": "AWS::Region"}, "ami"}})})
		t["Mappings"] = object{"Images": object{"us-east-1": object{"ami": image}}}
		return t
	}
	const changed = "ImageId ami-11111111 becomes ami-22222222): undo the change to keep the host"
	for _, c := range []struct {
		name          string
		before, after object
		published     string
		want          bool
	}{
		{"parameter, same image", byParameter(), byParameter(), "ami-11111111", false},
		{"parameter, newer image", byParameter(), byParameter(), "ami-22222222", true},
		{"parameter, now pinned", byParameter(), hostTemplate(nil), "ami-22222222", false},
		{"map, same image", byMap("ami-11111111"), byMap("ami-11111111"), "ami-11111111", false},
		{"map, newer image", byMap("ami-11111111"), byMap("ami-22222222"), "ami-11111111", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(path, "ami-11111111", "String")
			w.deploy(host, c.before)
			w.put(path, c.published, "String")
			got := w.run(assembly(t, map[string]object{host: c.after}), preflight.Options{})
			if c.want != (len(got) == 1 && strings.Contains(got[0], changed)) || !c.want && len(got) > 0 {
				t.Errorf("the preflight says %q", got)
			}
		})
	}
}

// CloudFormation returns both the path and the resolved value of a parameter; the emulator does not.
func TestResolvedImageParameterIsCompared(t *testing.T) {
	w := newWorld(t)
	w.put("/vendor/old", "ami-11111111", "String")
	w.put("/vendor/new", "ami-33333333", "String")
	before := hostTemplate(object{"Host": instance(object{"Ref": "Image"})})
	before["Parameters"] = object{"Image": object{"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/vendor/old"}}
	w.deploy(host, before)
	w.put("/vendor/old", "ami-22222222", "String")
	w.answers["DescribeStacks"] = func(_ string, status int, body string) (int, string) {
		return status, strings.ReplaceAll(body, "<ParameterValue>ami-11111111</ParameterValue>",
			"<ParameterValue>/vendor/old</ParameterValue><ResolvedValue>ami-11111111</ResolvedValue>")
	}
	// Another default changes nothing, because cdk deploy passes the previous value.
	before["Parameters"] = object{"Image": object{"Type": "AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>", "Default": "/vendor/new"}}
	got := w.run(assembly(t, map[string]object{host: before}), preflight.Options{})
	if len(got) != 1 || !strings.Contains(got[0], "(ImageId ami-11111111 becomes ami-22222222)") {
		t.Errorf("the preflight says %q", got)
	}
}
