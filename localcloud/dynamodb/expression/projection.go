package expression

import "example.com/saga/localcloud/dynamodb/attribute"

// Projection is a parsed ProjectionExpression; nil takes everything.
type Projection struct {
	tree  pathTree[struct{}]
	paths []Path
}

// ParseProjection parses a ProjectionExpression. It returns nil if the request has
// none.
func ParseProjection(text *string, variables *Variables) (*Projection, error) {
	if text == nil {
		return nil, nil
	}
	p := newParser("ProjectionExpression", *text, variables)
	read := new(Projection)
	add(p, &read.tree, p.path(), struct{}{})
	for p.accept(",") {
		add(p, &read.tree, p.path(), struct{}{})
	}
	p.end()
	read.paths = p.paths
	return read, p.err
}

// Paths returns every path in the projection.
func (p *Projection) Paths() []Path {
	if p == nil {
		return nil
	}
	return p.paths
}

// Of returns what the projection takes of an item. It is empty, not absent, if the
// item has none of it.
func (p *Projection) Of(item attribute.Item) attribute.Item {
	if item == nil || p == nil {
		return item
	}
	picked := p.tree.pick(item)
	if picked == nil {
		picked = attribute.Item{}
	}
	return picked
}
