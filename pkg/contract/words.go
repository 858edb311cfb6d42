package contract

// Words returns the words of the language that records have: the contexts, the types of
// events and the URIs of their schemas, in every version that is read.
func Words() []string {
	words := Contexts()
	for _, spec := range catalogue() {
		eventType := spec.example.EventType()
		words = append(words, eventType)
		for version := range spec.decode {
			words = append(words, schemaBase+eventType+"/"+version)
		}
	}
	return words
}
