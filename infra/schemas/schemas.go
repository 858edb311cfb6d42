// Package schemas makes a schema registry of EventBridge with one schema for each event,
// from which AWS's tools generate code
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema.html).
package schemas

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awseventschemas"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/saga/infra/resource"
	"example.com/saga/pkg/contract"
)

// New makes a registry of this name, which no other registry of the account and region
// has. A changed schema is a new version in it. It is deleted with the stack: what it has
// is made of the code.
func New(scope constructs.Construct, id, name string) {
	err := resource.CheckIDs(scope, id)
	var all []schema
	if err == nil {
		all, err = ofEvents()
	}
	if err != nil {
		panic(fmt.Sprintf("schemas %s: %v", id, err))
	}
	this := constructs.NewConstruct(scope, &id)
	registry := awseventschemas.NewCfnRegistry(this, new("Registry"), &awseventschemas.CfnRegistryProps{
		RegistryName: name,
		Description:  new("The events of " + name + "."),
	})
	for _, s := range all {
		made := awseventschemas.NewCfnSchema(this, &s.component, &awseventschemas.CfnSchemaProps{
			RegistryName: &name,
			SchemaName:   new(s.name()),
			Description:  &s.description,
			Type:         new("OpenApi3"),
			Content:      &s.content,
		})
		made.Node().AddDependency(registry)
	}
}

// schema is that of one event.
type schema struct{ source, component, description, content string }

// name is the name of the schema, as EventBridge names those that it discovers: the source,
// an @ and the component. AWS's tools make the package of its code of the name, in which
// each @ separates packages: schema.order.orderplaced.
//   - https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-schema.html
//   - https://github.com/aws/aws-toolkit-jetbrains, SchemaCodeGenUtils.kt
func (s schema) name() string { return s.source + "@" + s.component }

// ofEvents returns the schemas of all events.
func ofEvents() ([]schema, error) {
	language, err := contract.NewLanguage()
	if err != nil {
		return nil, err
	}
	var all []schema
	for _, data := range contract.Catalogue().All() {
		for source, types := range contract.Catalogue().BySource(data) {
			described, err := language.Describe(data)
			if err != nil {
				return nil, err
			}
			content, err := openAPI(source, types[0], described.Schema, language.Schemas())
			if err != nil {
				return nil, fmt.Errorf("%s: %w", types[0], err)
			}
			all = append(all, schema{source, typeName(types[0]), described.Meaning, content})
		}
	}
	return all, nil
}
