package erase

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"example.com/saga/operator/deadletter"
)

// sought recognizes the messages that are to be removed.
type sought struct {
	customer string
	// erased are the ids of erased orders: nothing comes of a message about one.
	erased map[string]bool
	// isErased reports whether another order is erased, or is not known any more.
	isErased func(ctx context.Context, orderID string) (bool, error)
}

// matches reports whether a message is about an erased order or names the
// customer. One about an order of the customer that is not erased stays, because
// the order may need it to end.
func (s sought) matches(ctx context.Context, l deadletter.Message) (bool, error) {
	about := s.read(l.Body)
	order := about.order()
	switch {
	case s.erased[l.Group], s.erased[order]:
		return true, nil
	case !about.customer || order == "":
		return about.customer, nil
	}
	return s.isErased(ctx, order)
}

// mention is what a text has of an order and of the customer.
type mention struct {
	subject, orderID string
	customer         bool
}

// order is the order that the text is about: an event's subject goes before what
// its data says.
func (m *mention) order() string {
	if m.subject != "" {
		return m.subject
	}
	return m.orderID
}

// read reads a text in every form in which an event may be in it: alone, in an
// envelope, as a text in another message, or as something that is no JSON.
func (s sought) read(text string) mention {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return s.readBroken(text)
	}
	var about mention
	s.walk(value, &about)
	return about
}

func (s sought) walk(value any, about *mention) {
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			s.member(name, member, about)
		}
	case []any:
		for _, element := range value {
			s.walk(element, about)
		}
	case string:
		if strings.HasPrefix(strings.TrimSpace(value), "{") {
			about.add(s.read(value))
		}
	}
}

func (s sought) member(name string, member any, about *mention) {
	text, _ := member.(string)
	switch {
	case text == "":
	case name == "customerId":
		about.customer = about.customer || text == s.customer
	case name == "subject":
		about.subject = text
	case name == "orderId":
		about.orderID = text
	}
	s.walk(member, about)
}

func (m *mention) add(inner mention) {
	m.customer = m.customer || inner.customer
	if m.order() == "" {
		m.subject, m.orderID = inner.subject, inner.orderID
	}
}

// aMember finds the members that matter in what is no JSON as a whole. Quotes are
// escaped there if it was a text in another message.
var aMember = regexp.MustCompile(`\\*"(customerId|subject|orderId)\\*"\s*:\s*\\*"((?:[^"\\]|\\[^"\\])*)`)

func (s sought) readBroken(text string) mention {
	var about mention
	for _, found := range aMember.FindAllStringSubmatch(text, -1) {
		switch name, value := found[1], found[2]; name {
		case "customerId":
			about.customer = about.customer || unescaped(value) == s.customer
		case "subject":
			about.subject = value
		case "orderId":
			about.orderID = value
		}
	}
	return about
}

// unescaped is the value of what is between the quotes of a JSON string, or the text itself
// if that is none.
func unescaped(text string) string {
	var value string
	if err := json.Unmarshal([]byte(`"`+text+`"`), &value); err != nil {
		return text
	}
	return value
}
