package console

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"golang.org/x/sync/errgroup"

	"example.com/saga/acceptance/await"
	"example.com/saga/operator/orderapi"
	"example.com/saga/pkg/awsconfig"
	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/dynamo"
	"example.com/saga/pkg/participant"
)

// What the console may take with ten thousand orders.
const (
	manyOrders    = 10_000
	firstPageTime = 200 * time.Millisecond
	oneOrderTime  = 100 * time.Millisecond
)

// BenchmarkTenThousandOrders measures the first page and the page of one order. It fails
// if either takes longer than it may.
func BenchmarkTenThousandOrders(b *testing.B) {
	s := startCloud(b)
	order := s.place(b, func(*orderapi.Order) {})
	s.copyOrder(b, order)
	s.startConsole(b)
	await.Until(b, "the console knows all orders", func() error {
		counts, err := request(b, http.MethodGet, s.console+"counts", "", http.StatusOK)
		if want := fmt.Sprintf("<b>%d</b> placed", manyOrders); err == nil && !strings.Contains(string(counts), want) {
			err = fmt.Errorf("the counts are %s", counts)
		}
		return err
	})
	for _, page := range []struct {
		name, path string
		limit      time.Duration
	}{
		{"first page", "", firstPageTime}, {"one order", "orders/" + order, oneOrderTime},
	} {
		b.Run(page.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := request(b, http.MethodGet, s.console+page.path, "", http.StatusOK); err != nil {
					b.Fatal(err)
				}
			}
			if each := b.Elapsed() / time.Duration(b.N); each > page.limit {
				b.Errorf("the page takes %s, more than %s", each, page.limit)
			}
		})
	}
}

// copyOrder writes copies of the record of an order until there are manyOrders.
func (s *saga) copyOrder(b *testing.B, id string) {
	b.Helper()
	vocabulary, err := dynamo.NewVocabulary(contract.Catalogue().Words()...)
	if err != nil {
		b.Fatal(err)
	}
	store := dynamo.NewStore(dynamodb.NewFromConfig(awsconfig.At(s.AWSEndpointURL, s.Region)), s.Tables["Order/Table"], vocabulary)
	var record participant.Record
	await.Until(b, "the order is shipped", func() error {
		if record, err = store.Load(b.Context(), id); err == nil && !record.Due.IsZero() {
			err = fmt.Errorf("its record is version %d", record.Version)
		}
		return err
	})
	var writing errgroup.Group
	writing.SetLimit(16)
	for n := range manyOrders - 1 {
		writing.Go(func() error {
			another := record
			another.Subject, another.Version = fmt.Sprintf("copy-%06d", n), 0
			return store.Commit(b.Context(), another, nil)
		})
	}
	if err := writing.Wait(); err != nil {
		b.Fatal(err)
	}
}
