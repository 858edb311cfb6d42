package assembly

// The types of this file are documentation for tools. They are parsed, so that errors in
// them are refused, and have no effect.

// SchemaRegistry is an AWS::EventSchemas::Registry.
type SchemaRegistry struct {
	RegistryName string   `cfn:"RegistryName"`
	Description  Harmless `cfn:"Description" why:"only a reader sees it"`
	Tags         Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (r *SchemaRegistry) identify(at location) identity {
	name := at.physicalName(r.RegistryName, 64)
	arn := at.arn("schemas", "registry/"+name)
	return identity{name: name, ref: arn, arn: arn, attributes: map[string]string{"RegistryArn": arn, "RegistryName": name}}
}

// EventSchema is an AWS::EventSchemas::Schema.
type EventSchema struct {
	RegistryName string   `cfn:"RegistryName,required"`
	SchemaName   string   `cfn:"SchemaName"`
	Type         string   `cfn:"Type,required" values:"OpenApi3,JSONSchemaDraft4"`
	Content      Harmless `cfn:"Content,required" why:"no event is validated against it, as on AWS"`
	Description  Harmless `cfn:"Description" why:"only a reader sees it"`
	Tags         Harmless `cfn:"Tags" why:"nothing bills or selects by tag"`
}

func (s *EventSchema) identify(at location) identity {
	name := at.physicalName(s.SchemaName, 385)
	arn := at.arn("schemas", "schema/"+s.RegistryName+"/"+name)
	return identity{name: name, ref: arn, arn: arn, attributes: map[string]string{"SchemaArn": arn, "SchemaName": name}}
}
