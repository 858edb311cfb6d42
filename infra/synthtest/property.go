package synthtest

// Queue is the properties of AWS::SQS::Queue.
type Queue struct {
	FifoQueue                 bool
	ContentBasedDeduplication bool
	DeduplicationScope        string
	FifoThroughputLimit       string
	MessageRetentionPeriod    int
	VisibilityTimeout         int
	SqsManagedSseEnabled      bool
	KmsMasterKeyID            Reference `json:"KmsMasterKeyId"`
	RedrivePolicy             struct {
		DeadLetterTargetArn Reference `json:"deadLetterTargetArn"`
		MaxReceiveCount     int       `json:"maxReceiveCount"`
	}
}

// QueuePolicy is the properties of AWS::SQS::QueuePolicy.
type QueuePolicy struct {
	PolicyDocument PolicyDocument
	Queues         []Reference
}

// Policy is the properties of AWS::IAM::Policy.
type Policy struct {
	PolicyDocument PolicyDocument
}

// PolicyDocument is a policy in IAM's language.
type PolicyDocument struct {
	Statement []Statement
}

// Statement is a statement of a policy.
type Statement struct {
	Effect    string
	Action    List
	Resource  List
	Condition map[string]map[string]List
}

// Role is the properties of AWS::IAM::Role.
type Role struct {
	AssumeRolePolicyDocument PolicyDocument
	PermissionsBoundary      Reference
}

// Rule is the properties of AWS::Events::Rule.
type Rule struct {
	EventBusName Reference
	EventPattern EventPattern
	Targets      []Target
}

// EventPattern is the pattern of a rule.
type EventPattern struct {
	Account    []Reference `json:"account"`
	Source     []string    `json:"source"`
	DetailType []string    `json:"detail-type"`
	Detail     struct {
		Source []string `json:"source"`
		Type   []string `json:"type"`
	} `json:"detail"`
	Or []EventPattern `json:"$or"`
}

// Alternatives returns a whole pattern for each member of $or: the member with what
// is beside it.
func (p EventPattern) Alternatives() []EventPattern {
	if len(p.Or) == 0 {
		return []EventPattern{p}
	}
	whole := make([]EventPattern, len(p.Or))
	for i, alternative := range p.Or {
		whole[i] = p
		whole[i].Or = nil
		whole[i].DetailType = alternative.DetailType
		whole[i].Detail.Type = alternative.Detail.Type
	}
	return whole
}

// Types returns the types that the pattern matches.
func (p EventPattern) Types() []string {
	var types []string
	for _, alternative := range p.Alternatives() {
		types = append(types, alternative.DetailType...)
	}
	return types
}

// Target is a target of a rule.
type Target struct {
	Arn              Reference
	InputPath        string
	SqsParameters    struct{ MessageGroupId string }
	DeadLetterConfig struct{ Arn Reference }
}

// Archive is the properties of AWS::Events::Archive.
type Archive struct {
	SourceArn     Reference
	EventPattern  map[string][]Reference
	RetentionDays int
}

// Function is the properties of AWS::Lambda::Function.
type Function struct {
	Architectures                []string
	Environment                  struct{ Variables map[string]Reference }
	Handler                      string
	ReservedConcurrentExecutions int
	Role                         Reference
	Runtime                      string
	Timeout                      int
	DeadLetterConfig             struct{ TargetArn Reference }
	TracingConfig                struct{ Mode string }
}

// Alias is the properties of AWS::Lambda::Alias.
type Alias struct {
	FunctionName    Reference
	FunctionVersion Reference
	Name            string
}

// URL is the properties of AWS::Lambda::Url.
type URL struct {
	AuthType          string
	Qualifier         Reference
	TargetFunctionArn Reference
}

// DeploymentGroup is the properties of AWS::CodeDeploy::DeploymentGroup.
type DeploymentGroup struct {
	AlarmConfiguration struct {
		Alarms  []struct{ Name Reference }
		Enabled bool
	}
	AutoRollbackConfiguration struct {
		Enabled bool
		Events  []string
	}
	DeploymentConfigName string
	ServiceRoleArn       Reference
}

// EventSourceMapping is the properties of AWS::Lambda::EventSourceMapping.
type EventSourceMapping struct {
	BatchSize             int
	EventSourceArn        Reference
	FunctionName          Reference
	FunctionResponseTypes []string
	ScalingConfig         struct{ MaximumConcurrency int }

	MaximumBatchingWindowInSeconds int
}

// Alarm is the properties of AWS::CloudWatch::Alarm.
type Alarm struct {
	AlarmActions       []Reference
	AlarmDescription   Reference
	ComparisonOperator string
	Dimensions         []Dimension
	EvaluationPeriods  int
	MetricName         string
	Metrics            []MetricData
	Namespace          string
	OKActions          []Reference
	Period             int
	Statistic          string
	Threshold          float64
	TreatMissingData   string
}

// MetricData is a metric or an expression of an alarm.
type MetricData struct {
	Expression string
	MetricStat struct {
		Metric struct {
			Dimensions []Dimension
			MetricName string
			Namespace  string
		}
		Period int
	}
}

// Dimension is a dimension of a metric.
type Dimension struct {
	Name  string
	Value Reference
}

// Dashboard is the properties of AWS::CloudWatch::Dashboard.
type Dashboard struct {
	// DashboardBody is JSON with logical ids in the place of references.
	DashboardBody Reference
}

// Schedule is the properties of AWS::Scheduler::Schedule.
type Schedule struct {
	ScheduleExpression string
	State              string
	Target             struct {
		Arn              Reference
		Input            string
		DeadLetterConfig struct{ Arn Reference }
		RetryPolicy      struct{ MaximumRetryAttempts int }
	}
}

// EventInvokeConfig is the properties of AWS::Lambda::EventInvokeConfig.
type EventInvokeConfig struct {
	FunctionName         Reference
	MaximumRetryAttempts int
	Qualifier            Reference
}

// Table is the properties of AWS::DynamoDB::Table.
type Table struct {
	GlobalSecondaryIndexes []struct {
		IndexName  string
		KeySchema  []struct{ AttributeName, KeyType string }
		Projection struct {
			ProjectionType   string
			NonKeyAttributes []string
		}
	}
	BillingMode                      string
	DeletionProtectionEnabled        bool
	PointInTimeRecoverySpecification struct{ PointInTimeRecoveryEnabled bool }
	TimeToLiveSpecification          struct {
		AttributeName string
		Enabled       bool
	}
}
