package dynamo

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// maximumName is the length in bytes of the longest name of a key, in a table or an index.
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)
const maximumName = 255

// Layout has the names of a table that are not the usual ones of the package
// documentation, and the sort key of a table that has one. All functions of a context,
// and the operator's tools, need the same layout, and it cannot change while there are
// records.
type Layout struct {
	// Attributes has the table's name for each usual name that it does not have, such as
	// {"pk": "PK", "expires_at": "ttl"}.
	Attributes map[string]string
	// SortKey is the name of the table's sort key, and SortValue its value in every item of
	// the store, such as "saga": items with other values are not touched. SortValue is also
	// the partition key of what is due. Contexts that share a table have different ones.
	SortKey, SortValue string
	// DueIndex and AccountIndex are the names of the indexes, by default due and account.
	DueIndex, AccountIndex string
}

// WithLayout returns the vocabulary for a table with other names. An error is returned if
// a name is not one of the usual ones, if two attributes would have one name, and if
// SortKey or SortValue is missing.
func (v Vocabulary) WithLayout(layout Layout) (Vocabulary, error) {
	v.layout = layout
	for usual := range layout.Attributes {
		if !slices.Contains(attributes(), usual) {
			return Vocabulary{}, fmt.Errorf("a record has no attribute %q", usual)
		}
	}
	if (layout.SortKey == "") != (layout.SortValue == "") {
		return Vocabulary{}, errors.New("of SortKey and SortValue one is missing")
	}
	names := v.reserved()
	slices.Sort(names)
	for i, name := range names {
		switch {
		case name == "" || len(name) > maximumName || strings.HasPrefix(name, mark):
			return Vocabulary{}, fmt.Errorf("the name %q of an attribute has not 1 to %d bytes, or begins with %s", name, maximumName, mark)
		case i > 0 && names[i-1] == name:
			return Vocabulary{}, fmt.Errorf("two attributes have the name %q", name)
		}
	}
	return v, nil
}

// attributes are the usual names of the attributes of records, in this form and in the
// earlier one.
func attributes() []string {
	return []string{"pk", "version", "record", "expires_at", "open", "due", "account", "amount", "until", "state", "handled", "erased"}
}

// reserved are the names that no counter has in the table: those of all attributes.
func (v Vocabulary) reserved() []string {
	var names []string
	for _, usual := range attributes() {
		names = append(names, v.name(usual))
	}
	if v.layout.SortKey != "" {
		names = append(names, v.layout.SortKey)
	}
	return names
}

// name returns the table's name of an attribute.
func (v Vocabulary) name(usual string) string {
	if name, other := v.layout.Attributes[usual]; other {
		return name
	}
	return usual
}

func (v Vocabulary) dueIndex() string     { return cmp.Or(v.layout.DueIndex, "due") }
func (v Vocabulary) accountIndex() string { return cmp.Or(v.layout.AccountIndex, "account") }
func (v Vocabulary) open() string         { return cmp.Or(v.layout.SortValue, "yes") }

// key returns the key of an item in the table.
func (v Vocabulary) key(pk string) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{v.name("pk"): &types.AttributeValueMemberS{Value: pk}}
	if v.layout.SortKey != "" {
		key[v.layout.SortKey] = &types.AttributeValueMemberS{Value: v.layout.SortValue}
	}
	return key
}

// isKey reports whether an attribute is in the key of the table.
func (v Vocabulary) isKey(attribute string) bool {
	return attribute == v.name("pk") || attribute == v.layout.SortKey
}

// isOwn reports whether an item of the table is one of the store, by its sort key. Without
// a sort key each is.
func (v Vocabulary) isOwn(item map[string]types.AttributeValue) bool {
	return textOf(item, v.layout.SortKey) == v.layout.SortValue
}

// subjectOf returns the partition key of an item, or "".
func (v Vocabulary) subjectOf(item map[string]types.AttributeValue) string {
	return textOf(item, v.name("pk"))
}

func textOf(item map[string]types.AttributeValue, name string) string {
	text, _ := item[name].(*types.AttributeValueMemberS)
	if text == nil {
		return ""
	}
	return text.Value
}

// usual returns the attributes of a record by their usual names, with nil for an absent one.
func (v Vocabulary) usual(item map[string]types.AttributeValue) map[string]types.AttributeValue {
	usual := make(map[string]types.AttributeValue)
	for _, name := range attributes() {
		usual[name] = item[v.name(name)]
	}
	return usual
}
