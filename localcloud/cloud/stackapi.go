package cloud

import (
	"context"
	"maps"
	"slices"
	"time"

	"example.com/saga/localcloud/wire"
)

// complete is the status of a stack, and of each of its resources, once it is up.
const complete = "CREATE_COMPLETE"

// stackAPI is the part of CloudFormation's wire protocol that describes the stack.
func (c *Cloud) stackAPI() wire.Service {
	return wire.Service{Target: "cloudformation", ContentType: wire.Query, Operations: map[string]wire.Operation{
		"DescribeStacks":     wire.Op(c.describeStacks),
		"GetTemplate":        wire.Op(c.getTemplate),
		"ListStackResources": wire.Op(c.listStackResources),
	}}
}

// stackInput names a stack. All is on one page, so that there is no NextToken.
type stackInput struct{ StackName string }

type describeStacksOutput struct {
	Stacks []stackDescription `xml:"Stacks>member"`
}

type stackDescription struct {
	StackID      string `xml:"StackId"`
	StackName    string
	CreationTime time.Time
	StackStatus  string
	Outputs      []stackOutput `xml:"Outputs>member"`
}

type stackOutput struct{ OutputKey, OutputValue string }

// checkStack refuses a name that is not that of the stack. Without a name all stacks
// are meant, which DescribeStacks allows.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
func (c *Cloud) checkStack(ctx context.Context, action, name string) error {
	resource := c.assembly.ID
	switch {
	case name == "" && action == "DescribeStacks":
		resource = "*"
	case name == "":
		return wire.Errorf("ValidationError", "1 validation error detected: Value null at 'stackName' failed to satisfy constraint: Member must not be null")
	case name != c.assembly.Stack && name != c.assembly.ID:
		return wire.Errorf("ValidationError", "Stack with id %s does not exist", name)
	}
	return c.authority.authorize(ctx, "cloudformation:"+action, resource, nil)
}

func (c *Cloud) describeStacks(ctx context.Context, in *stackInput) (*describeStacksOutput, error) {
	if err := c.checkStack(ctx, "DescribeStacks", in.StackName); err != nil {
		return nil, err
	}
	described := stackDescription{StackID: c.assembly.ID, StackName: c.assembly.Stack, CreationTime: c.created, StackStatus: complete}
	for _, name := range slices.Sorted(maps.Keys(c.assembly.Outputs)) {
		described.Outputs = append(described.Outputs, stackOutput{name, c.assembly.Outputs[name]})
	}
	return &describeStacksOutput{[]stackDescription{described}}, nil
}

type listStackResourcesOutput struct {
	Resources []stackResource `xml:"StackResourceSummaries>member"`
}

type stackResource struct {
	LogicalResourceID    string `xml:"LogicalResourceId"`
	PhysicalResourceID   string `xml:"PhysicalResourceId"`
	ResourceType         string
	LastUpdatedTimestamp time.Time
	ResourceStatus       string
}

func (c *Cloud) listStackResources(ctx context.Context, in *stackInput) (*listStackResourcesOutput, error) {
	if err := c.checkStack(ctx, "ListStackResources", in.StackName); err != nil {
		return nil, err
	}
	out := new(listStackResourcesOutput)
	for _, each := range c.assembly.Resources {
		out.Resources = append(out.Resources, stackResource{each.LogicalID, each.Ref, each.Type, c.created, complete})
	}
	return out, nil
}

// The stages of a template are what was deployed, and that without transforms. They are
// the same, because a template with a transform cannot be loaded.
const (
	original  = "Original"
	processed = "Processed"
)

type getTemplateInput struct{ StackName, TemplateStage string }

type getTemplateOutput struct {
	StagesAvailable []string `xml:"StagesAvailable>member"`
	TemplateBody    string
}

// getTemplate implements
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_GetTemplate.html.
func (c *Cloud) getTemplate(ctx context.Context, in *getTemplateInput) (*getTemplateOutput, error) {
	stages := []string{original, processed}
	if in.TemplateStage != "" && !slices.Contains(stages, in.TemplateStage) {
		return nil, wire.Errorf("ValidationError", "1 validation error detected: Value '%s' at 'templateStage' failed to satisfy constraint: Member must satisfy enum value set: [Original, Processed]", in.TemplateStage)
	}
	if err := c.checkStack(ctx, "GetTemplate", in.StackName); err != nil {
		return nil, err
	}
	return &getTemplateOutput{stages, c.assembly.Template}, nil
}
