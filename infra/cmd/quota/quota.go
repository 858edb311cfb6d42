package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"example.com/saga/infra/environment"
)

// identityAPI returns whose credentials are used. It needs no permission.
type identityAPI interface {
	GetCallerIdentity(ctx context.Context, input *sts.GetCallerIdentityInput, options ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
}

// lambdaAPI reads the concurrency of an account and of its functions.
type lambdaAPI interface {
	lambda.ListFunctionsAPIClient
	GetAccountSettings(ctx context.Context, input *lambda.GetAccountSettingsInput, options ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error)
	GetFunctionConcurrency(ctx context.Context, input *lambda.GetFunctionConcurrencyInput, options ...func(*lambda.Options)) (*lambda.GetFunctionConcurrencyOutput, error)
}

// readQuota reads the quota of the environment's account. What the stack has reserved is
// read only if that decides whether the quota is too small: it takes two more permissions.
func readQuota(ctx context.Context, settings environment.Settings, identity identityAPI, functions lambdaAPI) (environment.Quota, error) {
	if err := checkAccount(ctx, settings, identity); err != nil {
		return environment.Quota{}, err
	}
	account, err := functions.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return environment.Quota{}, fmt.Errorf("lambda:GetAccountSettings: %w", err)
	}
	limit := account.AccountLimit
	if limit == nil || limit.UnreservedConcurrentExecutions == nil {
		return environment.Quota{}, fmt.Errorf("lambda:GetAccountSettings returned no limits of the concurrency")
	}
	quota := environment.Quota{Total: int(limit.ConcurrentExecutions), Unreserved: int(*limit.UnreservedConcurrentExecutions)}
	isEnough := settings.CheckQuota(quota) == nil
	canBeEnough := settings.CheckQuota(environment.Quota{Unreserved: quota.Total}) == nil
	if isEnough || !canBeEnough {
		return quota, nil
	}
	quota.ReservedByStack, err = reserved(ctx, "saga-"+settings.Name+"-", functions)
	return quota, err
}

// checkAccount returns an error if the credentials are not of the environment's account:
// a deployment can assume a role there that this check does not know.
func checkAccount(ctx context.Context, settings environment.Settings, identity identityAPI) error {
	if settings.Account == "" {
		return nil
	}
	caller, err := identity.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return fmt.Errorf("sts:GetCallerIdentity: %w", err)
	}
	if account := aws.ToString(caller.Account); account != settings.Account {
		return fmt.Errorf("the credentials are of account %s, and environment %s is in account %s", account, settings.Name, settings.Account)
	}
	return nil
}

// reserved returns how many concurrent executions are reserved for functions whose names
// have a prefix: CloudFormation begins a name with that of the stack.
func reserved(ctx context.Context, prefix string, functions lambdaAPI) (int, error) {
	total := 0
	pages := lambda.NewListFunctionsPaginator(functions, &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return 0, fmt.Errorf("lambda:ListFunctions, for what the stack has reserved: %w", err)
		}
		for _, function := range page.Functions {
			if !strings.HasPrefix(aws.ToString(function.FunctionName), prefix) {
				continue
			}
			output, err := functions.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: function.FunctionName})
			if err != nil {
				return 0, fmt.Errorf("lambda:GetFunctionConcurrency of %s: %w", aws.ToString(function.FunctionName), err)
			}
			total += int(aws.ToInt32(output.ReservedConcurrentExecutions))
		}
	}
	return total, nil
}
