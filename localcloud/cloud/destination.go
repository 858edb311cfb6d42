package cloud

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"example.com/saga/localcloud/apidestination"
	"example.com/saga/localcloud/assembly"
)

// createDestinations creates the API destinations and their connections. The
// hosts in the template are not on this machine: the scheme and the host of each
// endpoint are replaced by a configured URL, or by the receiver inside.
func (c *Cloud) createDestinations() error {
	connections := map[string]*apidestination.Connection{}
	for resource, given := range assembly.Of[assembly.Connection](c.assembly) {
		made := &apidestination.Connection{Name: resource.Name, ARN: resource.ARN, Parameters: authParameters(given.AuthParameters)}
		c.destinations.Connect(made)
		connections[resource.ARN] = made
	}
	return errors.Join(c.checkDestinationURLs(), each(c.assembly, func(resource assembly.Resource, given *assembly.APIDestination) error {
		connection, known := connections[given.ConnectionARN]
		if !known {
			return missing("connection", given.ConnectionARN)
		}
		base, err := c.baseOf(resource.Path, given.InvocationEndpoint)
		if err != nil {
			return err
		}
		return c.unreported(resource, c.destinations.Create(apidestination.Destination{
			ARN: resource.ARN, Endpoint: given.InvocationEndpoint, Base: base, Method: given.HTTPMethod,
			RatePerSecond: number(given.RateLimitPerSecond, 0), Connection: connection,
		}))
	}))
}

// checkDestinationURLs refuses a URL for an API destination that is not in the
// stack.
func (c *Cloud) checkDestinationURLs() error {
	known := slices.Sorted(maps.Keys(names[assembly.APIDestination](c.assembly)))
	var problems []error
	for _, path := range slices.Sorted(maps.Keys(c.config.DestinationURLs)) {
		if path != "" && !slices.Contains(known, path) {
			problems = append(problems, fmt.Errorf("there is no API destination %s to call %s; there are: %s",
				path, c.config.DestinationURLs[path], strings.Join(known, ", ")))
		}
	}
	return errors.Join(problems...)
}

// baseOf returns what replaces the scheme and the host of a destination's
// endpoint. The receiver finds the endpoint's host in front of the path.
func (c *Cloud) baseOf(destination, endpoint string) (string, error) {
	if base := cmp.Or(c.config.DestinationURLs[destination], c.config.DestinationURLs[""]); base != "" {
		return base, nil
	}
	address, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("property InvocationEndpoint is not a URL: %w", err)
	}
	return c.address + deliveriesPath + "/" + address.Host, nil
}

func authParameters(given assembly.AuthParameters) apidestination.AuthParameters {
	parameters := apidestination.AuthParameters{BasicAuthParameters: (*apidestination.Basic)(given.Basic)}
	if key := given.APIKey; key != nil {
		parameters.ApiKeyAuthParameters = &apidestination.ApiKey{ApiKeyName: key.Name, ApiKeyValue: key.Value}
	}
	if added := given.HTTPParameters; added != nil {
		parameters.InvocationHttpParameters = &apidestination.HttpParameters{
			HeaderParameters:      connectionParameters(added.HeaderParameters),
			QueryStringParameters: connectionParameters(added.QueryStringParameters),
			BodyParameters:        connectionParameters(added.BodyParameters),
		}
	}
	return parameters
}

func connectionParameters(given []assembly.ConnectionParameter) []apidestination.Parameter {
	var parameters []apidestination.Parameter
	for _, parameter := range given {
		parameters = append(parameters, apidestination.Parameter(parameter))
	}
	return parameters
}
