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
	p, err := newParser("ProjectionExpression", *text, variables)
	if err != nil {
		return nil, err
	}
	read := new(Projection)
	for {
		next, err := p.path()
		if err != nil {
			return nil, err
		}
		if err := add(p, &read.tree, next, struct{}{}); err != nil {
			return nil, err
		}
		if !p.accept(",") {
			read.paths = p.paths
			return read, p.end()
		}
	}
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
