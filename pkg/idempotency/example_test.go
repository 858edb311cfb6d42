package idempotency_test

import (
	"context"
	"fmt"
	"time"

	"example.com/saga/pkg/idempotency"
)

// A booking is made once, and a repeated call gets the same room. On DynamoDB a write is a
// types.TransactWriteItem, and the store is dynamostore.New.
func ExampleRun() {
	rooms := map[string]int{}
	book := func(writes []string) error {
		for _, guest := range writes {
			rooms[guest]++
		}
		return nil
	}
	runner, err := idempotency.New(idempotency.Config[string]{
		Name: "book", Store: idempotency.NewMemory(book), Retention: 24 * time.Hour,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	type request struct{ Guest string }
	for range 2 {
		result, err := idempotency.Run(context.Background(), runner, "key-1", request{"Ada"}, func(context.Context) (string, []string, error) {
			return "room 7", []string{"Ada"}, nil
		})
		fmt.Println(result.Answer, result.IsRepeated, err, rooms["Ada"])
	}
	_, err = idempotency.Run(context.Background(), runner, "key-1", request{"Bob"}, func(context.Context) (string, []string, error) {
		return "room 8", []string{"Bob"}, nil
	})
	fmt.Println(err)
	// Output:
	// room 7 false <nil> 1
	// room 7 true <nil> 1
	// book: this key was used with other content
}
