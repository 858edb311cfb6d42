package main

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"example.com/saga/operator/catalogue"
	"example.com/saga/operator/deadletter"
)

// live reads how the stack is doing. It needs the permissions sqs:GetQueueAttributes and
// lambda:ListEventSourceMappings.
func (s saga) live(ctx context.Context) (catalogue.Live, error) {
	live := catalogue.Live{Queues: make(map[string]catalogue.Depth), Stopped: make(map[string]string)}
	client := sqs.NewFromConfig(s.config)
	for path, url := range s.in.Queues {
		depth, err := deadletter.ReadDepth(ctx, client, url)
		if err != nil {
			return live, err
		}
		live.Queues[path] = catalogue.Depth{Visible: depth.Visible, InFlight: depth.InFlight}
	}
	pages := lambda.NewListEventSourceMappingsPaginator(lambda.NewFromConfig(s.config), &lambda.ListEventSourceMappingsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return live, err
		}
		for _, mapping := range page.EventSourceMappings {
			// https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
			state, path := aws.ToString(mapping.State), s.functionPath(aws.ToString(mapping.FunctionArn))
			if path != "" && (state == "Disabled" || state == "Disabling") {
				live.Stopped[path] = "its event source mapping is disabled"
			}
		}
	}
	return live, nil
}

// functionPath returns the construct path of the function with an ARN, which may be that
// of a version or an alias, or "" if it is not one of the stack.
func (s saga) functionPath(arn string) string {
	_, qualified, _ := strings.Cut(arn, ":function:")
	name, _, _ := strings.Cut(qualified, ":")
	for path, each := range s.in.Functions {
		if each == name {
			return path
		}
	}
	return ""
}
