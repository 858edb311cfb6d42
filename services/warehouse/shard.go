package warehouse

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"example.com/saga/pkg/participant"
)

// HotSKUs are the SKUs whose stock is spread over shards, with the number of groups of 64
// shards of each, at most MaximumGroups. All orders for a SKU write the item of its stock,
// and two transactions that meet there are in conflict; an order of a hot SKU writes one
// shard of many, chosen by its id.
//
// The item of the SKU lends pieces to the shards of a group, and gets them back. A shard
// counts the pieces on hand and those that were taken from it, and the item counts for each
// group what it has lent: the sum of both in all shards of the group. So nothing is lent only
// if no shard has a piece, and that is known from the item alone.
//
// The setting decides where an order looks first, and nothing else: functions with
// different settings handle the same orders correctly, and so does one without the SKU.
type HotSKUs map[string]int

const (
	shardsInGroup = 64
	// MaximumGroups is how many groups a SKU has at most: the item of the SKU has a counter
	// for each, and should not be larger than 1 KB, a write unit.
	MaximumGroups = 64
)

// ParseHotSKUs returns the SKUs of a text such as "123=32 456=4".
func ParseHotSKUs(text string) (HotSKUs, error) {
	hot := make(HotSKUs)
	for field := range strings.FieldsSeq(text) {
		sku, count, _ := strings.Cut(field, "=")
		groups, _ := strconv.Atoi(count) // What is no number is 0.
		if sku == "" || groups < 1 || groups > MaximumGroups {
			return nil, fmt.Errorf("%q is no SKU=GROUPS with 1 to %d groups of shards", field, MaximumGroups)
		}
		hot[sku] = groups
	}
	return hot, nil
}

// CounterTaken counts the pieces that were taken from a shard.
const CounterTaken = "taken"

// lentTo returns the counter of the pieces that the item of a SKU has lent to a group.
func lentTo(group int) string { return fmt.Sprintf("lent_%d", group) }

const shardPrefix = "shard_"

// shardItem returns the name of a shard of the stock of a SKU.
func shardItem(sku string, n int) string { return fmt.Sprintf("%s%d#%s", shardPrefix, n, sku) }

// shelf is the stock of a SKU as an order sees it.
type shelf struct {
	sku string
	// groups is the number of groups over which the stock is spread, or 0.
	groups int
	// first is the group, and offset the place in a group, at which the order looks first.
	first, offset int
	refused       []string
	counters      participant.Counters
}

func (hot HotSKUs) shelf(sku string, in participant.Input) shelf {
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(in.Event.Subject)) // It returns no error.
	n := hash.Sum64()
	s := shelf{sku: sku, groups: hot[sku], refused: in.Refused, counters: in.Counters}
	s.offset = int(n % shardsInGroup)
	s.first = int(n / shardsInGroup % uint64(max(1, s.groups)))
	return s
}

// source is where pieces are taken from, or what has to be done first to find it. The zero
// value means that there are not enough.
type source struct {
	item  string
	reads []string
	moves []participant.Adjustment
}

// find returns where an order takes its pieces from.
func (s shelf) find(quantity int64) source {
	if !slices.Contains(s.refused, s.home()) {
		return source{item: s.home()}
	}
	main := StockItem(s.sku)
	stock, known := s.counters[main]
	switch {
	case s.groups > 0 && !known:
		return source{reads: []string{main}}
	case stock[CounterOnHand] < quantity:
		return s.findLent(stock, quantity)
	case s.groups == 0:
		return source{item: main}
	case stock[lentTo(s.first)] == 0:
		return s.lend(stock[CounterOnHand], quantity)
	}
	if items := s.shards(s.first); !s.isRead(items) {
		return source{reads: items}
	}
	if item := s.enough(s.first, quantity); item != "" {
		return source{item: item}
	}
	return s.lend(stock[CounterOnHand], quantity)
}

// isRead reports whether the counters of all items are known.
func (s shelf) isRead(items []string) bool {
	return !slices.ContainsFunc(items, func(item string) bool {
		_, known := s.counters[item]
		return !known
	})
}

// findLent returns where to take pieces from that were lent to shards. A group in which no
// shard has enough gives all back, so that the pieces of several shards add up.
func (s shelf) findLent(stock map[string]int64, quantity int64) source {
	for n := range MaximumGroups {
		group := (s.first + n) % MaximumGroups
		if stock[lentTo(group)] == 0 {
			continue
		}
		items := s.shards(group)
		if !s.isRead(items) {
			return source{reads: items}
		}
		if item := s.enough(group, quantity); item != "" && s.groups > 0 {
			return source{item: item}
		}
		if moves := s.giveBack(group); len(moves) > 0 {
			return source{moves: moves}
		}
		// It gave all back after the item of the SKU was read.
		return source{reads: append(items, StockItem(s.sku))}
	}
	return source{}
}

// enough returns a shard of a group that has enough, the next after that of the order, or
// "". So orders that search do not all meet at one shard.
func (s shelf) enough(group int, quantity int64) string {
	for _, item := range s.shards(group) {
		if s.counters[item][CounterOnHand] >= quantity {
			return item
		}
	}
	return ""
}

// lend lends the share of a group to its shards, each enough for the order. When too little
// is left for that, the order takes from the item of the SKU itself.
func (s shelf) lend(onHand, quantity int64) source {
	each := max(quantity, onHand/int64(s.groups*shardsInGroup))
	total := each * shardsInGroup
	if onHand < total {
		return source{item: StockItem(s.sku)}
	}
	moves := []participant.Adjustment{{
		Item: StockItem(s.sku), Add: map[string]int64{CounterOnHand: -total, lentTo(s.first): total},
	}}
	for _, item := range s.shards(s.first) {
		moves = append(moves, participant.Adjustment{Item: item, Add: map[string]int64{CounterOnHand: each}})
	}
	return source{moves: moves}
}

// giveBack gives back what was lent to a group. It takes both counters of each shard as far
// as they are known, and neither falls below zero: so if the shard was written since, which
// leaves less in one of them, the move is refused.
func (s shelf) giveBack(group int) []participant.Adjustment {
	var onHand, lent int64
	var moves []participant.Adjustment
	for _, item := range s.shards(group) {
		left, taken := s.counters[item][CounterOnHand], s.counters[item][CounterTaken]
		onHand, lent = onHand+left, lent+left+taken
		if left+taken > 0 {
			moves = append(moves, participant.Adjustment{Item: item, Add: map[string]int64{CounterOnHand: -left, CounterTaken: -taken}})
		}
	}
	if lent == 0 {
		return nil
	}
	return append(moves, participant.Adjustment{
		Item: StockItem(s.sku), Add: map[string]int64{CounterOnHand: onHand, lentTo(group): -lent},
	})
}

// take returns the adjustment that takes pieces from an item.
func (s shelf) take(item string, quantity int64) participant.Adjustment {
	add := map[string]int64{CounterOnHand: -quantity}
	if item != StockItem(s.sku) {
		add[CounterTaken] = quantity
	}
	return participant.Adjustment{Item: item, Add: add}
}

// release returns the adjustment that gives pieces back: to the shard of the order, unless
// fewer than that were taken from it since it last gave back what was lent.
func (s shelf) release(quantity int64) participant.Adjustment {
	item := s.home()
	if slices.Contains(s.refused, item) {
		item = StockItem(s.sku)
	}
	return s.take(item, -quantity)
}

// SKUOf returns the SKU of an item with stock, and reports whether an item has stock.
func SKUOf(item string) (sku string, isStock bool) {
	prefix, sku, _ := strings.Cut(item, "#")
	return sku, prefix+"#" == stockPrefix || strings.HasPrefix(prefix, shardPrefix)
}

// Unbalanced returns each group of shards which has not what its SKU has lent to it.
func Unbalanced(counters participant.Counters) []string {
	surplus := make(map[string]int64)
	for item, counted := range counters {
		prefix, sku, _ := strings.Cut(item, "#")
		if prefix+"#" == stockPrefix {
			for group := range MaximumGroups {
				surplus[nameOfGroup(sku, group)] -= counted[lentTo(group)]
			}
		}
		if n, err := strconv.Atoi(strings.TrimPrefix(prefix, shardPrefix)); err == nil {
			surplus[nameOfGroup(sku, n/shardsInGroup)] += counted[CounterOnHand] + counted[CounterTaken]
		}
	}
	var unbalanced []string
	for group, n := range surplus {
		if n != 0 {
			unbalanced = append(unbalanced, fmt.Sprintf("%s has %d more than it was lent", group, n))
		}
	}
	slices.Sort(unbalanced)
	return unbalanced
}

func nameOfGroup(sku string, group int) string { return fmt.Sprintf("group %d of SKU %s", group, sku) }

// home returns the item that the order takes from, if it can.
func (s shelf) home() string {
	if s.groups == 0 {
		return StockItem(s.sku)
	}
	return s.shard(s.first, 0)
}

// shard returns the shard of a group that is n places after that of the order.
func (s shelf) shard(group, n int) string {
	return shardItem(s.sku, group*shardsInGroup+(s.offset+n)%shardsInGroup)
}

func (s shelf) shards(group int) []string {
	items := make([]string, shardsInGroup)
	for n := range items {
		items[n] = s.shard(group, n)
	}
	return items
}
