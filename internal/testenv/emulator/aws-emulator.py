"""Runs moto with fixes for a deploy by the CDK. Seen in moto 5.2.5.

CloudFormation accepts the tags of AWS::SSM::Parameter as an object; moto only accepts a list.

An update may keep the previous value of a parameter; moto fails if that value was the template's default.

CloudFormation creates an empty change set and marks it as failed; moto refuses to create one. Here it is executed and changes
nothing.

CloudFormation knows the full name of a target group; moto has no such attribute.

CloudFormation uses the availability zones of the stack's region; moto uses those of us-east-1.

CloudFormation creates an AWS::KMS::Key as its KeySpec and KeyUsage say, with its policy and tags in the format of all resources; moto
always creates an encryption key, and expects policy and tags in the format of the KMS API.

CloudFormation puts an instance into the subnet of its first network interface; moto only uses SubnetId.

CloudFormation replaces an instance whose image or subnet changes, even if only an SSM parameter changes it, and moves its address;
moto cannot update instances.

CloudFormation deletes the route tables of a VPC; moto keeps them, and therefore the VPC.

CloudFormation keeps a replaced task definition if its UpdateReplacePolicy says so, and gives the new one to the service that refers
to it; moto does neither, and confuses the property names of a new one.
"""

import json
import sys

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import UnformattedGetAttTemplateException
from moto.cloudformation.models import CloudFormationBackend
from moto.cloudformation.parsing import ResourceMap, get_references_from_template
from moto.cloudformation.responses import CloudFormationResponse
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.models.vpcs import VPC
from moto.ecs.models import TaskDefinition, ecs_backends
from moto.elbv2.models import FakeTargetGroup
from moto.kms.models import Key, kms_backends
from moto.server import main
from moto.ssm.models import Parameter

create = Parameter.create_from_cloudformation_json.__func__
delete_vpc = VPC.delete_from_cloudformation_json.__func__
resolve = CloudFormationBackend._resolve_update_parameters
clean = parsing.clean_json
create_instance = Instance.create_from_cloudformation_json.__func__
difference = ResourceMap.build_resource_diff
validate = CloudFormationResponse._validate_different_update


def create_with_tags(cls, resource_name, cloudformation_json, *args, **kwargs):
    properties = dict(cloudformation_json["Properties"])
    tags = properties.get("Tags")
    if isinstance(tags, dict):
        properties["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return create(cls, resource_name, {**cloudformation_json, "Properties": properties}, *args, **kwargs)


def resolve_with_defaults(self, instance, incoming_params):
    given = [p for p in incoming_params if not p.get("UsePreviousValue") or p["ParameterKey"] in instance.parameters]
    return resolve(self, instance, given)


def attribute_of_target_group(self, name):
    if name == "TargetGroupFullName":
        return self.arn.rpartition(":")[2]
    raise UnformattedGetAttTemplateException()


def create_key(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
    properties = cloudformation_json["Properties"]
    return kms_backends[account_id][region_name].create_key(
        json.dumps(properties["KeyPolicy"]),
        properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
        properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
        properties.get("Description"),
        [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in properties.get("Tags", [])],
    )


def delete_vpc_and_route_tables(cls, resource_name, cloudformation_json, account_id, region_name):
    backend = ec2_backends[account_id][region_name]
    if not backend.describe_subnets(filters={"vpc-id": resource_name}):
        for table in backend.describe_route_tables(filters={"vpc-id": resource_name, "association.main": "false"}):
            backend.route_tables.pop(table.id)
    delete_vpc(cls, resource_name, cloudformation_json, account_id, region_name)


def replace_task_definition(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    backend = ecs_backends[account_id][region_name]
    definition = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
    if cloudformation_json.get("UpdateReplacePolicy") != "Retain":
        backend.deregister_task_definition(original_resource.arn)
    for service in backend.services.values():
        if f"/{definition.family}:" in service.task_definition:
            service.task_definition = definition.arn
    return definition


def clean_in_region(resource_json, resources_map):
    if isinstance(resource_json, dict) and resource_json.get("Fn::GetAZs") == "":
        resource_json = {"Fn::GetAZs": resources_map["AWS::Region"]}
    return clean(resource_json, resources_map)


def changed_in_ssm(resources, parameters):
    """Returns the template's parameters whose value in SSM has changed."""
    changed = set()
    for name, parameter in parameters.items():
        kind, path = parameter.get("Type", ""), parameter.get("Default")
        if kind.startswith("AWS::SSM::Parameter::") and resources.parse_ssm_parameter(path, kind) != resources.resolved_parameters.get(name):
            changed.add(name)
    return changed


def difference_with_ssm(self, template, parameters=None):
    actions = difference(self, template, parameters)
    changed = changed_in_ssm(self, template.get("Parameters", {}))
    for name, resource in template["Resources"].items():
        known = name in self._resource_json_map and name not in actions["Modify"]
        if known and changed & set(get_references_from_template(resource)):
            actions["Modify"].append(name)
    return actions


def validate_with_ssm(self, incoming_params, stack_body, old_stack):
    if self._get_action() == "CreateChangeSet":
        return
    if not changed_in_ssm(old_stack.resource_map, old_stack.resource_map._template.get("Parameters", {})):
        validate(self, incoming_params, stack_body, old_stack)


def in_its_subnet(cloudformation_json):
    properties = dict(cloudformation_json["Properties"])
    for interface in properties.get("NetworkInterfaces", [])[:1]:
        properties.setdefault("SubnetId", interface.get("SubnetId"))
    return {**cloudformation_json, "Properties": properties}


def create_instance_in_its_subnet(cls, resource_name, cloudformation_json, *args, **kwargs):
    return create_instance(cls, resource_name, in_its_subnet(cloudformation_json), *args, **kwargs)


def update_instance(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
    properties = in_its_subnet(cloudformation_json)["Properties"]
    backend = ec2_backends[account_id][region_name]
    if (properties["ImageId"], properties.get("SubnetId")) == (original_resource.image_id, original_resource.subnet_id):
        return original_resource
    instance = cls.create_from_cloudformation_json(new_resource_name, cloudformation_json, account_id, region_name)
    for tag in original_resource.get_tags():
        instance.add_tag(tag["key"], tag["value"])
    for address in backend.addresses:
        if address.instance and address.instance.id == original_resource.id:
            backend.associate_address(instance=instance, address=address.public_ip, reassociate=True)
    original_resource.terminate()
    return instance


parsing.clean_json = clean_in_region
Instance.create_from_cloudformation_json = classmethod(create_instance_in_its_subnet)
Instance.update_from_cloudformation_json = classmethod(update_instance)
ResourceMap.build_resource_diff = difference_with_ssm
CloudFormationResponse._validate_different_update = validate_with_ssm
Parameter.create_from_cloudformation_json = classmethod(create_with_tags)
Key.create_from_cloudformation_json = classmethod(create_key)
CloudFormationBackend._resolve_update_parameters = resolve_with_defaults
TaskDefinition.update_from_cloudformation_json = classmethod(replace_task_definition)
VPC.delete_from_cloudformation_json = classmethod(delete_vpc_and_route_tables)
FakeTargetGroup.has_cfn_attr = classmethod(lambda cls, name: name == "TargetGroupFullName")
FakeTargetGroup.get_cfn_attribute = attribute_of_target_group

sys.exit(main())
