package assembly

import (
	"regexp"
	"slices"
	"strings"

	"example.com/saga/localcloud/lambda"
)

// Function is an AWS::Lambda::Function. Its code has the bootstrap that starts its runtime.
type Function struct {
	FunctionName string `cfn:"FunctionName"`
	Code         struct {
		S3Bucket Harmless `cfn:"S3Bucket" why:"the artefact is taken from its folder"`
		S3Key    string   `cfn:"S3Key,required"`
	} `cfn:"Code,required"`
	Role        string `cfn:"Role,required"`
	Runtime     string `cfn:"Runtime,required"`
	Handler     string `cfn:"Handler,required"`
	MemorySize  *int   `cfn:"MemorySize"`
	Timeout     *int   `cfn:"Timeout"`
	Environment struct {
		Variables map[string]string `cfn:"Variables"`
	} `cfn:"Environment"`
	// DeadLetterConfig is the queue for asynchronous invocations whose last attempt has failed.
	DeadLetterConfig struct {
		TargetARN string `cfn:"TargetArn,required"`
	} `cfn:"DeadLetterConfig"`
	ReservedConcurrentExecutions *int `cfn:"ReservedConcurrentExecutions"`
	LoggingConfig                struct {
		LogGroup string `cfn:"LogGroup"`
	} `cfn:"LoggingConfig"`
	TracingConfig struct {
		Mode string `cfn:"Mode" values:"PassThrough,Active"`
	} `cfn:"TracingConfig"`
	Architectures    Harmless `cfn:"Architectures" why:"the local artefacts are built for this machine"`
	Description      Harmless `cfn:"Description" why:"only a reader sees it"`
	EphemeralStorage Harmless `cfn:"EphemeralStorage" why:"/tmp is this machine's"`
	SnapStart        Harmless `cfn:"SnapStart" why:"it changes only how fast a function starts"`
	KMSKeyARN        Harmless `cfn:"KmsKeyArn" why:"nothing is stored, so nothing is encrypted"`
	Tags             Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`

	// Artefact is the path of the folder with the code, or of the zip archive.
	Artefact string
}

// runtimes matches the names of Lambda's runtimes.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
var runtimes = regexp.MustCompile(`^(nodejs[0-9]+\.x|python3\.[0-9]+|java[0-9]+(\.al2)?|dotnet[0-9]+|ruby[0-9]\.[0-9]+|provided\.al2(023)?)$`)

func (f *Function) identify(at location) identity {
	made := at.named(f.FunctionName, 64, "lambda", "function:")
	made.checkEnvironment(f.Environment.Variables)
	made.unsupportedWhen(f.Runtime != "" && !runtimes.MatchString(f.Runtime), "property Runtime: the value %q is not supported by the local cloud", f.Runtime)
	made.unsupportedWhen(f.ReservedConcurrentExecutions != nil && *f.ReservedConcurrentExecutions == 0,
		"property ReservedConcurrentExecutions: 0, which stops the function, is not supported by the local cloud")
	made.add(at.inAccount("DeadLetterConfig.TargetArn", f.DeadLetterConfig.TargetARN, "sqs"))
	if f.Code.S3Key != "" {
		var err error
		f.Artefact, err = at.files.artefact(f.Code.S3Key, f.Runtime)
		made.add(err)
	}
	return made
}

var variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

// checkEnvironment refuses variables that Lambda refuses.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func (r *refusals) checkEnvironment(variables map[string]string) {
	reserved := strings.Fields(`AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_EXECUTION_ENV AWS_LAMBDA_FUNCTION_MEMORY_SIZE
		AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_VERSION AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME
		AWS_LAMBDA_LOG_STREAM_NAME AWS_LAMBDA_MAX_CONCURRENCY AWS_LAMBDA_METADATA_API AWS_LAMBDA_METADATA_TOKEN
		AWS_LAMBDA_RUNTIME_API AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT _HANDLER _X_AMZN_TRACE_ID`)
	var size int
	for _, name := range sortedKeys(variables) {
		size += len(name) + len(variables[name])
		isReserved := slices.Contains(reserved, name)
		r.when(isReserved, "property Environment.Variables.%s: the name is reserved for Lambda", name)
		r.when(!isReserved && !variableName.MatchString(name), "property Environment.Variables.%s: the name must match %s", name, variableName)
	}
	r.when(size > 4096, "property Environment.Variables must have at most 4096 bytes of names and values, and has %d", size)
}

// EventSourceMapping is an AWS::Lambda::EventSourceMapping from a queue.
type EventSourceMapping struct {
	FunctionName                   string `cfn:"FunctionName,required"`
	EventSourceARN                 string `cfn:"EventSourceArn,required"`
	BatchSize                      *int   `cfn:"BatchSize"`
	MaximumBatchingWindowInSeconds int    `cfn:"MaximumBatchingWindowInSeconds"`
	Enabled                        *bool  `cfn:"Enabled"`
	// FilterCriteria has event patterns as JSON texts.
	FilterCriteria struct {
		Filters []struct {
			Pattern string `cfn:"Pattern,required"`
		} `cfn:"Filters"`
	} `cfn:"FilterCriteria"`
	FunctionResponseTypes []string `cfn:"FunctionResponseTypes" values:"ReportBatchItemFailures"`
	// ScalingConfig bounds how many batches are handled at once.
	ScalingConfig struct {
		MaximumConcurrency int `cfn:"MaximumConcurrency,required"`
	} `cfn:"ScalingConfig"`
	Tags Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (m *EventSourceMapping) identify(at location) identity {
	id := at.uuid()
	arn := at.arn("lambda", "event-source-mapping:"+id)
	made := identity{name: id, ref: id, arn: arn, attributes: map[string]string{"Id": id, "EventSourceMappingArn": arn}}
	isQueue := strings.HasPrefix(m.EventSourceARN, "arn:aws:sqs:")
	made.unsupportedWhen(m.EventSourceARN != "" && !isQueue, "property EventSourceArn: only SQS queues are supported by the local cloud, not %q", m.EventSourceARN)
	if isQueue {
		made.add(at.inRegion("EventSourceArn", m.EventSourceARN, "sqs"))
	}
	// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
	isFIFO, isLarge := strings.HasSuffix(m.EventSourceARN, ".fifo"), isQueue && m.BatchSize != nil && *m.BatchSize > 10
	made.when(isFIFO && isLarge, "property BatchSize must be at most 10 for a FIFO queue")
	made.when(isFIFO && m.MaximumBatchingWindowInSeconds > 0, "property MaximumBatchingWindowInSeconds is for standard queues only")
	made.when(!isFIFO && isLarge && m.MaximumBatchingWindowInSeconds == 0,
		"property MaximumBatchingWindowInSeconds must be at least 1 with a BatchSize of more than 10")
	return made
}

// EventInvokeConfig is an AWS::Lambda::EventInvokeConfig: how asynchronous
// invocations are retried, and what gets the records of them.
type EventInvokeConfig struct {
	FunctionName             string `cfn:"FunctionName,required"`
	Qualifier                string `cfn:"Qualifier,required"`
	MaximumEventAgeInSeconds *int   `cfn:"MaximumEventAgeInSeconds"`
	MaximumRetryAttempts     *int   `cfn:"MaximumRetryAttempts"`
	Destinations             struct {
		OnSuccess Destination `cfn:"OnSuccess"`
		OnFailure Destination `cfn:"OnFailure"`
	} `cfn:"DestinationConfig"`
}

// Destination is a queue, an event bus or a function.
type Destination struct {
	ARN string `cfn:"Destination,required"`
}

func (c *EventInvokeConfig) identify(at location) identity {
	made := identity{name: at.logicalID, ref: at.logicalID}
	for _, given := range [][2]string{{"OnFailure", c.Destinations.OnFailure.ARN}, {"OnSuccess", c.Destinations.OnSuccess.ARN}} {
		property, arn := "DestinationConfig."+given[0]+".Destination", given[1]
		service, _, _ := strings.Cut(strings.TrimPrefix(arn, "arn:aws:"), ":")
		made.unsupportedWhen(!slices.Contains([]string{"", "sqs", "events", "lambda"}, service),
			"property %s: only queues, event buses and functions are supported by the local cloud, not %q", property, arn)
		made.add(at.inRegion(property, arn, "sqs", "events", "lambda"))
	}
	return made
}

// Permission is an AWS::Lambda::Permission.
type Permission struct {
	unnamed

	Action                string `cfn:"Action,required" values:"lambda:InvokeFunction,lambda:InvokeFunctionUrl"`
	FunctionName          string `cfn:"FunctionName,required"`
	Principal             string `cfn:"Principal,required"`
	SourceARN             string `cfn:"SourceArn"`
	SourceAccount         string `cfn:"SourceAccount"`
	FunctionURLAuthType   string `cfn:"FunctionUrlAuthType"`
	InvokedViaFunctionURL bool   `cfn:"InvokedViaFunctionUrl"`
}

// URL is an AWS::Lambda::Url.
type URL struct {
	AuthType          string   `cfn:"AuthType,required" values:"NONE,AWS_IAM"`
	TargetFunctionARN string   `cfn:"TargetFunctionArn,required"`
	Qualifier         string   `cfn:"Qualifier"`
	InvokeMode        string   `cfn:"InvokeMode" values:"BUFFERED"`
	Cors              Harmless `cfn:"Cors" why:"no web page of another origin may call"`

	// Function is the construct path of the function, FunctionARN its ARN with the
	// qualifier, and Address where the URL answers.
	Function, FunctionARN, Address string
}

func (u *URL) identify(at location) identity {
	name, qualifier := u.TargetFunctionARN, u.Qualifier
	if qualifier == "" {
		name, qualifier = lambda.SplitARN(name)
	}
	function, err := at.function("TargetFunctionArn", name)
	u.Function, u.FunctionARN = function.path, function.arn
	if u.Qualifier = qualifier; qualifier != "" {
		u.FunctionARN += ":" + qualifier
	}
	made := identity{name: at.logicalID, ref: u.FunctionARN, attributes: map[string]string{"FunctionArn": u.FunctionARN}}
	made.add(err)
	made.unsupportedWhen(function.hasURL, "property TargetFunctionArn: a second URL of a function is not supported by the local cloud")
	if u.Function != "" && !function.hasURL {
		function.hasURL = true
		u.Address = at.options.FunctionURL(u.Function)
	}
	return made.with("FunctionUrl", u.Address)
}
