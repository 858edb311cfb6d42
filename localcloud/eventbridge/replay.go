package eventbridge

import (
	"cmp"
	"context"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"example.com/saga/localcloud/wire"
)

// maximumReplays is how many replays may be under way at once.
const maximumReplays = 10

// replayName is the pattern of a replay's name.
var replayName = regexp.MustCompile(`^[.\-_A-Za-z0-9]{1,64}$`)

// The states of a replay.
const (
	replayStarting  = "STARTING"
	replayRunning   = "RUNNING"
	replayCompleted = "COMPLETED"
	replayFailed    = "FAILED"
)

// StartReplayInput is StartReplay's request. Times are in seconds since 1970.
type StartReplayInput struct {
	ReplayName     string
	Description    string
	EventSourceArn string
	EventStartTime float64
	EventEndTime   float64
	Destination    ReplayDestination
}

// ReplayDestination is the archive's own bus, and the rules there that the
// events are for; without any they are for all rules.
type ReplayDestination struct {
	Arn        string
	FilterArns []string `json:",omitempty"`
}

// StartReplayOutput is StartReplay's response.
type StartReplayOutput struct {
	ReplayArn       string
	State           string
	ReplayStartTime float64
}

// DescribeReplayInput is DescribeReplay's request.
type DescribeReplayInput struct{ ReplayName string }

// DescribeReplayOutput is the progress of a replay.
type DescribeReplayOutput struct {
	ReplaySummary
	ReplayArn   string
	Description string `json:",omitempty"`
	Destination ReplayDestination
}

// ReplaySummary is what a list has of a replay.
type ReplaySummary struct {
	ReplayName            string
	EventSourceArn        string
	EventStartTime        float64
	EventEndTime          float64
	State                 string
	StateReason           string  `json:",omitempty"`
	EventLastReplayedTime float64 `json:",omitempty"`
	ReplayStartTime       float64
	ReplayEndTime         float64 `json:",omitempty"`
}

// replay is a replay and the rules that it is for. The service's lock guards the
// description.
type replay struct {
	DescribeReplayOutput

	rules []*rule
}

func (r *replay) active() bool { return r.State == replayStarting || r.State == replayRunning }

// StartReplay starts to deliver the events of an archive to rules again, and
// returns at once. The events keep their ids and times.
func (s *Service) StartReplay(ctx context.Context, in *StartReplayInput) (*StartReplayOutput, error) {
	if err := s.allow(ctx, "StartReplay", in.EventSourceArn); err != nil {
		return nil, err
	}
	from, err := s.checkReplay(in)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.admitReplay(in.ReplayName); err != nil {
		return nil, err
	}
	made := &replay{DescribeReplayOutput: DescribeReplayOutput{
		ReplaySummary: ReplaySummary{
			ReplayName: in.ReplayName, EventSourceArn: in.EventSourceArn, EventStartTime: in.EventStartTime, EventEndTime: in.EventEndTime,
			State: replayStarting, ReplayStartTime: epoch(s.config.Clock()),
		},
		ReplayArn: s.arnIn("replay/" + in.ReplayName), Description: in.Description, Destination: in.Destination,
	}}
	if made.rules, err = filterRules(s.buses[from.BusARN].rules, in.Destination.FilterArns); err != nil {
		return nil, err
	}
	s.replays[in.ReplayName] = made
	// A replay under way counts as pending.
	s.pending.Add(1)
	s.replaying.Go(func() {
		defer s.pending.Add(-1)
		s.runReplay(made, from)
	})
	return &StartReplayOutput{made.ReplayArn, made.State, made.ReplayStartTime}, nil
}

// checkReplay refuses what AWS was observed to refuse, with its texts and in its order.
func (s *Service) checkReplay(in *StartReplayInput) (*archive, error) {
	if !replayName.MatchString(in.ReplayName) {
		return nil, wire.ValidationError("the replay name %q must match %s", in.ReplayName, replayName)
	}
	from := s.archive(in.EventSourceArn)
	if from == nil {
		return nil, wire.ValidationError("Parameter EventSourceArn is not valid. Reason: Archive %s does not exist.", resourceName(in.EventSourceArn))
	}
	if in.EventStartTime >= in.EventEndTime {
		return nil, wire.ValidationError("Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.")
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.buses[in.Destination.Arn] == nil {
		return nil, errUnknownBus(in.Destination.Arn)
	}
	if in.Destination.Arn != from.BusARN {
		return nil, wire.ValidationError("Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.")
	}
	return from, nil
}

// admitReplay refuses a name that is taken, and more than the maximum of active replays.
func (s *Service) admitReplay(name string) error {
	if s.replays[name] != nil {
		return wire.Errorf("ResourceAlreadyExistsException", "Replay %s already exists.", name)
	}
	active := 0
	for _, other := range s.replays {
		if other.active() {
			active++
		}
	}
	if active >= maximumReplays {
		return wire.Errorf("LimitExceededException", "The requested resource exceeds the maximum number allowed: %d replays are active.", active)
	}
	if s.closed {
		return &wire.Error{Code: "InternalException", Message: "the service is closed", Status: 500}
	}
	return nil
}

// filterRules returns the rules with these ARNs, or all. It is not documented
// what AWS does with an ARN of no rule. Here it is refused, because the event
// would be delivered to no target.
func filterRules(all []*rule, arns []string) ([]*rule, error) {
	if len(arns) == 0 {
		return all, nil
	}
	var found []*rule
	for _, arn := range arns {
		index := slices.IndexFunc(all, func(r *rule) bool { return r.ARN == arn })
		if index < 0 {
			return nil, wire.ValidationError("Parameter Destination.FilterArns is not valid. Reason: Rule %s does not exist on the event bus.", arn)
		}
		found = append(found, all[index])
	}
	return found, nil
}

// runReplay delivers the events to the rules, minute by minute of the events'
// times, and within a minute in any order, because AWS promises none.
func (s *Service) runReplay(r *replay, from *archive) {
	s.updateReplay(func() { r.State = replayRunning })
	err := s.deliverAgain(r, from)
	s.updateReplay(func() {
		if err != nil {
			r.State, r.StateReason = replayFailed, err.Error()
			return
		}
		r.State, r.ReplayEndTime = replayCompleted, epoch(s.config.Clock())
	})
}

func (s *Service) deliverAgain(r *replay, from *archive) error {
	events, err := from.between(timeOf(r.EventStartTime), timeOf(r.EventEndTime), s.config.Clock())
	if err != nil {
		return err
	}
	shuffled := make(map[string]float64, len(events))
	for _, e := range events {
		shuffled[e.ID] = s.config.Random()
	}
	slices.SortStableFunc(events, func(a, b Event) int {
		return cmp.Or(a.Time.Truncate(time.Minute).Compare(b.Time.Truncate(time.Minute)), cmp.Compare(shuffled[a.ID], shuffled[b.ID]))
	})
	for _, e := range events {
		// It has no trace: that of the original delivery has ended.
		e.ReplayName = r.ReplayName
		arrived, prepared, err := s.prepare(e)
		if err != nil {
			return err
		}
		for _, each := range r.rules {
			each.deliver(arrived, prepared)
		}
		s.updateReplay(func() { r.EventLastReplayedTime = epoch(e.Time) })
	}
	return nil
}

// updateReplay changes the description of a replay.
func (s *Service) updateReplay(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// DescribeReplay returns the progress of a replay.
func (s *Service) DescribeReplay(ctx context.Context, in *DescribeReplayInput) (*DescribeReplayOutput, error) {
	if err := s.allow(ctx, "DescribeReplay", s.arnIn("replay/"+in.ReplayName)); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := s.replays[in.ReplayName]
	if found == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Replay %s does not exist.", in.ReplayName)
	}
	described := found.DescribeReplayOutput
	return &described, nil
}

func (s *Service) listReplays(in *listInput) (found []ReplaySummary, err error) {
	for _, name := range slices.Sorted(maps.Keys(s.replays)) {
		if one := s.replays[name].ReplaySummary; in.wants(name, one.EventSourceArn, one.State) {
			found = append(found, one)
		}
	}
	return found, nil
}

func errUnknownBus(arn string) error {
	return wire.Errorf("ResourceNotFoundException", "Event bus %s does not exist.", resourceName(arn))
}

// resourceName is what stands after the last slash of an ARN.
func resourceName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// epoch is a time in seconds since 1970, as the protocol has it.
func epoch(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func timeOf(seconds float64) time.Time {
	return time.UnixMilli(int64(math.Round(seconds * 1000)))
}
