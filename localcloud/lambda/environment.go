package lambda

import (
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// processEnvironment returns the whole environment of a process: what Lambda
// sets, as far as it means something on this machine, then the local cloud's
// variables, then the function's. The folder of the code is also that of the
// runtime, in LD_LIBRARY_PATH too.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func processEnvironment(p *pool, from code, runtimeAPI, stream string) []string {
	f, config, folder := &p.function.Function, p.function.config, filepath.Dir(from.bootstrap)
	all := map[string]string{
		"_HANDLER":                        f.Handler,
		"AWS_REGION":                      config.Region,
		"AWS_DEFAULT_REGION":              config.Region,
		"AWS_LAMBDA_FUNCTION_NAME":        f.Name,
		"AWS_LAMBDA_FUNCTION_VERSION":     p.version,
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": strconv.Itoa(f.MemoryMB),
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       f.LogGroup,
		"AWS_LAMBDA_LOG_STREAM_NAME":      stream,
		"AWS_LAMBDA_RUNTIME_API":          runtimeAPI,
		"LAMBDA_TASK_ROOT":                folder,
		"LAMBDA_RUNTIME_DIR":              folder,
		"LD_LIBRARY_PATH":                 strings.Join([]string{"/lib64", "/usr/lib64", folder, folder + "/lib", folder, folder + "/lib", "/opt/lib"}, ":"),
		"PATH":                            "/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"LANG":                            "en_US.UTF-8",
		"TZ":                              ":UTC",
		"AWS_XRAY_CONTEXT_MISSING":        "LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS":         f.DaemonAddress,
	}
	maps.Copy(all, config.Environment)
	maps.Copy(all, f.Environment)
	// A session of its own distinguishes the calls of this process from those of
	// others with the same role.
	all["AWS_SESSION_TOKEN"] = stream
	list := slices.Sorted(maps.Keys(all))
	for i, name := range list {
		list[i] += "=" + all[name]
	}
	return list
}

// streamName returns the name of the log stream of one process: its first day, the
// function's name unless its log group is the default one, the version and a random
// number. https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
func streamName(now time.Time, f *Function, version string) string {
	name, random := f.Name, uuid.New()
	if f.LogGroup == "/aws/lambda/"+name {
		name = ""
	}
	return fmt.Sprintf("%s/%s[%s]%s", now.UTC().Format("2006/01/02"), name, version, hex.EncodeToString(random[:]))
}
