package dynamodb

import "maps"

// projection is a parsed ProjectionExpression; nil takes everything.
type projection struct {
	tree  tree[struct{}]
	paths []path
}

func parseProjection(source *string, variables *placeholders) (*projection, error) {
	if source == nil {
		return nil, nil
	}
	p, err := newParser("ProjectionExpression", *source, variables)
	if err != nil {
		return nil, err
	}
	read := new(projection)
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

// of gives the caller its own copy of what it asked for of an item, which is
// empty, not absent, if the item has none of it.
func (p *projection) of(item Item) Item {
	if item == nil || p == nil {
		return maps.Clone(item)
	}
	picked := p.tree.pick(item)
	if picked == nil {
		picked = Item{}
	}
	return picked
}
