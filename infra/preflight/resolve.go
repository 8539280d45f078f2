package preflight

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// scope holds the values for resolving the intrinsic functions of a template before a deploy.
type scope struct {
	template   *template
	pseudo     map[string]string // pseudo parameters, such as AWS::Region
	parameters map[string]string // values of the template's parameters
	outputs    map[output]string // of all stacks in the assembly
}

// output identifies an output of a stack or, if stack is empty, an export of the region.
type output struct{ stack, name string }

func newScope(s *stack, who identity) scope {
	return scope{
		template: s.template,
		pseudo: map[string]string{
			"AWS::AccountId": who.account,
			"AWS::Region":    s.region,
			"AWS::Partition": who.partition,
			"AWS::URLSuffix": who.suffix(),
			"AWS::StackName": s.name,
		},
	}
}

// collectOutputs resolves the outputs of all stacks, for references between stacks. It does not resolve outputs that depend on outputs of
// other stacks.
func collectOutputs(all []*stack, who identity) map[output]string {
	outputs := map[output]string{}
	for _, s := range all {
		scope := newScope(s, who)
		for id, o := range s.template.Outputs {
			value, ok := scope.text(o.Value)
			if !ok {
				continue
			}
			outputs[output{s.name, id}] = value
			if name, ok := scope.text(o.Export.Name); ok {
				outputs[output{name: name}] = value
			}
		}
	}
	return outputs
}

// text resolves v to a string, if its value is known before the deploy.
func (s scope) text(v any) (string, bool) {
	switch v := s.resolve(v).(type) {
	case string:
		return v, true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

// resolve evaluates the intrinsic functions in v whose values are known before a deploy, and leaves the others unchanged.
func (s scope) resolve(v any) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = s.resolve(v[i])
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for k := range v {
			object[k] = s.resolve(v[k])
		}
		if len(object) == 1 {
			for name, argument := range object {
				if value, ok := s.call(name, argument); ok {
					return value
				}
			}
		}
		return object
	}
	return v
}

// call evaluates an intrinsic function with a resolved argument.
func (s scope) call(function string, argument any) (any, bool) {
	list, _ := argument.([]any)
	switch function {
	case "Ref":
		return s.ref(argument)
	case "Fn::GetAtt":
		return s.attribute(list)
	case "Fn::ImportValue":
		name, _ := argument.(string)
		value, ok := s.outputs[output{name: name}]
		return value, ok
	case "Fn::GetStackOutput":
		of, _ := argument.(map[string]any)
		value, ok := s.outputs[output{fmt.Sprint(of["StackName"]), fmt.Sprint(of["OutputName"])}]
		return value, ok
	case "Fn::FindInMap":
		keys, ok := texts(list)
		if !ok || len(keys) != 3 {
			return nil, false
		}
		value, ok := s.template.Mappings[keys[0]][keys[1]][keys[2]]
		return value, ok
	}
	if len(list) != 2 {
		return nil, false
	}
	switch function {
	case "Fn::Join":
		separator, ok1 := list[0].(string)
		parts, _ := list[1].([]any)
		words, ok2 := texts(parts)
		return strings.Join(words, separator), ok1 && ok2 && parts != nil
	case "Fn::Split":
		separator, ok1 := list[0].(string)
		whole, ok2 := list[1].(string)
		if !ok1 || !ok2 || separator == "" {
			return nil, false
		}
		var parts []any
		for _, part := range strings.Split(whole, separator) {
			parts = append(parts, part)
		}
		return parts, true
	case "Fn::Select":
		index, err := strconv.Atoi(fmt.Sprint(list[0]))
		values, _ := list[1].([]any)
		if err != nil || index < 0 || index >= len(values) {
			return nil, false
		}
		return values[index], true
	}
	return nil, false
}

// nameProperty maps a type to the property that is its name in AWS and the value of Ref.
var nameProperty = map[string]string{
	"AWS::Backup::BackupVault":   "BackupVaultName",
	"AWS::DynamoDB::GlobalTable": "TableName",
	"AWS::DynamoDB::Table":       "TableName",
	"AWS::ECR::Repository":       "RepositoryName",
	"AWS::KMS::Alias":            "AliasName",
	"AWS::Logs::LogGroup":        "LogGroupName",
	"AWS::S3::Bucket":            "BucketName",
	"AWS::SSM::Parameter":        "Name",
}

// literalName returns the name of a resource if the template has it as a literal.
func literalName(r resource) (string, bool) {
	name, ok := r.Properties[nameProperty[r.Type]].(string)
	return name, ok
}

func (s scope) ref(argument any) (any, bool) {
	id, _ := argument.(string)
	if value, ok := s.pseudo[id]; ok {
		return value, value != ""
	}
	if value, ok := s.parameters[id]; ok {
		return value, true
	}
	return literalName(s.template.Resources[id])
}

func (s scope) attribute(path []any) (any, bool) {
	if len(path) != 2 || path[1] != "Arn" {
		return nil, false
	}
	id, _ := path[0].(string)
	name, ok := literalName(s.template.Resources[id])
	if !ok || s.template.Resources[id].Type != "AWS::ECR::Repository" {
		return nil, false
	}
	return fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s",
		s.pseudo["AWS::Partition"], s.pseudo["AWS::Region"], s.pseudo["AWS::AccountId"], name), true
}

func texts(list []any) ([]string, bool) {
	words := make([]string, len(list))
	for i, v := range list {
		word, ok := v.(string)
		if !ok {
			return nil, false
		}
		words[i] = word
	}
	return words, true
}

// references returns the sorted logical ids of the resources that v refers to.
func (t *template) references(v any) []string {
	found := map[string]bool{}
	var walk func(any)
	add := func(id any) {
		word, _ := id.(string)
		if _, ok := t.Resources[word]; ok {
			found[word] = true
		}
	}
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, part := range v {
				walk(part)
			}
		case map[string]any:
			add(v["Ref"])
			if path, ok := v["Fn::GetAtt"].([]any); ok && len(path) > 0 {
				add(path[0])
			}
			for _, part := range v {
				walk(part)
			}
		}
	}
	walk(v)
	return slices.Sorted(maps.Keys(found))
}
