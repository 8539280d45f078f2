package preflight

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
)

// problems turns joined errors into Problems without duplicates, and nil into nil.
func problems(err error, who identity) error {
	var all Problems
	var add func(error)
	add = func(err error) {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			for _, one := range joined.Unwrap() {
				add(one)
			}
			return
		}
		sentence := strings.NewReplacer("\r", "", "\n", " ").Replace(err.Error())
		if action, ok := deniedAction(err); ok {
			sentence = fmt.Sprintf("%s lacks the permission %s, which the preflight needs: add it", who.arn, action)
		}
		if !slices.Contains(all, sentence) {
			all = append(all, sentence)
		}
	}
	if err == nil {
		return nil
	}
	add(err)
	return all
}

// iamPrefix lists services whose prefix in IAM is not the lower-case name in the SDK.
var iamPrefix = map[string]string{"CloudWatch Logs": "logs"}

// iamAction lists calls whose IAM action has another name.
var iamAction = map[string]string{"ListObjectsV2": "ListBucket"}

// deniedAction returns the IAM action that was denied, if err is such a denial.
func deniedAction(err error) (string, bool) {
	refusal, ok := errors.AsType[smithy.APIError](err)
	if !ok || !slices.Contains([]string{"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}, refusal.ErrorCode()) {
		return "", false
	}
	call, ok := errors.AsType[*smithy.OperationError](err)
	if !ok {
		return "", false
	}
	prefix, ok := iamPrefix[call.Service()]
	if !ok {
		prefix = strings.ToLower(call.Service())
	}
	action, ok := iamAction[call.Operation()]
	if !ok {
		action = call.Operation()
	}
	return prefix + ":" + action, true
}

// hasCode reports whether err is an AWS error with one of the codes.
func hasCode(err error, codes ...string) bool {
	refusal, ok := errors.AsType[smithy.APIError](err)
	return ok && slices.Contains(codes, refusal.ErrorCode())
}
