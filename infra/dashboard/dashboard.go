// Package dashboard makes a dashboard of a stack: the state of its alarms, then
// its purpose, then every queue, function, rule and table that is in it, and at
// last what it costs. It finds the resources in the construct tree, so none is
// left out.
package dashboard

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// A dashboard is 24 units wide.
const (
	width  = 24
	height = 6
)

// Props describes a dashboard.
type Props struct {
	// Name is its name in the console.
	Name string
	// Introduction is the text at the top, in Markdown.
	Introduction string
	// Purpose shows whether the stack does what it is for. It is above the rows
	// that the dashboard of any stack has.
	Purpose []Row
}

// Row is graphs side by side, under a heading.
type Row struct {
	Heading string
	Graphs  []Graph
}

// Graph shows metrics over time. Each metric has a label.
type Graph struct {
	Title   string
	Metrics []awscloudwatch.IMetric
	// Stacked puts the lines on top of each other, for metrics that add up.
	Stacked bool
}

func (p Props) validate() error {
	var problems []error
	if p.Name == "" {
		problems = append(problems, errors.New("no Name"))
	}
	if p.Introduction == "" {
		problems = append(problems, errors.New("no Introduction"))
	}
	for _, row := range p.Purpose {
		if row.Heading == "" || len(row.Graphs) == 0 || width%len(row.Graphs) != 0 {
			problems = append(problems, fmt.Errorf("in Purpose: the row %q has %d graphs, which do not fill it", row.Heading, len(row.Graphs)))
		}
	}
	return errors.Join(problems...)
}

// New makes a dashboard of what is in the scope when it is called.
func New(scope constructs.Construct, id string, props Props) {
	if err := props.validate(); err != nil {
		panic(fmt.Sprintf("dashboard %s: %v", id, err))
	}
	found := findResources(scope)
	board := awscloudwatch.NewDashboard(scope, &id, &awscloudwatch.DashboardProps{
		DashboardName:   &props.Name,
		DefaultInterval: awscdk.Duration_Hours(new(3.0)),
	})
	board.AddWidgets(awscloudwatch.NewTextWidget(&awscloudwatch.TextWidgetProps{
		Markdown: &props.Introduction, Width: jsii.Number(width), Height: jsii.Number(2),
	}))
	board.AddWidgets(awscloudwatch.NewAlarmStatusWidget(&awscloudwatch.AlarmStatusWidgetProps{
		Title: new("Alarms"), Alarms: &found.alarms, SortBy: awscloudwatch.AlarmStatusWidgetSortBy_STATE_UPDATED_TIMESTAMP,
		Width: jsii.Number(width), Height: jsii.Number(height),
	}))
	for _, row := range props.Purpose {
		board.AddWidgets(*row.widgets()...)
	}
	for _, row := range found.rows() {
		board.AddWidgets(*row.widgets()...)
	}
}

// widgets are the graphs of a row under its heading.
func (r Row) widgets() *[]awscloudwatch.IWidget {
	heading := awscloudwatch.NewTextWidget(&awscloudwatch.TextWidgetProps{
		Markdown: new("## " + r.Heading), Width: jsii.Number(width), Height: new(1.0),
		Background: awscloudwatch.TextWidgetBackground_TRANSPARENT,
	})
	widgets := []awscloudwatch.IWidget{heading}
	for _, graph := range r.Graphs {
		widgets = append(widgets, awscloudwatch.NewGraphWidget(&awscloudwatch.GraphWidgetProps{
			Title:          &graph.Title,
			Left:           &graph.Metrics,
			Stacked:        &graph.Stacked,
			LeftYAxis:      &awscloudwatch.YAxisProps{Min: new(0.0), ShowUnits: new(false)},
			LiveData:       new(false),
			Width:          jsii.Number(width / len(r.Graphs)),
			Height:         jsii.Number(height),
			LegendPosition: awscloudwatch.LegendPosition_BOTTOM,
		}))
	}
	return &widgets
}
