//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/vaultsphere/vaultsphere/internal/testenv/emulator"
	"github.com/vaultsphere/vaultsphere/internal/testenv/proxy"
)

// The test creates the role, assumes it like a branch's build, and denies what its policy does not allow, because the emulator does not
// enforce policies.
func TestDiffNeedsOnlyTheBranchRole(t *testing.T) {
	e := newEngineer(t)
	e.options(deployments["ec2-minimal"])
	template, err := filepath.Abs("testdata/ec2-minimal/PasswordManager-Pipeline.json")
	must(t, err)
	e.do("make", "bootstrap")
	e.do("aws", "cloudformation", "create-stack", "--stack-name", "PasswordManager-Pipeline", "--capabilities", "CAPABILITY_IAM",
		"--template-body", "file://"+template)
	stacks := e.stacks()

	role := e.aws("cloudformation describe-stacks --stack-name PasswordManager-Pipeline", "Stacks[0].Outputs[?OutputKey=='BranchRole'].OutputValue")
	_, name, _ := strings.Cut(role, "/")
	policy := e.aws("iam list-role-policies --role-name "+name, "PolicyNames")
	var document struct{ Statement []struct{ Action []string } }
	must(t, json.Unmarshal([]byte(e.do("aws", "iam", "get-role-policy", "--role-name", name, "--policy-name", policy, "--query", "PolicyDocument")), &document))
	if len(document.Statement) != 1 {
		t.Fatalf("the policy of %s is %+v", name, document)
	}
	allowed := document.Statement[0].Action
	key := strings.Fields(e.aws("sts assume-role --role-session-name branch --role-arn "+role, "Credentials.[AccessKeyId, SecretAccessKey, SessionToken]"))

	account, err := url.Parse(emulator.Endpoint(t))
	must(t, err)
	forward := proxy.To(account)
	var mu sync.Mutex
	used, denied := map[string]bool{}, map[string]bool{}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		action := emulator.Action(r, string(body))
		may := slices.Contains(allowed, action)
		mu.Lock()
		if may {
			used[action] = true
		} else {
			denied[action] = true
		}
		mu.Unlock()
		if !may && action != "sts:GetCallerIdentity" { // needs no permission
			http.Error(w, "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>"+action+"</Message></Error></ErrorResponse>", http.StatusForbidden)
			return
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(gate.Close)
	branch := *e
	branch.env = append(slices.Clone(e.env), "AWS_ENDPOINT_URL="+gate.URL, "AWS_ACCESS_KEY_ID="+key[0], "AWS_SECRET_ACCESS_KEY="+key[1], "AWS_SESSION_TOKEN="+key[2])
	out := branch.do("make", "diff")
	for _, want := range []string{"[+] AWS::DynamoDB::Table ", "Stack PasswordManager-Pipeline (aws://123456789012/eu-central-1)\nThere were no differences", "Number of stacks with differences: 2"} {
		if !strings.Contains(out, want) {
			t.Errorf("the diff lacks %q: %s", want, out)
		}
	}
	if got := slices.Sorted(maps.Keys(used)); !slices.Equal(got, allowed) {
		t.Errorf("the diff uses %q, but the role allows %q", got, allowed)
	}
	if got := slices.Sorted(maps.Keys(denied)); !slices.Equal(got, []string{"sts:AssumeRole", "sts:GetCallerIdentity"}) {
		t.Errorf("the diff also tries %q", got)
	}
	if now := e.stacks(); now != stacks {
		t.Errorf("make diff changed the stacks from %q to %q", stacks, now)
	}
}
