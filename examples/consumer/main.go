// Command consumer is a Lambda function behind one queue. It requests feedback for each
// parcel that was delivered: once, although the queue may deliver an event twice and a
// driver may report a parcel twice.
package main

import (
	"context"
	"embed"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"

	"example.com/saga/pkg/event"
	"example.com/saga/pkg/lambdaapp"
	"example.com/saga/pkg/language"
	"example.com/saga/pkg/participant"
)

// Delivered is that a driver has delivered a parcel, the subject of the event.
type Delivered struct {
	Recipient string `json:"recipient"`
}

// FeedbackRequested is that the recipient of the parcel is requested to rate it.
type FeedbackRequested struct {
	Recipient string `json:"recipient"`
}

// EventType is parcel.delivered.
func (Delivered) EventType() string { return "parcel.delivered" }

// EventType is feedback.requested.
func (FeedbackRequested) EventType() string { return "feedback.requested" }

//go:embed schema/*.json
var schemas embed.FS

func newLanguage() (*language.Language, error) {
	return language.New(language.Catalogue{
		SchemaBase: "https://parcels.example.org/schema/", Schemas: schemas, SubjectName: "parcel_id",
		Events: []language.Definition{
			language.Publish[Delivered]("parcel", "1").To("feedback"),
			language.Publish[FeedbackRequested]("feedback", "1").To("mail"),
		},
	})
}

// feedback is what is recorded about a parcel.
type feedback struct {
	Requested bool `json:"requested"`
}

// decide is a pure function: the record, and the event that is published because of it, are
// committed in one write.
func decide(f feedback, in participant.Input) (participant.Decision[feedback], error) {
	delivered, isDelivered := in.Data.(Delivered)
	if !isDelivered {
		return participant.Decision[feedback]{}, fmt.Errorf("%w: %s is not consumed", event.ErrInvalid, in.Event.Type)
	}
	if f.Requested {
		return participant.Decision[feedback]{State: f}, nil
	}
	return participant.Decision[feedback]{State: feedback{Requested: true}, Events: []event.Data{FeedbackRequested(delivered)}}, nil
}

func config() participant.Config[feedback] {
	return participant.Config[feedback]{Source: "feedback", Decide: participant.Pure(decide), Begins: []event.Data{Delivered{}}}
}

func main() {
	lambdaapp.Main(newLanguage, func(_ context.Context, app *lambdaapp.App) error {
		p, err := lambdaapp.Participant(app, config())
		if err != nil {
			return err
		}
		handler, err := app.Handler(p.HandleBatch)
		if err != nil {
			return err
		}
		lambda.Start(handler.Batch)
		return nil
	})
}
