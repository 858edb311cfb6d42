package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/services/loyalty"
)

// balance prints the points of a customer.
func (o operator) balance(ctx context.Context, given []string) error {
	flags := o.newFlags("balance", "CUSTOMER")
	asJSON := flags.Bool("json", false, "print one JSON object")
	customer, err := flags.parseOne(given, "customer", o.stdout)
	if err != nil {
		return err
	}
	found, config, err := flags.open(ctx)
	if err != nil {
		return err
	}
	table, err := found.Table(contract.SourceLoyalty)
	if err != nil {
		return err
	}
	// A balance reads no record, so it needs no vocabulary.
	points, err := dynamo.NewStore(dynamodb.NewFromConfig(config), table, dynamo.Vocabulary{}).Balance(ctx, loyalty.CustomerAccount(customer), o.clock())
	if err != nil {
		return err
	}
	if *asJSON {
		return printJSON(o, []map[string]int64{{"points": points}})
	}
	_, err = fmt.Fprintln(o.stdout, points)
	return err
}
