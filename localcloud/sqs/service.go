package sqs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/saga/localcloud/compact"
	"example.com/saga/localcloud/loss"
	"example.com/saga/localcloud/wire"
)

// Config is what a Service needs from outside.
type Config struct {
	Clock func() time.Time
	// Authorize decides on each call before it has an effect; nil allows everything.
	Authorize wire.Authorize
	// DeliverTwice loses the first delete of every message, so that every message
	// is delivered at least twice.
	DeliverTwice bool
	// LoseDelete reports whether a delete is lost, so that the message is
	// delivered again at once; nil loses none.
	LoseDelete func(ctx context.Context) bool
	// Shuffle may change the order in which a receive considers the n messages of
	// a standard queue; nil leaves it.
	Shuffle func(ctx context.Context, n int, swap func(i, j int))
	// Lost is called for messages that no consumer deleted within their retention.
	// Expiry is noticed when the queue is next used or counted.
	Lost loss.Report
	// Arrived is called for every message that comes to a queue. It must return
	// quickly, and must not call the Service. Nil ignores them.
	Arrived func(Arrival)
}

// Arrival is a message that has come to a queue.
type Arrival struct {
	QueueARN, QueueURL string
	ID, Body           string
	Attributes         map[string]MessageAttribute
	// Source is the ARN of the queue whose dead letter it is, or empty. It was
	// received this often there.
	Source   string
	Receives int
}

// arrived reports that a message has come to a queue.
func (s *Service) arrived(q *store, m *message) {
	if s.config.Arrived != nil {
		s.config.Arrived(Arrival{
			QueueARN: q.ARN, QueueURL: q.URL, ID: m.id, Body: s.texts.Read(m.body), Attributes: m.attributes, Source: m.source, Receives: m.receives,
		})
	}
}

// Service holds the queues. One lock guards them all, because moving a message
// to a dead-letter queue touches two.
type Service struct {
	config Config

	mu         sync.Mutex
	queues     []*store
	byKey      map[string]*store
	byARN      map[string]*store
	sequence   uint64
	duplicated int
	texts      compact.Texts
}

// New returns a Service without queues.
func New(config Config) *Service {
	return &Service{config: config, byKey: map[string]*store{}, byARN: map[string]*store{}}
}

// Create adds a queue. Its dead-letter queue must exist already, as on AWS.
func (s *Service) Create(q Queue) error {
	q.fill()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byARN[q.ARN] != nil || s.byKey[urlKey(q.URL)] != nil {
		return fmt.Errorf("queue %s: a queue with this ARN or URL exists already", q.Name)
	}
	if err := s.validateRedrive(q); err != nil {
		return fmt.Errorf("queue %s: %w", q.Name, err)
	}
	created := newStore(q, s.config.Clock(), s.config.Lost, &s.texts)
	s.queues = append(s.queues, created)
	s.byARN[q.ARN], s.byKey[urlKey(q.URL)] = created, created
	return nil
}

func (s *Service) validateRedrive(q Queue) error {
	if q.Redrive == nil {
		return nil
	}
	target := s.byARN[q.Redrive.DeadLetterARN]
	if target == nil {
		return fmt.Errorf("the dead-letter queue %s does not exist", q.Redrive.DeadLetterARN)
	}
	if target.FIFO != q.FIFO {
		return fmt.Errorf("the dead-letter queue %s must be of the same type: FIFO or standard", q.Redrive.DeadLetterARN)
	}
	// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
	if target.RedriveSources != nil && !slices.Contains(target.RedriveSources, q.ARN) {
		return fmt.Errorf("the RedriveAllowPolicy of the dead-letter queue %s does not allow it", q.Redrive.DeadLetterARN)
	}
	return nil
}

// URL returns the address of the queue with an ARN.
func (s *Service) URL(arn string) (string, bool) {
	url := of(s, arn, func(q *store) string { return q.URL })
	return url, url != ""
}

// Counts returns the number of messages of the queue with an ARN.
func (s *Service) Counts(arn string) Counts {
	return of(s, arn, func(q *store) Counts { return q.counts(s.config.Clock()) })
}

// Requests returns the number of requests so far for the queue with an ARN.
func (s *Service) Requests(arn string) Requests {
	return of(s, arn, func(q *store) Requests { return q.requests })
}

// of returns what f returns for the queue with an ARN, or nothing if there is none.
func of[V any](s *Service, arn string, f func(*store) V) (value V) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.byARN[arn]; q != nil {
		value = f(q)
	}
	return value
}

// Duplicated returns how many deletes were lost by a fault.
func (s *Service) Duplicated() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.duplicated
}

// API is SQS's JSON protocol.
func (s *Service) API() wire.Service {
	return wire.Service{
		Target:      "AmazonSQS",
		ContentType: "application/x-amz-json-1.0",
		Operations: map[string]wire.Operation{
			"SendMessage":                  wire.Op(s.SendMessage),
			"SendMessageBatch":             wire.Op(s.SendMessageBatch),
			"ReceiveMessage":               wire.Op(s.ReceiveMessage),
			"DeleteMessage":                wire.Op(s.DeleteMessage),
			"DeleteMessageBatch":           wire.Op(s.DeleteMessageBatch),
			"ChangeMessageVisibility":      wire.Op(s.ChangeMessageVisibility),
			"ChangeMessageVisibilityBatch": wire.Op(s.ChangeMessageVisibilityBatch),
			"GetQueueAttributes":           wire.Op(s.GetQueueAttributes),
			"GetQueueUrl":                  wire.Op(s.getQueueURL),
			"ListQueues":                   wire.Op(s.listQueues),
			"PurgeQueue":                   wire.Op(s.PurgeQueue),
			"StartMessageMoveTask":         wire.Op(s.StartMessageMoveTask),
			"ListMessageMoveTasks":         wire.Op(s.ListMessageMoveTasks),
		},
	}
}

// locked calls f with the queue that a request names, if the caller may do this to it.
func locked[O any](ctx context.Context, s *Service, action, url string, f func(q *store, now time.Time) (*O, error)) (*O, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.byKey[urlKey(url)]
	switch {
	case url == "":
		return nil, missing("QueueUrl")
	case q == nil:
		return nil, noQueue()
	}
	if err := s.authorize(ctx, action, q.ARN); err != nil {
		return nil, err
	}
	q.requests.add(action)
	return f(q, s.config.Clock())
}

func (s *Service) authorize(ctx context.Context, action, arn string) error {
	return s.config.Authorize.Check(ctx, "sqs:"+action, arn, nil)
}

type getQueueURLInput struct{ QueueName, QueueOwnerAWSAccountId string }

type getQueueURLOutput struct{ QueueUrl string }

func (s *Service) getQueueURL(ctx context.Context, in *getQueueURLInput) (*getQueueURLOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, q := range s.queues {
		if q.Name == in.QueueName && (in.QueueOwnerAWSAccountId == "" || in.QueueOwnerAWSAccountId == q.account()) {
			return &getQueueURLOutput{q.URL}, s.authorize(ctx, "GetQueueUrl", q.ARN)
		}
	}
	return nil, noQueue()
}

// PurgeQueueInput names the queue to empty.
type PurgeQueueInput struct{ QueueUrl string }

// PurgeQueue deletes every message of a queue, at most once a minute.
func (s *Service) PurgeQueue(ctx context.Context, in *PurgeQueueInput) (*struct{}, error) {
	return locked(ctx, s, "PurgeQueue", in.QueueUrl, func(q *store, now time.Time) (*struct{}, error) {
		if !q.purged.IsZero() && now.Sub(q.purged) < time.Minute {
			return nil, fail("PurgeQueueInProgress", "Only one PurgeQueue operation on %s is allowed every 60 seconds.", q.Name)
		}
		q.purged = now
		q.clear()
		return &struct{}{}, nil
	})
}

// listQueuesInput filters the queues by the beginning of their names. Without
// MaxResults there is one page.
type listQueuesInput struct {
	QueueNamePrefix string
	MaxResults      *int
	NextToken       string
}

type listQueuesOutput struct {
	QueueUrls []string `json:",omitempty"`
	NextToken string   `json:",omitempty"`
}

// maximumURLs is how many URLs are on a page.
const maximumURLs = 1000

// listQueues lists the queues in the order of their URLs.
func (s *Service) listQueues(ctx context.Context, in *listQueuesInput) (*listQueuesOutput, error) {
	if err := s.authorize(ctx, "ListQueues", "*"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var urls []string
	for _, q := range s.queues {
		if strings.HasPrefix(q.Name, in.QueueNamePrefix) {
			urls = append(urls, q.URL)
		}
	}
	slices.Sort(urls)
	page, next, err := wire.Page(urls, in.NextToken, in.MaxResults, maximumURLs)
	return &listQueuesOutput{page, next}, err
}

// namespace stands before every error code in SQS's JSON protocol.
const namespace = "com.amazonaws.sqs#"

func fail(code, format string, args ...any) *wire.Error {
	return wire.Errorf(namespace+code, format, args...)
}

func missing(parameter string) *wire.Error {
	return fail("MissingParameter", "The request must contain the parameter %s.", parameter)
}

func invalid(parameter string, value any, reason string) *wire.Error {
	return fail("InvalidParameterValue", "Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

func noQueue() *wire.Error {
	return fail("QueueDoesNotExist", "The specified queue does not exist.")
}
