package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"example.com/saga/localcloud/assembly"
	"example.com/saga/localcloud/lambda"
	"example.com/saga/localcloud/wire"
)

// Lambda's defaults.
const (
	defaultMemory  = 128
	defaultTimeout = 3 * time.Second
	defaultBatch   = 10
	// unreservedConcurrency is how many invocations of a function without reserved
	// concurrency run at once: the quota of a new account.
	unreservedConcurrency = 10
)

func (c *Cloud) createFunctions() error {
	retries, problems := c.retries()
	for resource, given := range assembly.Of[assembly.Function](c.assembly) {
		environment, err := c.authority.credentials(resource, given.Role, c.config.Random)
		if err != nil {
			problems = append(problems, resourceError(resource, err))
			continue
		}
		maps.Copy(environment, given.Environment.Variables)
		made := lambda.Function{
			Name: resource.Name, ARN: resource.ARN, Bootstrap: filepath.Join(given.Artefact, "bootstrap"), Handler: given.Handler,
			Role: given.Role, Environment: environment,
			Timeout:       timeout(given),
			MemoryMB:      number(given.MemorySize, defaultMemory),
			Concurrency:   number(given.ReservedConcurrentExecutions, unreservedConcurrency),
			LogGroup:      logGroup(resource, given),
			Retries:       retries[resource.ARN],
			ActiveTracing: given.TracingConfig.Mode == "Active",
			DaemonAddress: c.traces.Address(c.mayTrace(given)),
		}
		if given.IsArchive {
			made.Archive = given.Artefact
		}
		if given.DeadLetterConfig != nil {
			made.DeadLetterARN = given.DeadLetterConfig.TargetARN
			problems = append(problems, c.checkResults(resource, given.Role, "dead-letter queue", made.DeadLetterARN))
		}
		for _, each := range retries[resource.ARN] {
			problems = append(problems, c.checkResults(resource, given.Role, "destination", each.OnSuccess), c.checkResults(resource, given.Role, "destination", each.OnFailure))
		}
		problems = append(problems, c.checkTracing(resource, given))
		c.logsOf[resource.Name] = c.functionLogs(resource, given)
		c.events[resource.ARN], c.requests[resource.ARN] = new(atomic.Int64), new(atomic.Int64)
		if err := c.functions.Create(made); err != nil {
			problems = append(problems, resourceError(resource, err))
		}
	}
	return errors.Join(append(problems, c.createVersions(), c.createAliases(), c.checkURLs())...)
}

func (c *Cloud) createVersions() error {
	var problems []error
	for resource, given := range assembly.Of[assembly.Version](c.assembly) {
		if _, err := c.functions.Publish(given.FunctionARN); err != nil {
			problems = append(problems, resourceError(resource, err))
		}
	}
	return errors.Join(problems...)
}

func (c *Cloud) createAliases() error {
	var problems []error
	for resource, given := range assembly.Of[assembly.Alias](c.assembly) {
		made := lambda.Alias{Name: given.Name, Version: given.FunctionVersion, Weights: map[string]float64{}}
		for _, each := range given.RoutingConfig.AdditionalVersionWeights {
			made.Weights[each.FunctionVersion] = each.FunctionWeight
		}
		if err := c.functions.CreateAlias(given.FunctionARN, made); err != nil {
			problems = append(problems, resourceError(resource, err))
		}
	}
	return errors.Join(problems...)
}

// checkURLs refuses the URL of an alias that is not in the stack. A version has no
// URL. https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
func (c *Cloud) checkURLs() error {
	aliases := map[string]bool{}
	for resource := range assembly.Of[assembly.Alias](c.assembly) {
		aliases[resource.ARN] = true
	}
	var problems []error
	for resource, url := range assembly.Of[assembly.URL](c.assembly) {
		if url.Qualifier != "" && !aliases[url.FunctionARN] {
			problems = append(problems, resourceError(resource, fmt.Errorf("the alias %s is not in the stack", url.FunctionARN)))
		}
	}
	return errors.Join(problems...)
}

// retries returns the settings of asynchronous invocations by function ARN and by
// qualifier.
func (c *Cloud) retries() (map[string]map[string]lambda.Retries, []error) {
	configs := map[string]map[string]lambda.Retries{}
	functions := functionARNs(c.assembly)
	var problems []error
	for resource, given := range assembly.Of[assembly.EventInvokeConfig](c.assembly) {
		qualified := given.FunctionName + ":" + given.Qualifier
		arn, qualifier := lambda.SplitARN(functions[qualified])
		if qualifier != given.Qualifier {
			problems = append(problems, resourceError(resource, fmt.Errorf("the function %s is not in the stack", qualified)))
			continue
		}
		if configs[arn] == nil {
			configs[arn] = map[string]lambda.Retries{}
		}
		configs[arn][qualifier] = lambda.Retries{
			MaximumAttempts: given.MaximumRetryAttempts, MaximumEventAge: seconds(given.MaximumEventAgeInSeconds, 0),
			OnSuccess: given.Destinations.OnSuccess.ARN, OnFailure: given.Destinations.OnFailure.ARN,
		}
	}
	return configs, problems
}

func timeout(given *assembly.Function) time.Duration { return seconds(given.Timeout, defaultTimeout) }

func logGroup(resource assembly.Resource, given *assembly.Function) string {
	if given.LoggingConfig.LogGroup != "" {
		return given.LoggingConfig.LogGroup
	}
	return "/aws/lambda/" + resource.Name
}

// checkTracing refuses a function whose segments would be lost: the daemon
// sends them with the function's role.
func (c *Cloud) checkTracing(resource assembly.Resource, given *assembly.Function) error {
	if given.TracingConfig.Mode == "Active" && !c.mayTrace(given) {
		return resourceError(resource, errors.New("its tracing is active, but its role does not allow xray:PutTraceSegments"))
	}
	return nil
}

func (c *Cloud) mayTrace(function *assembly.Function) bool {
	return c.authority.roleAllows(function.Role, "xray:PutTraceSegments", "*")
}

// functionLogs is where the lines of a function go.
type functionLogs struct {
	path, group string
	// kept reports whether the role may write to the group, and declared whether the
	// group is in the stack. Lambda creates one that is not.
	kept, declared bool
}

// functionLogs returns where the lines of a function go. Lambda runs a function
// whose role may not log, and drops its lines silently; here a warning names it.
func (c *Cloud) functionLogs(resource assembly.Resource, given *assembly.Function) functionLogs {
	logs := functionLogs{path: resource.Path, group: logGroup(resource, given), kept: true}
	for declared := range assembly.Of[assembly.LogGroup](c.assembly) {
		logs.declared = logs.declared || declared.Name == logs.group
	}
	actions := []string{"logs:CreateLogStream", "logs:PutLogEvents"}
	if !logs.declared {
		actions = append(actions, "logs:CreateLogGroup")
	}
	for _, action := range actions {
		if !c.authority.roleAllows(given.Role, action, c.logs.ARN(logs.group)+":log-stream:any") {
			logs.kept = false
			c.config.Logger.WarnContext(context.Background(), "the logs of a function are not kept: its role does not allow an action",
				"function", logs.path, "action", action, "log_group", logs.group)
		}
	}
	return logs
}

func (c *Cloud) createMappings() error {
	var problems []error
	functions := functionARNs(c.assembly)
	for resource, given := range assembly.Of[assembly.EventSourceMapping](c.assembly) {
		arn, known := functions[given.FunctionName]
		if !known {
			problems = append(problems, resourceError(resource, fmt.Errorf("the function %s is not in the stack", given.FunctionName)))
			continue
		}
		made := lambda.EventSource{
			ID: resource.Ref, QueueARN: given.EventSourceARN, FunctionARN: arn,
			BatchSize:               number(given.BatchSize, defaultBatch),
			BatchingWindow:          time.Duration(given.MaximumBatchingWindowInSeconds) * time.Second,
			ReportBatchItemFailures: len(given.FunctionResponseTypes) > 0,
			IsDisabled:              given.Enabled != nil && !*given.Enabled,
		}
		for _, filter := range given.FilterCriteria.Filters {
			made.Filters = append(made.Filters, filter.Pattern)
		}
		if given.ScalingConfig != nil {
			made.MaximumConcurrency = given.ScalingConfig.MaximumConcurrency
		}
		if err := errors.Join(c.checkMapping(made), c.functions.Map(made)); err != nil {
			problems = append(problems, resourceError(resource, err))
		}
	}
	return errors.Join(problems...)
}

// checkMapping refuses what Lambda refuses: a role that may not poll, and a
// queue whose visibility timeout is shorter than the function's.
func (c *Cloud) checkMapping(given lambda.EventSource) error {
	var worker *assembly.Function
	function, _ := lambda.SplitARN(given.FunctionARN)
	for resource, each := range assembly.Of[assembly.Function](c.assembly) {
		if resource.ARN == function {
			worker = each
		}
	}
	var problems []error
	for _, action := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		if !c.authority.roleAllows(worker.Role, "sqs:"+action, given.QueueARN) {
			problems = append(problems, fmt.Errorf("the provided execution role does not have permissions to call %s on SQS", action))
		}
	}
	for resource, each := range assembly.Of[assembly.Queue](c.assembly) {
		if resource.ARN == given.QueueARN && visibility(each) < timeout(worker) {
			problems = append(problems, fmt.Errorf("queue visibility timeout: %d seconds is less than Function timeout: %d seconds",
				int(visibility(each).Seconds()), int(timeout(worker).Seconds())))
		}
	}
	return errors.Join(problems...)
}

// functionURL serves a function URL. One without authorization refuses every call if the
// public may not use it.
func (c *Cloud) functionURL(function string) http.Handler {
	for _, url := range assembly.Of[assembly.URL](c.assembly) {
		if url.Function != function {
			continue
		}
		arn, _ := lambda.SplitARN(url.FunctionARN)
		handler := countRequests(c.requests[arn], c.functions.URLHandler(url.FunctionARN))
		switch {
		case url.AuthType == "AWS_IAM":
			return c.signedURL(url.FunctionARN, handler)
		case c.authority.publicMayInvoke(url.FunctionARN):
			return handler
		}
	}
	return http.HandlerFunc(forbidURL)
}

// signedURL serves the requests whose signer may call the URL of a function.
func (c *Cloud) signedURL(functionARN string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, refused := wire.Signer(r)
		if refused != nil || !c.authority.mayCallURL(wire.WithCaller(r.Context(), id), functionARN) {
			forbidURL(w, r)
			return
		}
		handler.ServeHTTP(w, r.WithContext(lambda.WithURLCaller(r.Context(), c.authority.urlCaller(id))))
	})
}

func forbidURL(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Amzn-Errortype", "AccessDeniedException")
	writeJSON(w, http.StatusForbidden, "application/json", map[string]string{
		"Message": "Forbidden. The caller must be allowed both lambda:InvokeFunctionUrl and lambda:InvokeFunction through the URL.",
	})
}

func countRequests(counter *atomic.Int64, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counter.Add(1)
		handler.ServeHTTP(w, r)
	})
}

// logLine stores a line that a function wrote, and passes it to Config.Log.
func (c *Cloud) logLine(name, stream, line string) {
	if line == "" {
		return
	}
	now, logs := c.config.Clock(), c.logsOf[name]
	if err := c.store(logs, stream, now, line); err != nil {
		c.config.Logger.WarnContext(context.Background(), "a function's log line is lost", "function", logs.path, "error", err)
	}
	if c.config.Log != nil {
		c.config.Log(now, logs.path, line)
	}
}

func (c *Cloud) store(logs functionLogs, stream string, at time.Time, line string) error {
	if !logs.kept {
		return nil
	}
	if !logs.declared {
		c.logs.Ensure(logs.group)
	}
	return c.logs.Put(logs.group, stream, at, line)
}
