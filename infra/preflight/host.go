package preflight

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// replacing lists the properties that require replacement of a resource when they change ("Update requires: Replacement" in the
// CloudFormation template reference). For types that are not listed, assume that every property except Tags does.
var replacing = map[string][]string{
	"AWS::EC2::Instance": {
		"AvailabilityZone", "BlockDeviceMappings", "CpuOptions", "ElasticGpuSpecifications", "ElasticInferenceAccelerators",
		"EnclaveOptions", "HibernationOptions", "HostResourceGroupArn", "ImageId", "Ipv6AddressCount", "Ipv6Addresses",
		"KeyName", "LaunchTemplate", "LicenseSpecifications", "NetworkInterfaces", "PlacementGroupName", "PrivateIpAddress",
		"SecurityGroups", "SubnetId",
	},
	// A change creates a new version of the launch template, which replaces the instance.
	"AWS::EC2::LaunchTemplate": {"LaunchTemplateData", "LaunchTemplateName", "VersionDescription"},
	"AWS::EC2::Subnet": {
		"AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "Ipv6CidrBlock",
		"Ipv6IpamPoolId", "Ipv6Native", "Ipv6NetmaskLength", "OutpostArn", "VpcId",
	},
	"AWS::EC2::VPC": {"CidrBlock", "InstanceTenancy", "Ipv4IpamPoolId", "Ipv4NetmaskLength", "VpcEncryptionControl"},
}

// stopping lists the properties whose change stops and starts an instance that boots from EBS ("Some interruptions").
// SecurityGroupIds is not one of them: in a VPC it changes while the instance runs.
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
	// Exports in use cannot change, so leave imports unresolved on both sides.
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
				found = append(found, fmt.Errorf("%s: if that is intended, run %s", c.would("delete", id), replaceHost))
				continue
			}
			next, added = added[0], added[1:]
		}
		found = append(found, c.checkInstance(d, id, next))
	}
	return errors.Join(found...)
}

const replaceHost = "'make deploy REPLACE_HOST=yes'"

func (c *check) would(verb, id string) string {
	return fmt.Sprintf("this deploy of stack %s would %s the EC2 host %s", c.name, verb, c.live.resources[id])
}

// checkInstance compares the deployed instance id with the instance next of the new template.
func (c *check) checkInstance(d difference, id, next string) error {
	replaced, stopped := d.changed(id, next, replacing[instanceType]), d.changed(id, next, stopping)
	if next != id {
		renamed := fmt.Sprintf("the logical id %s becomes %s", id, next)
		replaced = slices.Concat([]string{renamed}, replaced, stopped)
	}
	switch {
	case len(replaced) > 0:
		return fmt.Errorf("%s (%s): undo the change to keep the host, or continue with %s", c.would("replace", id), strings.Join(replaced, ", "), replaceHost)
	case len(stopped) > 0:
		return fmt.Errorf("%s (%s): undo the change to keep the host running, or continue with %s",
			c.would("stop and start", id), strings.Join(stopped, ", "), replaceHost)
	}
	return nil
}

// difference compares two templates of a stack.
type difference struct{ before, after scope }

// changed returns the properties that differ between resource id of the old template and resource next of the new one, or that refer to
// a resource that the deploy replaces. It includes short known values.
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

// replaced reports whether the deploy replaces a resource, which changes all references to it.
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

// withoutDeleteOnTermination removes the only setting of a block device that can change while the instance runs (template reference,
// AWS::EC2::Instance BlockDeviceMapping).
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
