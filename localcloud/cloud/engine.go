package cloud

import (
	"net/http"
	"time"

	"example.com/saga/localcloud/activity"
	"example.com/saga/localcloud/apidestination"
	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/cloudwatchlogs"
	"example.com/saga/localcloud/dynamodb"
	"example.com/saga/localcloud/eventbridge"
	"example.com/saga/localcloud/fault"
	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/scheduler"
	"example.com/saga/localcloud/secretsmanager"
	"example.com/saga/localcloud/sqs"
)

const defaultVisibility = 30 * time.Second

// newEngines makes the engines, empty, and connects them.
func (c *Cloud) newEngines() {
	clock, authorize := c.config.Clock, c.authority.authorize
	c.tables = dynamodb.New(dynamodb.Config{Clock: clock, Authorize: authorize, Account: c.config.AccountID, Region: c.config.Region})
	c.queues = sqs.New(c.queueConfig())
	c.logs = cloudwatchlogs.New(cloudwatchlogs.Config{Clock: clock, Authorize: authorize, Account: c.config.AccountID, Region: c.config.Region})
	c.functions = lambda.New(lambda.Config{
		Clock:       clock,
		Region:      c.config.Region,
		Environment: map[string]string{"AWS_ENDPOINT_URL": c.address},
		Log:         c.logLine,
		Logger:      c.config.Logger,
		Queues:      c.queues,
		DeadLetters: c.queues,
		SendRecord:  c.sendRecord,
		Lost:        c.reportLoss,
		Attempted:   c.reportAttempt,
		Ended:       c.reportEnding,
		Debugged:    func(arn string, pid int) { c.config.Debugged(c.pathOf(arn), pid) },

		Seed:           c.config.Seed,
		RedeliverAfter: c.config.RedeliverAfter,
		RedeliverSoon:  c.queues.RedeliverSoon,
	})
	c.schedules = scheduler.New(scheduler.Config{Clock: clock, Every: c.config.ScheduleEvery, Targets: schedules{c}, Lost: c.reportLoss})
	c.destinations = apidestination.New(apidestination.Config{Clock: clock, Transport: fault.NewTransport(c.faults, &http.Transport{}), Authorize: authorize})
	c.receiver = newReceiver(clock, c.destinations.Authorizes)
	c.secrets = secretsmanager.New(secretsmanager.Config{Clock: clock, Authorize: authorize})
	deliveries := deliveries{c}
	c.buses = eventbridge.New(eventbridge.Config{
		Account: c.config.AccountID, Region: c.config.Region, Clock: clock, Authorize: authorize,
		Deliverers: map[string]eventbridge.Deliverer{
			eventbridge.KindQueue:       deliverer(deliveries.toQueue),
			eventbridge.KindFunction:    deliverer(deliveries.toFunction),
			eventbridge.KindLogGroup:    deliverer(deliveries.toLogGroup),
			eventbridge.KindBus:         deliverer(deliveries.toBus),
			eventbridge.KindDestination: deliverer(deliveries.toDestination),
		},
		DeadLetters: deliveries,
		Lost:        c.reportLoss,
		Attempted:   c.reportDelivery,
		BaseDelay:   min(c.config.RedeliverAfter, time.Second), // 0 is AWS's own.
		Log:         c.config.Logger,
	})
	c.buses.Observe(func(busARN string, e eventbridge.Event) {
		c.accepted.Add(1)
		c.counted.add(busARN, countedEvents, 1)
		c.counted.add(busARN, countedChunks, (e.Size()+chunk-1)/chunk)
		c.activity.Add(activity.Accepted, activity.Arrival{Time: c.config.Clock(), Bus: c.pathOf(busARN), Event: e.Identity(), Source: e.Source})
		if c.config.Observe != nil {
			c.config.Observe(busARN, e)
		}
	})
}

func (c *Cloud) createTable(resource assembly.Resource, given *assembly.Table) error {
	made := dynamodb.Table{
		Name: resource.Name, ARN: resource.ARN, Key: keyOf(given.KeySchema), Attributes: map[string]string{},
		Provisioned: given.BillingMode != "PAY_PER_REQUEST",
	}
	if given.TimeToLiveSpecification.Enabled {
		made.TimeToLive = given.TimeToLiveSpecification.AttributeName
	}
	for _, index := range given.GlobalSecondaryIndexes {
		made.Indexes = append(made.Indexes, dynamodb.Index{
			Name: index.IndexName, Key: keyOf(index.KeySchema),
			Projection: index.Projection.ProjectionType, NonKey: index.Projection.NonKeyAttributes,
		})
	}
	for _, attribute := range given.AttributeDefinitions {
		made.Attributes[attribute.AttributeName] = attribute.AttributeType
	}
	return c.tables.Create(made)
}

func keyOf(elements []assembly.KeyElement) dynamodb.KeySchema {
	var key dynamodb.KeySchema
	for _, element := range elements {
		if element.KeyType == "HASH" {
			key.Partition = element.AttributeName
		} else {
			key.Sort = element.AttributeName
		}
	}
	return key
}

func (c *Cloud) createQueue(resource assembly.Resource, given *assembly.Queue) error {
	made := sqs.Queue{
		Name: resource.Name, ARN: resource.ARN, URL: resource.Ref,
		FIFO: given.FIFO, ContentBasedDeduplication: given.ContentBasedDeduplication,
		DeduplicationScope: given.DeduplicationScope, FifoThroughputLimit: given.FIFOThroughputLimit,
		VisibilityTimeout:  visibility(given),
		Delay:              seconds(given.DelaySeconds, 0),
		Retention:          seconds(given.MessageRetentionPeriod, 0),
		ReceiveWait:        seconds(given.ReceiveMessageWaitTimeSeconds, 0),
		MaximumMessageSize: number(given.MaximumMessageSize, 0),
	}
	switch given.RedriveAllowPolicy.Permission {
	case "denyAll":
		made.RedriveSources = []string{}
	case "byQueue":
		made.RedriveSources = append([]string{}, given.RedriveAllowPolicy.SourceARNs...)
	}
	if given.RedrivePolicy != (assembly.RedrivePolicy{}) {
		made.Redrive = &sqs.Redrive{DeadLetterARN: given.RedrivePolicy.DeadLetterTargetARN, MaxReceiveCount: given.RedrivePolicy.MaxReceiveCount}
	}
	return c.queues.Create(made)
}

func visibility(given *assembly.Queue) time.Duration {
	return seconds(given.VisibilityTimeout, defaultVisibility)
}

func (c *Cloud) createLogGroup(resource assembly.Resource, given *assembly.LogGroup) error {
	return c.logs.Create(resource.Name, time.Duration(given.RetentionInDays)*24*time.Hour)
}

func (c *Cloud) createSecret(resource assembly.Resource, given *assembly.Secret) error {
	return c.secrets.Create(resource.Name, resource.ARN, given.Value)
}

func seconds(given *int, otherwise time.Duration) time.Duration {
	if given == nil {
		return otherwise
	}
	return time.Duration(*given) * time.Second
}

func number(given *int, otherwise int) int {
	if given == nil {
		return otherwise
	}
	return *given
}
