package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"example.com/saga/operator/catalogue"
)

// live reads how the stack is doing. It needs the permissions sqs:GetQueueAttributes and
// lambda:ListEventSourceMappings.
func (s saga) live(ctx context.Context) (catalogue.Live, error) {
	live := catalogue.Live{Queues: make(map[string]catalogue.Depth), Stopped: make(map[string]string)}
	client := sqs.NewFromConfig(s.config)
	for path, url := range s.in.Queues {
		var err error
		if live.Queues[path], err = readDepth(ctx, client, url); err != nil {
			return live, err
		}
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

func readDepth(ctx context.Context, client *sqs.Client, url string) (catalogue.Depth, error) {
	visible, inFlight := types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{visible, inFlight}})
	if err != nil {
		return catalogue.Depth{}, err
	}
	var depth catalogue.Depth
	if depth.Visible, err = strconv.Atoi(out.Attributes[string(visible)]); err != nil {
		return depth, err
	}
	depth.InFlight, err = strconv.Atoi(out.Attributes[string(inFlight)])
	return depth, err
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
