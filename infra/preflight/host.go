package preflight

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// replacing holds the properties whose change makes CloudFormation replace a resource ("Update requires: Replacement" in
// the CloudFormation template reference). Of a type that is not here, every property but its tags is taken for one.
var replacing = map[string][]string{
	"AWS::EC2::Instance": {
		"AvailabilityZone", "BlockDeviceMappings", "CpuOptions", "ElasticGpuSpecifications", "ElasticInferenceAccelerators",
		"EnclaveOptions", "HibernationOptions", "HostResourceGroupArn", "ImageId", "Ipv6AddressCount", "Ipv6Addresses",
		"KeyName", "LaunchTemplate", "LicenseSpecifications", "NetworkInterfaces", "PlacementGroupName", "PrivateIpAddress",
		"SecurityGroups", "SubnetId",
	},
	// A launch template is not replaced but gets a new version, and a new version replaces the instance.
	"AWS::EC2::LaunchTemplate": {"LaunchTemplateData", "LaunchTemplateName", "VersionDescription"},
	"AWS::EC2::Subnet": {
		"AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6CidrBlock",
		"Ipv6IpamPoolId", "Ipv6Native", "Ipv6NetmaskLength", "OutpostArn", "VpcId",
	},
	"AWS::EC2::VPC": {"CidrBlock", "InstanceTenancy", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"},
}

// stopping holds the properties for whose change CloudFormation stops and starts an instance that boots from EBS ("Some
// interruptions"). SecurityGroupIds is not among them: in a VPC it changes while the instance runs.
var stopping = []string{
	"AdditionalInfo", "Affinity", "EbsOptimized", "HostId", "InstanceType", "KernelId", "PrivateDnsNameOptions", "RamdiskId",
	"Tenancy", "UserData",
}

const instanceType = "AWS::EC2::Instance"

// checkHost finds the EC2 instances that this deploy would replace, stop or delete.
func (c *check) checkHost() error {
	if c.live == nil || c.options.ReplaceHost {
		return nil
	}
	d := difference{before: c.live.scope, after: c.scope}
	// What another stack exports cannot change while it is in use, so on both sides it stays what the template calls it.
	d.after.outputs = nil
	var added []string
	for _, id := range c.template.ofType(instanceType) {
		if d.before.template.Resources[id].Type != instanceType {
			added = append(added, id)
		}
	}
	var found []error
	for _, id := range d.before.template.ofType(instanceType) {
		next := id
		if c.template.Resources[id].Type != instanceType {
			if len(added) == 0 {
				found = append(found, fmt.Errorf("%s: run %s if that is meant", c.would("delete", id), goOn))
				continue
			}
			next, added = added[0], added[1:]
		}
		found = append(found, c.checkInstance(d, id, next))
	}
	return errors.Join(found...)
}

const goOn = "'make deploy REPLACE_HOST=yes'"

func (c *check) would(verb, id string) string {
	return fmt.Sprintf("this deploy of stack %s would %s the EC2 host %s", c.name, verb, c.live.resources[id])
}

// checkInstance compares instance id as it is deployed with instance next of the new template.
func (c *check) checkInstance(d difference, id, next string) error {
	replaced, stopped := d.changed(id, next, replacing[instanceType]), d.changed(id, next, stopping)
	if next != id {
		renamed := fmt.Sprintf("the logical id %s becomes %s", id, next)
		replaced = slices.Concat([]string{renamed}, replaced, stopped)
	}
	switch {
	case len(replaced) > 0:
		return fmt.Errorf("%s (%s): undo the change to keep the host, or go on with %s", c.would("replace", id), strings.Join(replaced, ", "), goOn)
	case len(stopped) > 0:
		return fmt.Errorf("%s (%s): undo the change to keep the host running, or go on with %s",
			c.would("stop and start", id), strings.Join(stopped, ", "), goOn)
	}
	return nil
}

// difference is that between two templates of one stack.
type difference struct{ before, after scope }

// changed returns those of the properties in which resource next of the new template differs from resource id of the old
// one, or that refer to something the deploy replaces; where both values are known and short, with them.
func (d difference) changed(id, next string, properties []string) []string {
	var all []string
	for _, p := range properties {
		before := d.before.resolve(d.before.template.Resources[id].Properties[p])
		after := d.after.resolve(d.after.template.Resources[next].Properties[p])
		if !d.differs(p, before, after, map[string]bool{next: true}) {
			continue
		}
		word := p
		from, ok1 := before.(string)
		to, ok2 := after.(string)
		if ok1 && ok2 && from != to && len(from)+len(to) < 100 {
			word = fmt.Sprintf("%s %s becomes %s", p, from, to)
		}
		all = append(all, word)
	}
	return all
}

func (d difference) differs(property string, before, after any, seen map[string]bool) bool {
	if property == "BlockDeviceMappings" {
		before, after = withoutDeleteOnTermination(before), withoutDeleteOnTermination(after)
	}
	if !reflect.DeepEqual(before, after) {
		return true
	}
	return slices.ContainsFunc(d.after.template.references(after), func(id string) bool { return d.replaced(id, seen) })
}

// replaced says whether a resource of the new template is another one than before, so that what refers to it changes.
func (d difference) replaced(id string, seen map[string]bool) bool {
	if seen[id] {
		return false
	}
	seen[id] = true
	before, after := d.before.template.Resources[id], d.after.template.Resources[id]
	if before.Type != after.Type {
		return true
	}
	properties, ok := replacing[after.Type]
	if !ok {
		both := map[string]any{}
		maps.Copy(both, before.Properties)
		maps.Copy(both, after.Properties)
		delete(both, "Tags")
		properties = slices.Sorted(maps.Keys(both))
	}
	return slices.ContainsFunc(properties, func(p string) bool {
		return d.differs(p, d.before.resolve(before.Properties[p]), d.after.resolve(after.Properties[p]), seen)
	})
}

// withoutDeleteOnTermination drops the one setting of a block device that changes while the instance runs
// (AWS::EC2::Instance BlockDeviceMapping, template reference).
func withoutDeleteOnTermination(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = withoutDeleteOnTermination(v[i])
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for k := range v {
			if k != "DeleteOnTermination" {
				object[k] = withoutDeleteOnTermination(v[k])
			}
		}
		return object
	}
	return v
}
