package apidestination

import (
	"context"
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"sync"

	"example.com/saga/localcloud/wire"
)

// Connection is what EventBridge adds to every request to the destinations that
// use it: an API key, if it has a name, and invocation parameters. They win over
// the parameters of a rule's target.
type Connection struct {
	Name, ARN string
	KeyName   string
	KeyValue  string
	Header    []HeaderParameter
	Query     url.Values

	mu sync.RWMutex
	// formerKeys are the keys that were replaced, the latest last.
	formerKeys []string
}

// header returns the headers that the connection adds to a request.
func (c *Connection) header() http.Header {
	c.mu.RLock()
	defer c.mu.RUnlock()
	header := http.Header{}
	for _, parameter := range c.Header {
		header.Add(parameter.Key, parameter.Value)
	}
	if c.KeyName != "" {
		header.Set(c.KeyName, c.KeyValue)
	}
	return header
}

// hasKey reports whether a request has the connection's key or a former one.
func (c *Connection) hasKey(header http.Header) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	given := []byte(header.Get(c.KeyName))
	return slices.ContainsFunc(append([]string{c.KeyValue}, c.formerKeys...), func(key string) bool {
		return subtle.ConstantTimeCompare(given, []byte(key)) == 1
	})
}

func (c *Connection) update(parameters AuthParameters) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if key := parameters.ApiKeyAuthParameters; key.ApiKeyValue != c.KeyValue || key.ApiKeyName != c.KeyName {
		c.formerKeys = append(c.formerKeys, c.KeyValue)
		c.KeyName, c.KeyValue = key.ApiKeyName, key.ApiKeyValue
	}
	if given := parameters.InvocationHttpParameters; given != nil {
		c.Header = given.HeaderParameters
	}
}

// Connect adds a connection.
func (s *Service) Connect(connection *Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections[connection.Name] = connection
}

// HasKey reports whether a request has the key of a connection. A former key is
// valid too: while a key is rotated, an endpoint accepts both.
func (s *Service) HasKey(header http.Header) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, connection := range s.connections {
		if connection.hasKey(header) {
			return true
		}
	}
	return false
}

// Operations are EventBridge's operations on connections.
func (s *Service) Operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"DescribeConnection": wire.Op(s.DescribeConnection),
		"UpdateConnection":   wire.Op(s.UpdateConnection),
	}
}

// DescribeConnectionInput is DescribeConnection's request.
type DescribeConnectionInput struct {
	Name string
}

// DescribeConnectionOutput is DescribeConnection's response. It has no key.
type DescribeConnectionOutput struct {
	Name              string
	ConnectionArn     string
	ConnectionState   string
	AuthorizationType string
	AuthParameters    AuthParameters
}

// UpdateConnectionInput is UpdateConnection's request.
type UpdateConnectionInput struct {
	Name              string
	AuthorizationType string
	AuthParameters    AuthParameters
}

// UpdateConnectionOutput is UpdateConnection's response.
type UpdateConnectionOutput struct {
	ConnectionArn   string
	ConnectionState string
}

// AuthParameters are what a connection adds to a request.
type AuthParameters struct {
	ApiKeyAuthParameters     *ApiKey
	InvocationHttpParameters *HttpParameters `json:",omitempty"`
}

// ApiKey is an API key; its value is never returned.
type ApiKey struct {
	ApiKeyName  string
	ApiKeyValue string `json:",omitempty"`
}

// HttpParameters are the headers besides the key.
type HttpParameters struct {
	HeaderParameters []HeaderParameter
}

// HeaderParameter is one header. A secret value is not returned either.
type HeaderParameter struct {
	Key           string
	Value         string `json:",omitempty"`
	IsValueSecret bool
}

const (
	authorized = "AUTHORIZED"
	byKey      = "API_KEY"
)

// DescribeConnection describes a connection.
func (s *Service) DescribeConnection(ctx context.Context, in *DescribeConnectionInput) (*DescribeConnectionOutput, error) {
	connection, err := s.connection(ctx, "events:DescribeConnection", in.Name)
	if err != nil {
		return nil, err
	}
	connection.mu.RLock()
	defer connection.mu.RUnlock()
	out := &DescribeConnectionOutput{
		Name: connection.Name, ConnectionArn: connection.ARN, ConnectionState: authorized, AuthorizationType: byKey,
		AuthParameters: AuthParameters{ApiKeyAuthParameters: &ApiKey{ApiKeyName: connection.KeyName}},
	}
	if len(connection.Header) == 0 {
		return out, nil
	}
	told := slices.Clone(connection.Header)
	for i := range told {
		if told[i].IsValueSecret {
			told[i].Value = ""
		}
	}
	out.AuthParameters.InvocationHttpParameters = &HttpParameters{told}
	return out, nil
}

// UpdateConnection changes what the next request is sent with.
func (s *Service) UpdateConnection(ctx context.Context, in *UpdateConnectionInput) (*UpdateConnectionOutput, error) {
	connection, err := s.connection(ctx, "events:UpdateConnection", in.Name)
	if err != nil {
		return nil, err
	}
	key := in.AuthParameters.ApiKeyAuthParameters
	if in.AuthorizationType != byKey || key == nil || key.ApiKeyName == "" || key.ApiKeyValue == "" {
		return nil, wire.ValidationError("the local cloud updates a connection with a whole API key only")
	}
	connection.update(in.AuthParameters)
	return &UpdateConnectionOutput{ConnectionArn: connection.ARN, ConnectionState: authorized}, nil
}

func (s *Service) connection(ctx context.Context, action, name string) (*Connection, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	found := s.connections[name]
	if found == nil {
		return nil, wire.Errorf("ResourceNotFoundException", "Failed to describe the connection(s). Connection '%s' does not exist.", name)
	}
	return found, s.authorize.Check(ctx, action, found.ARN, nil)
}
