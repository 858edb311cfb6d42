package dynamo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
)

// A record of an order is loaded and then committed twice. The first commit takes a
// piece out of the stock in the same transaction. The second is a conflict, because
// the record was written since it was loaded. In a Lambda function the client is that
// of dynamodb.NewFromConfig; here it keeps its items in memory.
func ExampleStore_Commit() {
	ctx := context.Background()
	client := newLedger()
	store := dynamo.NewStore(client, "orders", dynamo.Vocabulary{})
	delivery := participant.Record{Subject: "delivery-1", State: json.RawMessage(`{}`), ExpiresAt: time.Unix(1_800_000_000, 0)}
	if err := store.Commit(ctx, delivery, []participant.Adjustment{{Item: "stock#123", Add: map[string]int64{"on_hand": 2}}}); err != nil {
		fmt.Println(err)
		return
	}

	record, err := store.Load(ctx, "order-1")
	if err != nil {
		fmt.Println(err)
		return
	}
	record.State = json.RawMessage(`{"status":"reserved"}`)
	one := []participant.Adjustment{{Item: "stock#123", Add: map[string]int64{"on_hand": -1, "reserved": 1}}}
	fmt.Println("first:", store.Commit(ctx, record, one))
	fmt.Println("second:", store.Commit(ctx, record, one))

	another := participant.Record{Subject: "order-2", State: record.State}
	many := []participant.Adjustment{{Item: "stock#123", Add: map[string]int64{"on_hand": -2}}}
	refused, isRefused := errors.AsType[*participant.RefusedError](store.Commit(ctx, another, many))
	fmt.Println("too many:", isRefused, refused.Items)

	stock, err := store.Counters(ctx, "stock#123")
	fmt.Println(stock, err)
	// Output:
	// first: <nil>
	// second: the record was written since it was loaded
	// too many: true [stock#123]
	// map[on_hand:1 reserved:1] <nil>
}
