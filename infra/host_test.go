//go:build system

package main

import (
	"fmt"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	_ "github.com/vaultsphere/vaultsphere/internal/testenv/environ"
)

func hostTemplate(t *testing.T, deployment string) stackTemplate {
	return synth(t, deployment).templates["PasswordManager-Host"]
}

func TestHostIsHardened(t *testing.T) {
	p := hostTemplate(t, "ec2-minimal").one(t, "AWS::EC2::Instance").Properties
	for property, want := range map[string]string{
		"MetadataOptions":     `{"HttpPutResponseHopLimit":2,"HttpTokens":"required"}`,
		"BlockDeviceMappings": `[{"DeviceName":"/dev/xvda","Ebs":{"DeleteOnTermination":true,"Encrypted":true,"VolumeSize":20,"VolumeType":"gp3"}}]`,
		"Monitoring":          `true`,
		"ImageId":             `"` + testImage + `"`,
		"InstanceType":        `"t4g.small"`,
		"KeyName":             `null`,
	} {
		if got := asJSON(t, p[property]); got != want {
			t.Errorf("%s is %s, want %s", property, got, want)
		}
	}
}

func TestHostHasOneFixedAddress(t *testing.T) {
	tpl := hostTemplate(t, "ec2-minimal")
	address := tpl.one(t, "AWS::EC2::EIP").Properties
	for id := range tpl.of("AWS::EC2::Instance") {
		if got := asText(address["InstanceId"]); got != "<"+id+">" {
			t.Errorf("the address belongs to %s, want %s", got, id)
		}
	}
	for deployment, site := range map[string]string{"ec2-minimal": "<Address>", "ec2-full": "vault.example.org"} {
		var got []string
		for _, parameter := range hostTemplate(t, deployment).of("AWS::SSM::Parameter") {
			got = append(got, asText(parameter.Properties["Name"])+"="+asText(parameter.Properties["Value"]))
		}
		compareLines(t, got, []string{"/password-manager/SITE_ADDRESS=" + site, "/password-manager/host/ADDRESS=<Address>"})
	}
}

// A deploy that changes the host creates a new one, and keeps the old one until the new one signals that it is ready.
func TestNewHostMustSignalBeforeReplacement(t *testing.T) {
	for id, r := range hostTemplate(t, "ec2-minimal").of("AWS::EC2::Instance") {
		if got := asJSON(t, r.CreationPolicy); got != `{"ResourceSignal":{"Timeout":"PT15M"}}` {
			t.Errorf("%s waits for %s", id, got)
		}
		if script := userData(t, "ec2-minimal"); !strings.Contains(script, "cfn-signal --stack PasswordManager-Host --resource "+id+" ") {
			t.Errorf("user data does not signal for %s", id)
		}
		for other := range hostTemplate(t, "ec2-full").of("AWS::EC2::Instance") {
			if other == id {
				t.Error("different user data, but the same logical id: CloudFormation would restart the host without running it")
			}
		}
	}
}

func TestHostFirewallRules(t *testing.T) {
	open := []string{"tcp 80-80 0.0.0.0/0", "tcp 443-443 0.0.0.0/0", "udp 443-443 0.0.0.0/0"}
	for deployment, want := range map[string][]string{
		"ec2-minimal": open,
		"ec2-full":    append(slices.Clone(open), "tcp 22-22 203.0.113.0/24"),
	} {
		group := hostTemplate(t, deployment).one(t, "AWS::EC2::SecurityGroup").Properties
		if got := rules(group["SecurityGroupIngress"]); !slices.Equal(got, want) {
			t.Errorf("%s: ingress is %q, want %q", deployment, got, want)
		}
		if got := rules(group["SecurityGroupEgress"]); !slices.Equal(got, []string{"tcp 443-443 0.0.0.0/0"}) {
			t.Errorf("%s: egress is %q", deployment, got)
		}
	}
}

func rules(v any) []string {
	var lines []string
	for _, r := range listOf(v) {
		r := r.(map[string]any)
		lines = append(lines, fmt.Sprintf("%v %v-%v %v", r["IpProtocol"], r["FromPort"], r["ToPort"], r["CidrIp"]))
	}
	return lines
}

func TestHostRoleIsMinimal(t *testing.T) {
	tpl := hostTemplate(t, "ec2-minimal")
	table := func(name string) string {
		return "arn:aws:dynamodb:eu-central-1:<AccountId>:table/PasswordManager-" + name
	}
	want := []string{
		`Allow sts:AssumeRole by {"Service":"ec2.amazonaws.com"}`,
		"Allow ecr:GetAuthorizationToken on *",
	}
	for _, action := range []string{"BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"} {
		want = append(want, "Allow ecr:"+action+" on arn:aws:ecr:eu-central-1:<AccountId>:repository/password-manager")
	}
	for _, action := range []string{"BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", "UpdateItem"} {
		for _, r := range []string{"Users", "Accounts", "Passwords", "Sessions", "Vaults"} {
			want = append(want, "Allow dynamodb:"+action+" on "+table(r))
		}
	}
	for _, action := range []string{"Query", "UpdateItem"} { // nobody who takes over the server deletes events
		want = append(want, "Allow dynamodb:"+action+" on "+table("Events"))
	}
	for _, r := range []string{"Accounts/index/by-revision", "Passwords/index/by-revision"} {
		want = append(want, "Allow dynamodb:Query on "+table(r))
	}
	for _, action := range []string{"GetParameter", "GetParameters", "GetParametersByPath"} {
		for _, path := range []string{"/password-manager", "/password-manager/*"} {
			want = append(want, "Allow ssm:"+action+" on arn:aws:ssm:eu-central-1:<AccountId>:parameter"+path)
		}
	}
	for _, action := range []string{"GetObject", "PutObject"} {
		want = append(want, "Allow s3:"+action+" on arn:aws:s3:::password-manager-certs-<AccountId>-eu-central-1/certificates.tar")
	}
	want = append(want, "Allow kms:GetPublicKey on arn:aws:kms:eu-central-1:<AccountId>:key/*"+ifSigningKey)
	want = append(want, "Allow ssm:PutParameter on arn:aws:ssm:eu-central-1:<AccountId>:parameter/password-manager/RELEASE")
	for _, action := range []string{"CreateLogStream", "DescribeLogStreams", "PutLogEvents"} {
		want = append(want, "Allow logs:"+action+" on arn:aws:logs:eu-central-1:<AccountId>:log-group:/password-manager/containers:*")
	}
	want = append(want, "Allow ec2:DescribeImages on *", `Allow ec2:CreateTags on arn:aws:ec2:eu-central-1:<AccountId>:instance/* if `+
		`{"ForAllValues:StringEquals":{"aws:TagKeys":["SSHHostKey"]},"StringEquals":{"aws:ResourceTag/Name":"password-manager"}}`)
	want = append(want, `Allow cloudwatch:PutMetricData on * if {"StringEquals":{"cloudwatch:namespace":"PasswordManager"}}`)
	for _, action := range []string{
		"ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
		"ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
	} {
		want = append(want, "Allow "+action+" on *")
	}
	compareLines(t, tpl.permissions(t, roleOf(t, tpl, "VaultSphere host")), want)
}

func roleOf(t *testing.T, tpl stackTemplate, description string) string {
	t.Helper()
	for id, r := range tpl.of("AWS::IAM::Role") {
		if r.Properties["Description"] == description {
			return id
		}
	}
	t.Fatalf("no role %q", description)
	return ""
}

func compareLines(t *testing.T, got, want []string) {
	t.Helper()
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("unexpected: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("missing:    %s", line)
		}
	}
}

// These actions do not support resources. All others must name theirs.
func TestWildcardsOnlyWhereUnavoidable(t *testing.T) {
	unavoidable := []string{
		"backup:ListBackupVaults", "cloudformation:DescribeStackResources", "cloudwatch:PutMetricData", "ec2:DescribeImages",
		"ec2:DescribeInstanceTypeOfferings", "ec2:DescribeInstances", "ec2:DescribeSubnets", "ecr:GetAuthorizationToken",
		"ecr:GetRegistryScanningConfiguration", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:ListTasks",
		"logs:DescribeLogGroups", "ssm:UpdateInstanceInformation",
		"ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel", "ssmmessages:OpenControlChannel",
		"ssmmessages:OpenDataChannel",
	}
	for deployment := range deployments {
		for stack, tpl := range synth(t, deployment).templates {
			for role := range tpl.of("AWS::IAM::Role") {
				for _, line := range tpl.permissions(t, role) {
					action, on, _ := strings.Cut(strings.TrimPrefix(line, "Allow "), " on ")
					if strings.HasPrefix(line, "Allow sts:AssumeRoleWithWebIdentity by ") {
						continue // TestBranchSubjectMatchesMainsProjectOrOneJob checks its wildcard
					}
					if strings.Contains(action, "*") || strings.HasPrefix(on, "*") && !slices.Contains(unavoidable, action) {
						t.Errorf("%s: %s: role %s: %s", deployment, stack, role, line)
					}
				}
			}
		}
	}
}

// The test reads the calls from the source of the store, so a call without permission fails here and not in production.
func TestTableActionsMatchTheStore(t *testing.T) {
	inTransactions := map[string]string{
		"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem",
	}
	called := map[string]bool{}
	files, err := filepath.Glob("../app/store/dynamo/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("the source of the store is missing: %v", err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") || filepath.Base(f) == "tables.go" { // only for DynamoDB Local
			continue
		}
		parsed, err := goparser.ParseFile(token.NewFileSet(), f, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			switch on := selector.X.(type) {
			case *ast.SelectorExpr: // s.db.GetItem
				if on.Sel.Name == "db" && selector.Sel.Name != "TransactWriteItems" {
					called["dynamodb:"+selector.Sel.Name] = true
				}
			case *ast.Ident: // types.Put; dynamodb.NewQueryPaginator
				if action, ok := inTransactions[selector.Sel.Name]; ok && on.Name == "types" {
					called["dynamodb:"+action] = true
				}
				if name, ok := strings.CutPrefix(selector.Sel.Name, "New"); ok && on.Name == "dynamodb" && strings.HasSuffix(name, "Paginator") {
					called["dynamodb:"+strings.TrimSuffix(name, "Paginator")] = true
				}
			}
			return true
		})
	}
	delete(called, "dynamodb:Scan") // by vaultsphered close, with the operator's credentials
	var actions []string
	for a := range called {
		actions = append(actions, a)
	}
	compareLines(t, tableActions, actions)
}

// userData returns the script of the first boot, with <references> in place of values that CloudFormation inserts.
func userData(t *testing.T, deployment string) string {
	t.Helper()
	p := hostTemplate(t, deployment).one(t, "AWS::EC2::Instance").Properties
	return asText(p["UserData"].(map[string]any)["Fn::Base64"])
}

// publishedCompose are the checksums that Docker publishes for v2.40.3. They repeat those in userdata.go on purpose.
var publishedCompose = map[string]string{
	"x86_64":  "dba9d98e1ba5bfe11d88c99b9bd32fc4a0624a30fafe68eea34d61a3e42fd372",
	"aarch64": "d26373b19e89160546d15407516cc59f453030d9bc5b43ba7faf16f7b4980137",
}

func TestUserDataIsValidAndFits(t *testing.T) {
	for deployment, cpu := range map[string]string{"ec2-minimal": "aarch64", "ec2-full": "x86_64"} {
		script, id := userData(t, deployment), ""
		for id = range hostTemplate(t, deployment).of("AWS::EC2::Instance") {
			break
		}
		if len(script) > 15_000 { // EC2 allows 16 KiB, and references grow a little
			t.Errorf("%s: user data has %d bytes", deployment, len(script))
		}
		check := exec.Command("bash", "-n")
		check.Stdin = strings.NewReader(script)
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", deployment, err, out)
		}
		for _, want := range []string{
			"/v2.40.3/docker-compose-linux-" + cpu + "'",
			"echo '" + publishedCompose[cpu] + "  '",
			"/opt/aws/bin/cfn-init --stack 'PasswordManager-Host' --resource '" + id + "' --region '",
			"systemctl enable --now --no-block password-manager",
		} {
			if !strings.Contains(script, want) {
				t.Errorf("%s: user data lacks %q", deployment, want)
			}
		}
	}
}

// hostFilesOf returns the files that cfn-init writes by path, with <references> in place of values that CloudFormation inserts.
func hostFilesOf(t *testing.T, deployment string) map[string]map[string]any {
	t.Helper()
	metadata := hostTemplate(t, deployment).one(t, "AWS::EC2::Instance").Metadata["AWS::CloudFormation::Init"].(map[string]any)
	files := map[string]map[string]any{}
	for path, file := range metadata["config"].(map[string]any)["files"].(map[string]any) {
		files[path] = file.(map[string]any)
		files[path]["content"] = asText(files[path]["content"])
	}
	return files
}

// The host gets the files of the repository, where they are linted and tested.
func TestHostGetsEveryFile(t *testing.T) {
	files := hostFilesOf(t, "ec2-minimal")
	folder, err := os.ReadDir("host")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folder {
		content, err := os.ReadFile(filepath.Join("host", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		last := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
		want := last[len(last)-1] + "\n"
		if f.Name() == "user-data.sh" {
			continue
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(files)), func(file map[string]any) bool { return strings.HasSuffix(file["content"].(string), want) }) {
			t.Errorf("the host does not get all of %s", f.Name())
		}
	}
	for path, file := range files {
		mode := "000644"
		if strings.HasPrefix(file["content"].(string), "#!") {
			mode = "000755"
		}
		if file["mode"] != mode || file["owner"] != "root" || file["group"] != "root" {
			t.Errorf("%s has mode %s and owner %s:%s, want %s and root:root", path, file["mode"], file["owner"], file["group"], mode)
		}
		// Docker replaces these.
		content := strings.NewReplacer("{{.Name}}/{{.ID}}", "", "'{{.Mountpoint}}'", "").Replace(file["content"].(string))
		for _, left := range []string{"{{", "<no value>"} {
			if strings.Contains(content, left) {
				t.Errorf("%s holds %q", path, left)
			}
		}
	}
	if content := files["/etc/password-manager.env"]["content"].(string); !strings.Contains(content, "REPOSITORY=<AccountId>.dkr.ecr.") {
		t.Errorf("the settings of the host are %q", content)
	}
}

// A changed file must replace the host, because user data only runs on the first boot.
func TestUserDataChangesWithTheFiles(t *testing.T) {
	match := regexp.MustCompile(`(?m)^# The files ([0-9a-f]{64})$`).FindStringSubmatch(userData(t, "ec2-minimal"))
	other := regexp.MustCompile(`(?m)^# The files ([0-9a-f]{64})$`).FindStringSubmatch(userData(t, "ec2-full"))
	if match == nil || other == nil || match[1] == other[1] {
		t.Errorf("the digests of the files are %q and %q, of two deployments in two regions", match, other)
	}
}
