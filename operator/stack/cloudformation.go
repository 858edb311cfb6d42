package stack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Templates is the part of the CloudFormation client that Template uses.
type Templates interface {
	GetTemplate(context.Context, *cloudformation.GetTemplateInput, ...func(*cloudformation.Options)) (*cloudformation.GetTemplateOutput, error)
}

// CloudFormation is the part of the CloudFormation client that Describe uses.
type CloudFormation interface {
	Templates
	cloudformation.ListStackResourcesAPIClient
}

// Describe finds a stack in AWS by its name. The template that it was deployed from has
// the construct of each resource, CloudFormation has its physical id. It needs the permissions cloudformation:GetTemplate and
// cloudformation:ListStackResources.
func Describe(ctx context.Context, client CloudFormation, name string) (Stack, error) {
	template, err := Template(ctx, client, name)
	if err != nil {
		return Stack{}, err
	}
	paths, err := constructPaths(template)
	if err != nil {
		return Stack{}, fmt.Errorf("read the template of stack %s: %w", name, err)
	}
	found := Stack{
		Name:   name,
		Queues: map[string]string{}, Tables: map[string]string{}, Functions: map[string]string{}, LogGroups: map[string]string{},
		Connections: map[string]string{}, Secrets: map[string]string{},
		Archives: map[string]string{}, Rules: map[string]string{}, Buses: map[string]string{},
	}
	pages := cloudformation.NewListStackResourcesPaginator(client, &cloudformation.ListStackResourcesInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return Stack{}, fmt.Errorf("list the resources of stack %s: %w", name, err)
		}
		for _, resource := range page.StackResourceSummaries {
			if err := found.add(resource, paths); err != nil {
				return Stack{}, fmt.Errorf("stack %s: %w", name, err)
			}
		}
	}
	return found, nil
}

func (s Stack) add(resource types.StackResourceSummary, paths map[string]string) error {
	kinds := map[string]map[string]string{
		"AWS::SQS::Queue":             s.Queues,
		"AWS::DynamoDB::Table":        s.Tables,
		"AWS::Lambda::Function":       s.Functions,
		"AWS::Logs::LogGroup":         s.LogGroups,
		"AWS::Events::Connection":     s.Connections,
		"AWS::SecretsManager::Secret": s.Secrets,
		"AWS::Events::Archive":        s.Archives,
		"AWS::Events::EventBus":       s.Buses,
		"AWS::Events::Rule":           s.Rules,
	}
	kind, wanted := kinds[aws.ToString(resource.ResourceType)]
	if !wanted {
		return nil
	}
	logicalID := aws.ToString(resource.LogicalResourceId)
	path := paths[logicalID]
	if path == "" {
		return fmt.Errorf("the template has no construct path of %s: was it deployed by the CDK command line?", logicalID)
	}
	if resource.PhysicalResourceId == nil {
		return fmt.Errorf("%s does not exist yet: it is %s", path, resource.ResourceStatus)
	}
	kind[path] = *resource.PhysicalResourceId
	return nil
}

// Template returns the template that a stack was deployed from, in AWS or in the local
// cloud. It needs the permission cloudformation:GetTemplate.
func Template(ctx context.Context, client Templates, name string) ([]byte, error) {
	out, err := client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: &name, TemplateStage: types.TemplateStageOriginal})
	if err != nil {
		return nil, fmt.Errorf("get the template of stack %s: %w", name, err)
	}
	return []byte(aws.ToString(out.TemplateBody)), nil
}

// constructPaths returns the construct path of each resource by its logical id,
// from the metadata that the CDK command line puts into the template. The
// path begins with the stack, and ends with Resource for a construct's main one.
func constructPaths(encoded []byte) (map[string]string, error) {
	var template struct {
		Resources map[string]struct {
			Metadata struct {
				Path string `json:"aws:cdk:path"`
			}
		}
	}
	if err := json.Unmarshal(encoded, &template); err != nil {
		return nil, err
	}
	paths := make(map[string]string)
	for logicalID, resource := range template.Resources {
		_, path, _ := strings.Cut(resource.Metadata.Path, "/")
		paths[logicalID] = strings.TrimSuffix(path, "/Resource")
	}
	return paths, nil
}
