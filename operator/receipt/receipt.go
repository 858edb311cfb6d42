// Package receipt makes the events of stock receipts.
package receipt

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
	"example.com/saga/pkg/language"
)

// Events returns warehouse.stock-received for each delivery, given as SKU=QUANTITY. The
// same deliveries again are other ones, with ids of their own.
func Events(language *language.Language, deliveries []string, at time.Time) ([]event.Event, error) {
	if len(deliveries) == 0 {
		return nil, errors.New("say what was received, as SKU=QUANTITY")
	}
	received := make([]event.Event, len(deliveries))
	for i, delivery := range deliveries {
		var err error
		if received[i], err = stockReceived(language, delivery, at); err != nil {
			return nil, fmt.Errorf("%q cannot be received: %w", delivery, err)
		}
	}
	return received, nil
}

func stockReceived(language *language.Language, delivery string, at time.Time) (event.Event, error) {
	sku, count, _ := strings.Cut(delivery, "=")
	quantity, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		return event.Event{}, errors.New("it is not SKU=QUANTITY")
	}
	id := uuid.NewString()
	command := event.Event{ID: id, Source: contract.SourceWarehouse, Subject: id, CorrelationID: id}
	e, err := event.Caused(event.Cause{Event: command, IsCommand: true}, contract.SourceWarehouse,
		contract.StockReceived{SKU: sku, Quantity: quantity}, 0, at)
	if err != nil {
		return event.Event{}, err
	}
	return language.Seal(e)
}
