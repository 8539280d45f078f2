//go:build system

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/vaultsphere/vaultsphere/app/names"
)

func dataTemplate(t *testing.T) stackTemplate {
	return synth(t, "ec2-minimal").templates[dataStack]
}

func TestTablesAreProtectedAndOnDemand(t *testing.T) {
	found := map[string]map[string]any{}
	for _, r := range dataTemplate(t).of("AWS::DynamoDB::Table") {
		found[r.Properties["TableName"].(string)] = r.Properties
	}
	for _, table := range []struct {
		name, keys, index string
		expires           bool
	}{
		{names.UsersTable, "username HASH", "", false},
		{names.AccountsTable, "vault_id HASH, record_id RANGE", "by-revision: vault_id HASH, revision RANGE", true},
		{names.PasswordsTable, "vault_id HASH, record_id RANGE", "by-revision: vault_id HASH, revision RANGE", true},
		{names.SessionsTable, "session_hash HASH", "", true},
		{names.VaultsTable, "vault_id HASH, row_id RANGE", "", true},
		{names.EventsTable, "event_month HASH, event_id RANGE", "", true},
	} {
		p := found[table.name]
		if p == nil {
			t.Errorf("table %s is missing", table.name)
			continue
		}
		for property, want := range map[string]string{
			"BillingMode":                      `"PAY_PER_REQUEST"`,
			"DeletionProtectionEnabled":        `true`,
			"PointInTimeRecoverySpecification": `{"PointInTimeRecoveryEnabled":true}`,
			"SSESpecification":                 `{"SSEEnabled":true}`,
		} {
			if got := asJSON(t, p[property]); got != want {
				t.Errorf("%s: %s is %s, want %s", table.name, property, got, want)
			}
		}
		if got := keySchema(p["KeySchema"]); got != table.keys {
			t.Errorf("%s: its keys are %s, want %s", table.name, got, table.keys)
		}
		var index string
		for _, i := range listOf(p["LocalSecondaryIndexes"]) {
			i := i.(map[string]any)
			index += i["IndexName"].(string) + ": " + keySchema(i["KeySchema"])
			if got := asJSON(t, i["Projection"]); got != `{"ProjectionType":"ALL"}` {
				t.Errorf("%s: the index projects %s", table.name, got)
			}
		}
		if index != table.index {
			t.Errorf("%s: its indexes are %q, want %q", table.name, index, table.index)
		}
		want := "null"
		if table.expires {
			want = `{"AttributeName":"expires_at","Enabled":true}`
		}
		if got := asJSON(t, p["TimeToLiveSpecification"]); got != want {
			t.Errorf("%s: time to live is %s, want %s", table.name, got, want)
		}
	}
	if len(found) != 6 {
		t.Errorf("%d tables, want 6", len(found))
	}
}

func keySchema(v any) string {
	var keys []string
	for _, k := range listOf(v) {
		k := k.(map[string]any)
		keys = append(keys, k["AttributeName"].(string)+" "+k["KeyType"].(string))
	}
	return strings.Join(keys, ", ")
}

func TestRepositoryKeepsReleases(t *testing.T) {
	p := dataTemplate(t).one(t, "AWS::ECR::Repository").Properties
	for property, want := range map[string]string{
		"RepositoryName":                     `"password-manager"`,
		"ImageTagMutability":                 `"IMMUTABLE_WITH_EXCLUSION"`,
		"ImageTagMutabilityExclusionFilters": `[{"ImageTagMutabilityExclusionFilterType":"WILDCARD","ImageTagMutabilityExclusionFilterValue":"latest"}]`,
		"ImageScanningConfiguration":         `{"ScanOnPush":true}`,
		"EncryptionConfiguration":            `{"EncryptionType":"KMS"}`,
	} {
		if got := asJSON(t, p[property]); got != want {
			t.Errorf("%s is %s, want %s", property, got, want)
		}
	}
	var policy struct {
		Rules []struct {
			Selection struct {
				TagStatus, CountType string
				TagPatternList       []string
				CountNumber          int
			}
		}
	}
	if err := json.Unmarshal([]byte(p["LifecyclePolicy"].(map[string]any)["LifecyclePolicyText"].(string)), &policy); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range policy.Rules {
		s := r.Selection
		got = append(got, fmt.Sprint(s.TagStatus, s.TagPatternList, s.CountType, s.CountNumber))
	}
	// ECR applies the first rule that matches a tag. The last rule also counts signatures, so it keeps half as many releases, each with
	// its signature.
	want := []string{
		"untagged[]sinceImagePushed7", "tagged[sha256-*.sig]imageCountMoreThan200", "tagged[*]imageCountMoreThan100",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the lifecycle rules are %q, want %q", got, want)
	}
}

// ifSigningKey is the condition that limits a statement to the signing key.
const ifSigningKey = ` if {"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/password-manager-releases"}}`

func TestSigningKeyCannotBeDeletedByAccident(t *testing.T) {
	tpl := dataTemplate(t)
	p := tpl.one(t, "AWS::KMS::Key").Properties
	if got := asJSON(t, []any{p["KeySpec"], p["KeyUsage"]}); got != `["ECC_NIST_P256","SIGN_VERIFY"]` {
		t.Errorf("the key is %s", got)
	}
	var policy []string
	for _, s := range listOf(p["KeyPolicy"].(map[string]any)["Statement"]) {
		s := s.(map[string]any)
		policy = append(policy, asJSON(t, []any{s["Effect"], s["Principal"], s["Action"], s["Condition"]}))
	}
	compareLines(t, policy, []string{
		`["Allow",{"AWS":{"Fn::Join":["",["arn:aws:iam::",{"Ref":"AWS::AccountId"},":root"]]}},"kms:*",null]`,
		`["Deny",{"AWS":"*"},["kms:DeleteAlias","kms:DisableKey","kms:ScheduleKeyDeletion","kms:UpdateAlias"],null]`,
	})
	alias := tpl.one(t, "AWS::KMS::Alias").Properties
	for id := range tpl.of("AWS::KMS::Key") {
		if got := asText(alias["AliasName"]) + " " + asText(alias["TargetKeyId"]); got != "alias/password-manager-releases <"+id+".Arn>" {
			t.Errorf("the alias is %s", got)
		}
	}
}

// An attacker on the host or in a task must not be able to sign a release.
func TestOnlyThePipelineSigns(t *testing.T) {
	for deployment := range deployments {
		for stack, tpl := range synth(t, deployment).templates {
			for role := range tpl.of("AWS::IAM::Role") {
				for _, line := range tpl.permissions(t, role) {
					if strings.HasPrefix(line, "Allow kms:Sign ") && stack != "PasswordManager-Pipeline" {
						t.Errorf("%s: %s: role %s: %s", deployment, stack, role, line)
					}
				}
			}
		}
	}
}

func TestCertificatesArePrivateAndVersioned(t *testing.T) {
	tpl := dataTemplate(t)
	p := tpl.one(t, "AWS::S3::Bucket").Properties
	for property, want := range map[string]string{
		"BucketEncryption":        `{"ServerSideEncryptionConfiguration":[{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}`,
		"OwnershipControls":       `{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]}`,
		"VersioningConfiguration": `{"Status":"Enabled"}`,
		"PublicAccessBlockConfiguration": `{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,` +
			`"RestrictPublicBuckets":true}`,
		"LifecycleConfiguration": `{"Rules":[{"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1},` +
			`"NoncurrentVersionExpiration":{"NoncurrentDays":7},"Status":"Enabled"}]}`,
	} {
		if got := asJSON(t, p[property]); got != want {
			t.Errorf("%s is %s, want %s", property, got, want)
		}
	}
	if got, want := asText(p["BucketName"]), names.CertificatesBucket("<AccountId>", "eu-central-1"); got != want {
		t.Errorf("the bucket is %s, but the host's role allows %s", got, want)
	}
	policy := asJSON(t, tpl.one(t, "AWS::S3::BucketPolicy").Properties["PolicyDocument"])
	if strings.Contains(policy, `"Allow"`) || !strings.Contains(policy, `{"Action":"s3:*","Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"`) {
		t.Errorf("the policy is %s", policy)
	}
}

func TestEnhancedScanningIsAnOption(t *testing.T) {
	const kind = "AWS::ECR::RegistryScanningConfiguration"
	for deployment := range deployments {
		for stack, tpl := range synth(t, deployment).templates {
			if deployment != "ec2-full" || stack != dataStack {
				if len(tpl.of(kind)) != 0 {
					t.Errorf("%s: %s changes how ECR scans all repositories of the account", deployment, stack)
				}
				continue
			}
			r := tpl.one(t, kind)
			if got, want := asJSON(t, r.Properties), `{"Rules":[{"RepositoryFilters":[{"Filter":"password-manager","FilterType":"WILDCARD"}],`+
				`"ScanFrequency":"CONTINUOUS_SCAN"}],"ScanType":"ENHANCED"}`; got != want {
				t.Errorf("%s: the configuration is %s, want %s", deployment, got, want)
			}
			if r.DeletionPolicy == "Retain" {
				t.Errorf("%s: it would remain, and cost money, after the option is turned off", deployment)
			}
		}
	}
}

func TestSettingsOfTheServer(t *testing.T) {
	got := map[string]string{}
	for _, r := range dataTemplate(t).of("AWS::SSM::Parameter") {
		if r.Properties["Type"] != "String" {
			t.Errorf("%v has type %v: a template must not hold a secret value", r.Properties["Name"], r.Properties["Type"])
		}
		got[r.Properties["Name"].(string)] = asText(r.Properties["Value"])
	}
	want := map[string]string{
		"/password-manager/AWS_REGION":               "eu-central-1",
		"/password-manager/PORT":                     "5001",
		"/password-manager/STORE":                    "dynamodb",
		"/password-manager/DYNAMODB_USERS_TABLE":     "PasswordManager-Users",
		"/password-manager/DYNAMODB_ACCOUNTS_TABLE":  "PasswordManager-Accounts",
		"/password-manager/DYNAMODB_PASSWORDS_TABLE": "PasswordManager-Passwords",
		"/password-manager/DYNAMODB_SESSIONS_TABLE":  "PasswordManager-Sessions",
		"/password-manager/DYNAMODB_VAULTS_TABLE":    "PasswordManager-Vaults",
		"/password-manager/DYNAMODB_EVENTS_TABLE":    "PasswordManager-Events",
		"/password-manager/AUDIT_DAYS":               "400",
		"/password-manager/REGISTRATION":             "invite",
	}
	if asJSON(t, got) != asJSON(t, want) {
		t.Errorf("settings are %s, want %s", asJSON(t, got), asJSON(t, want))
	}
}

func TestDataOutlivesItsStack(t *testing.T) {
	for id, r := range synth(t, "ec2-full").templates[dataStack].Resources {
		if slices.Contains([]string{"AWS::Logs::MetricFilter", "AWS::ECR::RegistryScanningConfiguration", "AWS::Budgets::Budget", "AWS::Backup::BackupPlan",
			"AWS::Backup::BackupSelection", "AWS::IAM::Role", "AWS::IAM::Policy"}, r.Type) {
			continue // no data
		}
		if r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
			t.Errorf("%s (%s) is not retained: %q, %q", id, r.Type, r.DeletionPolicy, r.UpdateReplacePolicy)
		}
	}
}

func TestOnlyDataStacksAreProtected(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(synth(t, "ec2-full").dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Artifacts map[string]struct {
			Type       string
			Properties struct{ TerminationProtection bool }
		}
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		t.Fatal(err)
	}
	for name, a := range manifest.Artifacts {
		if a.Type == "aws:cloudformation:stack" && a.Properties.TerminationProtection != (name == dataStack || name == "PasswordManager-SecondRegion") {
			t.Errorf("termination protection of %s is %v", name, a.Properties.TerminationProtection)
		}
	}
}

func TestNoTemplateHoldsTheSecret(t *testing.T) {
	for deployment := range deployments {
		for stack, tpl := range synth(t, deployment).templates {
			for id, r := range tpl.of("AWS::SSM::Parameter") {
				if strings.Contains(asText(r.Properties["Name"]), names.EnvSessionSecret) {
					t.Errorf("%s: %s of %s creates the secret", deployment, id, stack)
				}
			}
		}
	}
}

func TestBudgetNotifiesByEmail(t *testing.T) {
	budget := synth(t, "ec2-full").templates[dataStack].one(t, "AWS::Budgets::Budget").Properties
	if got, want := asJSON(t, budget["Budget"]), `{"BudgetLimit":{"Amount":40,"Unit":"USD"},"BudgetType":"COST","TimeUnit":"MONTHLY"}`; got != want {
		t.Errorf("the budget is %s, want %s", got, want)
	}
	var notifications []string
	for _, n := range listOf(budget["NotificationsWithSubscribers"]) {
		notifications = append(notifications, asJSON(t, n))
	}
	const form = `{"Notification":{"ComparisonOperator":"GREATER_THAN","NotificationType":%q,"Threshold":%d,"ThresholdType":"PERCENTAGE"},` +
		`"Subscribers":[{"Address":"night@example.org","SubscriptionType":"EMAIL"}]}`
	compareLines(t, notifications, []string{fmt.Sprintf(form, "ACTUAL", 80), fmt.Sprintf(form, "ACTUAL", 100), fmt.Sprintf(form, "FORECASTED", 100)})
	if n := len(synth(t, "ec2-minimal").templates[dataStack].of("AWS::Budgets::Budget")); n != 0 {
		t.Errorf("%d budgets without the option", n)
	}
}
