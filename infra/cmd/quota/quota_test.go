package main

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/google/go-cmp/cmp"

	"example.com/saga/infra/environment"
)

// account is an account of AWS with functions, of which some have a reservation.
type account struct {
	id       string
	quota    int32
	reserved map[string]int32
	// denied is an action that the credentials do not allow.
	denied string
	calls  []string
}

func (a *account) call(action string) error {
	a.calls = append(a.calls, action)
	if action == a.denied {
		return errors.New("AccessDeniedException")
	}
	return nil
}

func (a *account) GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error) {
	return &sts.GetCallerIdentityOutput{Account: &a.id}, a.call("sts:GetCallerIdentity")
}

func (a *account) GetAccountSettings(context.Context, *lambda.GetAccountSettingsInput, ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error) {
	unreserved := a.quota
	for _, reserved := range a.reserved {
		unreserved -= reserved
	}
	limit := &types.AccountLimit{ConcurrentExecutions: a.quota, UnreservedConcurrentExecutions: &unreserved}
	return &lambda.GetAccountSettingsOutput{AccountLimit: limit}, a.call("lambda:GetAccountSettings")
}

// ListFunctions returns one function a page.
func (a *account) ListFunctions(_ context.Context, input *lambda.ListFunctionsInput, _ ...func(*lambda.Options)) (*lambda.ListFunctionsOutput, error) {
	output := &lambda.ListFunctionsOutput{}
	names := []string{"mail-Sender-1", "saga-prod-LoyaltyWorker-1", "saga-prod-OrderApi-1", "saga-production-Worker-1"}
	for i, name := range names {
		if marker := aws.ToString(input.Marker); marker != "" && marker != name {
			continue
		}
		output.Functions = []types.FunctionConfiguration{{FunctionName: &name}}
		if i+1 < len(names) {
			output.NextMarker = &names[i+1]
		}
		break
	}
	return output, a.call("lambda:ListFunctions")
}

func (a *account) GetFunctionConcurrency(_ context.Context, input *lambda.GetFunctionConcurrencyInput, _ ...func(*lambda.Options)) (*lambda.GetFunctionConcurrencyOutput, error) {
	output := &lambda.GetFunctionConcurrencyOutput{}
	if reserved, has := a.reserved[*input.FunctionName]; has {
		output.ReservedConcurrentExecutions = &reserved
	}
	return output, a.call("lambda:GetFunctionConcurrency")
}

func prod(t *testing.T) environment.Settings {
	t.Helper()
	settings, err := environment.Named("prod")
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func TestWhatTheStackHasReservedIsReadOnlyIfItMatters(t *testing.T) {
	const id = "222222222222"
	first := []string{"sts:GetCallerIdentity", "lambda:GetAccountSettings"}
	all := append(first,
		"lambda:ListFunctions", "lambda:ListFunctions", "lambda:GetFunctionConcurrency",
		"lambda:ListFunctions", "lambda:GetFunctionConcurrency", "lambda:ListFunctions")
	for name, test := range map[string]struct {
		account account
		want    environment.Quota
		calls   []string
	}{
		"a new account": {account{id: id, quota: 10}, environment.Quota{Total: 10, Unreserved: 10}, first},
		"a large quota, of which others have reserved a part": {
			account{id: id, quota: 1000, reserved: map[string]int32{"mail-Sender-1": 500}},
			environment.Quota{Total: 1000, Unreserved: 500},
			first,
		},
		"a quota that is too small in any case": {
			account{id: id, quota: 109, reserved: map[string]int32{"saga-prod-LoyaltyWorker-1": 9}},
			environment.Quota{Total: 109, Unreserved: 100},
			first,
		},
		"a quota that is just enough for the stack, which is there": {
			account{id: id, quota: 110, reserved: map[string]int32{"saga-prod-LoyaltyWorker-1": 8, "saga-prod-OrderApi-1": 2}},
			environment.Quota{Total: 110, Unreserved: 100, ReservedByStack: 10},
			all,
		},
		"reservations of others, also of a stack with a similar name": {
			account{id: id, quota: 110, reserved: map[string]int32{"mail-Sender-1": 5, "saga-production-Worker-1": 5}},
			environment.Quota{Total: 110, Unreserved: 100},
			all,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readQuota(t.Context(), prod(t), &test.account, &test.account)
			if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
				t.Errorf("the quota (-want +got):\n%s%v", diff, err)
			}
			if diff := cmp.Diff(test.calls, test.account.calls); diff != "" {
				t.Errorf("the calls (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAQuotaThatCannotBeReadIsAnErrorWithTheReason(t *testing.T) {
	own := map[string]int32{"saga-prod-LoyaltyWorker-1": 10}
	for action, test := range map[string]struct {
		id, want string
	}{
		"sts:GetCallerIdentity":         {"222222222222", "sts:GetCallerIdentity: AccessDenied"},
		"lambda:GetAccountSettings":     {"222222222222", "lambda:GetAccountSettings: AccessDenied"},
		"lambda:ListFunctions":          {"222222222222", "lambda:ListFunctions, for what the stack has reserved: AccessDenied"},
		"lambda:GetFunctionConcurrency": {"222222222222", "lambda:GetFunctionConcurrency of saga-prod-LoyaltyWorker-1: AccessDenied"},
		"none, of another account":      {"333333333333", "the credentials are of account 333333333333, and environment prod is in account 222222222222"},
	} {
		of := &account{id: test.id, quota: 110, reserved: own, denied: action}
		if _, err := readQuota(t.Context(), prod(t), of, of); err == nil || !strings.HasPrefix(err.Error(), test.want) {
			t.Errorf("without %s the error is %v, want %s", action, err, test.want)
		}
	}
}
