package cloud

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
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
	retries, err := c.retries()
	return errors.Join(err, each(c.assembly, func(resource assembly.Resource, given *assembly.Function) error {
		environment, err := c.authority.credentials(resource, given.Role, c.config.Random)
		if environment == nil {
			c.setAbsent(resource)
			return err
		}
		maps.Copy(environment, given.Environment.Variables)
		made := lambda.Function{
			Name: resource.Name, ARN: resource.ARN, Code: given.Artefact, Handler: given.Handler,
			Role: given.Role, Environment: environment,
			Timeout:       timeout(given),
			MemoryMB:      number(given.MemorySize, defaultMemory),
			Concurrency:   number(given.ReservedConcurrentExecutions, unreservedConcurrency),
			LogGroup:      logGroup(resource, given),
			Retries:       retries[resource.ARN],
			Debug:         slices.Contains(c.config.Debug, resource.Path),
			ActiveTracing: given.TracingConfig.Mode == "Active",
			DaemonAddress: c.traces.Address(c.mayTrace(given)),
			DeadLetterARN: given.DeadLetterConfig.TargetARN,
		}
		c.logsOf[resource.Name] = c.functionLogs(resource, given)
		problems := []error{c.checkResults(given.Role, "dead-letter queue", made.DeadLetterARN)}
		for _, each := range made.Retries {
			problems = append(problems, c.checkResults(given.Role, "destination", each.OnSuccess), c.checkResults(given.Role, "destination", each.OnFailure))
		}
		return errors.Join(errors.Join(problems...), c.checkTracing(given), c.unreported(resource, c.functions.Create(made)))
	}))
}

func (c *Cloud) createVersion(_ assembly.Resource, given *assembly.Version) error {
	_, err := c.functions.Publish(given.FunctionARN)
	return err
}

func (c *Cloud) createAlias(_ assembly.Resource, given *assembly.Alias) error {
	made := lambda.Alias{Name: given.Name, Version: given.FunctionVersion, Weights: map[string]float64{}}
	for _, each := range given.RoutingConfig.AdditionalVersionWeights {
		made.Weights[each.FunctionVersion] = each.FunctionWeight
	}
	return c.functions.CreateAlias(given.FunctionARN, made)
}

// checkURL refuses the URL of an alias that is not in the stack. A version has no
// URL. https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
func (c *Cloud) checkURL(_ assembly.Resource, url *assembly.URL) error {
	if url.Qualifier == "" {
		return nil
	}
	return checkInStack[assembly.Alias](c.assembly, "alias", url.FunctionARN)
}

// retries returns the settings of asynchronous invocations by function ARN and by
// qualifier.
func (c *Cloud) retries() (map[string]map[string]lambda.Retries, error) {
	configs := map[string]map[string]lambda.Retries{}
	return configs, each(c.assembly, func(_ assembly.Resource, given *assembly.EventInvokeConfig) error {
		if given.FunctionName == "" || given.Qualifier == "" {
			return nil // It is reported already.
		}
		qualified := given.FunctionName + ":" + given.Qualifier
		arn, qualifier := lambda.SplitARN(c.authority.functions[qualified])
		if qualifier != given.Qualifier {
			return missing("function", qualified)
		}
		if configs[arn] == nil {
			configs[arn] = map[string]lambda.Retries{}
		}
		configs[arn][qualifier] = lambda.Retries{
			MaximumAttempts: given.MaximumRetryAttempts, MaximumEventAge: seconds(given.MaximumEventAgeInSeconds, 0),
			OnSuccess: given.Destinations.OnSuccess.ARN, OnFailure: given.Destinations.OnFailure.ARN,
		}
		return nil
	})
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
func (c *Cloud) checkTracing(given *assembly.Function) error {
	if given.TracingConfig.Mode == "Active" && !c.mayTrace(given) {
		return errors.New("its tracing is active, but its role does not allow xray:PutTraceSegments")
	}
	return nil
}

func (c *Cloud) mayTrace(function *assembly.Function) bool {
	return c.authority.roleAllows(function.Role, "xray:PutTraceSegments", "*")
}

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

func (c *Cloud) createMapping(resource assembly.Resource, given *assembly.EventSourceMapping) error {
	arn, known := c.authority.functions[given.FunctionName]
	if !known {
		return missing("function", given.FunctionName)
	}
	made := lambda.EventSource{
		ID: resource.Ref, QueueARN: given.EventSourceARN, FunctionARN: arn,
		BatchSize:               number(given.BatchSize, defaultBatch),
		BatchingWindow:          time.Duration(given.MaximumBatchingWindowInSeconds) * time.Second,
		ReportBatchItemFailures: len(given.FunctionResponseTypes) > 0,
		IsDisabled:              given.Enabled != nil && !*given.Enabled,
		MaximumConcurrency:      given.ScalingConfig.MaximumConcurrency,
	}
	for _, filter := range given.FilterCriteria.Filters {
		made.Filters = append(made.Filters, filter.Pattern)
	}
	if !strings.HasPrefix(made.QueueARN, "arn:aws:sqs:") {
		return nil // It is reported already.
	}
	if err := c.checkMapping(made); err != nil {
		return err
	}
	err := c.functions.Map(made)
	if worker, function := c.function(arn); worker.IsRefused || !c.authority.isClear(function.Role) {
		return nil // It may follow from what is reported already.
	}
	return c.unreported(resource, err, made.FunctionARN, made.QueueARN)
}

func (c *Cloud) function(arn string) (assembly.Resource, *assembly.Function) {
	unqualified, _ := lambda.SplitARN(arn)
	return find[assembly.Function](c.assembly, unqualified)
}

// checkMapping refuses what Lambda refuses: a role that may not poll, and a
// queue whose visibility timeout is shorter than the function's.
func (c *Cloud) checkMapping(given lambda.EventSource) error {
	function, worker := c.function(given.FunctionARN)
	var problems []error
	for _, action := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		if c.authority.isClear(worker.Role) && !c.authority.roleAllows(worker.Role, "sqs:"+action, given.QueueARN) {
			problems = append(problems, fmt.Errorf("the provided execution role does not have permissions to call %s on SQS", action))
		}
	}
	found, queue := find[assembly.Queue](c.assembly, given.QueueARN)
	isKnown := found.ARN != "" && !function.Refused["Timeout"] && !found.Refused["VisibilityTimeout"]
	if isKnown && visibility(queue) < timeout(worker) {
		problems = append(problems, fmt.Errorf("queue visibility timeout: %d seconds is less than Function timeout: %d seconds",
			int(visibility(queue).Seconds()), int(timeout(worker).Seconds())))
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
		handler := c.countRequests(arn, c.functions.URLHandler(url.FunctionARN))
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

func (c *Cloud) countRequests(functionARN string, handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.counted.add(functionARN, countedRequests, 1)
		handler.ServeHTTP(w, r)
	})
}

// logLine stores a line that a function wrote, and passes it to Config.Log.
func (c *Cloud) logLine(name, stream, line string) {
	if line == "" {
		return
	}
	now, logs := c.config.Clock(), c.logsOf[name]
	if logs.kept && !logs.declared {
		c.logs.Ensure(logs.group)
	}
	if logs.kept {
		if err := c.logs.Put(logs.group, stream, now, line); err != nil {
			c.config.Logger.WarnContext(context.Background(), "a function's log line is lost", "function", logs.path, "error", err)
		}
	}
	if c.config.Log != nil {
		c.config.Log(now, logs.path, line)
	}
}
