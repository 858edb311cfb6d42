package apidestination

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"sync"

	"example.com/saga/localcloud/wire"
)

// Connection is what EventBridge adds to every request to the destinations that
// use it. It wins over the parameters of a rule's target.
type Connection struct {
	Name, ARN  string
	Parameters AuthParameters

	mu sync.RWMutex
	// former are the credentials that were replaced, the latest last.
	former []credential
}

// A credential is the header that authorizes a request, and its type. Without a name
// there is none.
type credential struct{ kind, name, value string }

func (c credential) isIn(header http.Header) bool {
	return c.name != "" && subtle.ConstantTimeCompare([]byte(header.Get(c.name)), []byte(c.value)) == 1
}

// current returns what the connection adds to a request.
func (c *Connection) current() AuthParameters {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.Parameters
}

// authorizes reports whether a request has the connection's credential or a former one.
func (c *Connection) authorizes(header http.Header) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return slices.ContainsFunc(append(slices.Clip(c.former), c.Parameters.credential()), func(known credential) bool {
		return known.isIn(header)
	})
}

func (c *Connection) update(parameters AuthParameters) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := c.Parameters.credential(); old != parameters.credential() {
		c.former = append(c.former, old)
	}
	if parameters.InvocationHttpParameters == nil {
		parameters.InvocationHttpParameters = c.Parameters.InvocationHttpParameters
	}
	c.Parameters = parameters
}

// Connect adds a connection.
func (s *Service) Connect(connection *Connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connections[connection.Name] = connection
}

// Authorizes reports whether a request has the credential of a connection. A
// former one is valid too: while a key is rotated, an endpoint accepts both.
func (s *Service) Authorizes(header http.Header) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.ContainsFunc(slices.Collect(maps.Values(s.connections)), func(c *Connection) bool { return c.authorizes(header) })
}

// Operations are EventBridge's operations on connections.
func (s *Service) Operations() map[string]wire.Operation {
	return map[string]wire.Operation{
		"DescribeConnection": wire.Op(s.describeConnection),
		"UpdateConnection":   wire.Op(s.updateConnection),
	}
}

type describeConnectionInput struct{ Name string }

// describeConnectionOutput has no secret.
type describeConnectionOutput struct {
	Name string
	updateConnectionOutput
	AuthorizationType string
	AuthParameters    AuthParameters
}

type updateConnectionInput struct {
	Name              string
	AuthorizationType string
	AuthParameters    AuthParameters
}

type updateConnectionOutput struct{ ConnectionArn, ConnectionState string }

// AuthParameters are what a connection adds to a request: the credential, which
// is one of the first two, and parameters.
type AuthParameters struct {
	ApiKeyAuthParameters     *ApiKey         `json:",omitempty"`
	BasicAuthParameters      *Basic          `json:",omitempty"`
	InvocationHttpParameters *HttpParameters `json:",omitempty"`
}

// ApiKey is an API key; its value is never returned.
type ApiKey struct {
	ApiKeyName  string
	ApiKeyValue string `json:",omitempty"`
}

// Basic is a name and a password; the password is never returned.
type Basic struct {
	Username string
	Password string `json:",omitempty"`
}

// HttpParameters are what a connection adds besides the credential.
type HttpParameters struct {
	HeaderParameters      []Parameter `json:",omitempty"`
	QueryStringParameters []Parameter `json:",omitempty"`
	BodyParameters        []Parameter `json:",omitempty"`
}

// Parameter is one parameter. A secret value is not returned either.
type Parameter struct {
	Key           string
	Value         string `json:",omitempty"`
	IsValueSecret bool
}

// credential returns the credential, which is none unless there is a whole one, and no
// other.
func (p AuthParameters) credential() credential {
	switch key, basic := p.ApiKeyAuthParameters, p.BasicAuthParameters; {
	case key != nil && basic == nil && key.ApiKeyName != "" && key.ApiKeyValue != "":
		return credential{"API_KEY", key.ApiKeyName, key.ApiKeyValue}
	case basic != nil && key == nil && basic.Username != "" && basic.Password != "":
		return credential{"BASIC", "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(basic.Username+":"+basic.Password))}
	default:
		return credential{}
	}
}

// public returns the parameters without what is secret.
func (p AuthParameters) public() AuthParameters {
	if key := p.ApiKeyAuthParameters; key != nil {
		p.ApiKeyAuthParameters = &ApiKey{ApiKeyName: key.ApiKeyName}
	}
	if basic := p.BasicAuthParameters; basic != nil {
		p.BasicAuthParameters = &Basic{Username: basic.Username}
	}
	if all := p.InvocationHttpParameters; all != nil {
		p.InvocationHttpParameters = &HttpParameters{
			publicParameters(all.HeaderParameters), publicParameters(all.QueryStringParameters), publicParameters(all.BodyParameters),
		}
	}
	return p
}

func publicParameters(all []Parameter) []Parameter {
	all = slices.Clone(all)
	for i := range all {
		if all[i].IsValueSecret {
			all[i].Value = ""
		}
	}
	return all
}

func (s *Service) describeConnection(ctx context.Context, in *describeConnectionInput) (*describeConnectionOutput, error) {
	found, err := s.connection(ctx, "events:DescribeConnection", in.Name)
	if err != nil {
		return nil, err
	}
	parameters := found.current()
	return &describeConnectionOutput{found.Name, found.state(), parameters.credential().kind, parameters.public()}, nil
}

// updateConnection changes what the next request is sent with.
func (s *Service) updateConnection(ctx context.Context, in *updateConnectionInput) (*updateConnectionOutput, error) {
	found, err := s.connection(ctx, "events:UpdateConnection", in.Name)
	if err != nil {
		return nil, err
	}
	if in.AuthorizationType == "" || in.AuthorizationType != in.AuthParameters.credential().kind {
		return nil, wire.ValidationError("the local cloud updates a connection with a whole API key, or name and password, only")
	}
	found.update(in.AuthParameters)
	state := found.state()
	return &state, nil
}

func (c *Connection) state() updateConnectionOutput {
	return updateConnectionOutput{c.ARN, "AUTHORIZED"}
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
