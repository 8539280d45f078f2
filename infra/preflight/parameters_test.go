//go:build integration

package preflight_test

import (
	"fmt"
	"strings"
	"testing"

	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/vaultsphere/vaultsphere/infra/preflight"
)

const port = "/password-manager/PORT"

func TestParameterOutsideTheStackIsRefused(t *testing.T) {
	const remove = "delete it with 'aws ssm delete-parameter --name /password-manager/PORT --region us-east-1'"
	const exists = "SSM parameter /password-manager/PORT already exists outside stack PasswordManager-Data"
	for _, c := range []struct {
		name string
		live string
		kind ssmtypes.ParameterType
		ours any
		want string
	}{
		{"same value", "5001", ssmtypes.ParameterTypeString, "5001",
			exists + `, with the value "5001" that this deploy would set: ` + remove + ", and the deploy creates it again"},
		{"another value", "80", ssmtypes.ParameterTypeString, "5001",
			exists + `, with the value "80", but this deploy would set "5001": decide on one of them, and ` + remove},
		{"resolved value", "eu-west-1", ssmtypes.ParameterTypeString, object{"Ref": "AWS::Region"},
			exists + `, with the value "eu-west-1", but this deploy would set "us-east-1": decide on one of them, and ` + remove},
		{"unknown value", "i-1", ssmtypes.ParameterTypeString, object{"Ref": "Host"},
			exists + `, with the value "i-1": ` + remove},
		{"secret", "hunter2", ssmtypes.ParameterTypeSecureString, "5001",
			exists + ", as a SecureString: if nothing needs it, " + remove},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.put(port, c.live, c.kind)
			w.expect(assembly(t, map[string]object{data: template(object{"Port": parameter(port, c.ours)})}), preflight.Options{}, c.want)
			// The result is the same for a deployed stack without the parameter.
			w.deploy(data, template(object{"Other": parameter("/password-manager/OTHER", "x")}))
			w.expect(assembly(t, map[string]object{data: template(object{"Port": parameter(port, c.ours)})}), preflight.Options{}, c.want)
		})
	}
}

func TestRetainedParameterCanBeAdopted(t *testing.T) {
	w := newWorld(t)
	w.put(port, "5001", ssmtypes.ParameterTypeString)
	retained := parameter(port, "5001")
	retained["DeletionPolicy"] = "RetainExceptOnCreate"
	dir := assembly(t, map[string]object{data: template(object{"Port": retained})})
	w.expect(dir, preflight.Options{}, `SSM parameter /password-manager/PORT already exists outside stack PasswordManager-Data, with the value "5001": adopt it with `+
		"'infra/node_modules/.bin/cdk deploy --app "+dir+" --import-existing-resources PasswordManager-Data'")
	// An import does not set the value.
	w.put(port, "80", ssmtypes.ParameterTypeString)
	if got := w.run(dir, preflight.Options{}); len(got) != 1 || !strings.Contains(got[0], `would set "5001": decide on one of them`) {
		t.Errorf("the preflight says %q", got)
	}
}

func TestParameterChangedByHandIsReported(t *testing.T) {
	const by = "SSM parameter /password-manager/PORT of stack PasswordManager-Data was "
	const byHand = by + `changed by hand from "5001" to "80": restore it with ` +
		`'aws ssm put-parameter --overwrite --type String --name /password-manager/PORT --value "5001" --region us-east-1', ` +
		`or set "80" in the configuration of the deploy`
	for _, c := range []struct {
		name            string
		deployed, synth any
		live            string // "" keeps the stack's value
		kind            ssmtypes.ParameterType
		remove          bool
		want            []string
	}{
		{name: "untouched", deployed: "5001", synth: "5001"},
		{name: "updated by this deploy", deployed: "5001", synth: "5002"},
		{name: "by hand", deployed: "5001", synth: "5001", live: "80", kind: ssmtypes.ParameterTypeString, want: []string{byHand}},
		{name: "by hand and by this deploy", deployed: "5001", synth: "5002", live: "80", kind: ssmtypes.ParameterTypeString, want: []string{byHand}},
		{name: "by hand what this deploy sets", deployed: "5001", synth: "80", live: "80", kind: ssmtypes.ParameterTypeString},
		{name: "unknown before", deployed: object{"Ref": "Other"}, synth: "5001", live: "80", kind: ssmtypes.ParameterTypeString},
		{name: "resolved", deployed: object{"Ref": "AWS::Region"}, synth: object{"Ref": "AWS::Region"}},
		{name: "resolved, by hand", deployed: object{"Ref": "AWS::AccountId"}, synth: object{"Ref": "AWS::AccountId"}, live: "1",
			kind: ssmtypes.ParameterTypeString, want: []string{by + `changed by hand from "123456789012" to "1": restore it with ` +
				`'aws ssm put-parameter --overwrite --type String --name /password-manager/PORT --value "123456789012" --region us-east-1', ` +
				`or set "1" in the configuration of the deploy`}},
		{name: "made secret", deployed: "5001", synth: "5001", live: "hunter2", kind: ssmtypes.ParameterTypeSecureString,
			want: []string{by + "changed to a SecureString by hand: delete it, and create a String with that name"}},
		{name: "deleted", deployed: "5001", synth: "5001", remove: true, want: []string{by +
			"deleted by hand, and no deploy would create it again: restore it with " +
			`'aws ssm put-parameter --type String --name /password-manager/PORT --value "5001" --region us-east-1'`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			other := object{"Type": "AWS::SQS::Queue", "Properties": object{}}
			w.deploy(data, template(object{"Port": parameter(port, c.deployed), "Other": other}))
			if c.live != "" {
				w.put(port, c.live, c.kind)
			}
			if c.remove {
				w.delete(port)
				// The emulator cannot delete a stack whose parameter is missing.
				defer w.put(port, "5001", ssmtypes.ParameterTypeString)
			}
			w.expect(assembly(t, map[string]object{data: template(object{"Port": parameter(port, c.synth), "Other": other})}), preflight.Options{}, c.want...)
		})
	}
}

func TestNewLogicalIDOfAParameterIsRefused(t *testing.T) {
	w := newWorld(t)
	w.deploy(data, template(object{"Port": parameter(port, "5001")}))
	w.expect(assembly(t, map[string]object{data: template(object{"PortNumber": parameter(port, "5001")})}), preflight.Options{},
		"SSM parameter /password-manager/PORT is in stack PasswordManager-Data as Port, and this deploy would create it again as PortNumber "+
			"before it deletes the old one: keep the logical id")
}

// GetParameters accepts ten names per call.
func TestManyParametersAreRead(t *testing.T) {
	w := newWorld(t)
	resources := object{}
	var want []string
	for i := range 25 {
		name := fmt.Sprintf("/password-manager/P%02d", i)
		resources[fmt.Sprintf("P%02d", i)] = parameter(name, "x")
		w.put(name, "x", ssmtypes.ParameterTypeString)
		want = append(want, "SSM parameter "+name+` already exists outside stack PasswordManager-Data, with the value "x" that this deploy would set: `+
			"delete it with 'aws ssm delete-parameter --name "+name+" --region us-east-1', and the deploy creates it again")
	}
	w.expect(assembly(t, map[string]object{data: template(resources)}), preflight.Options{}, want...)
}
