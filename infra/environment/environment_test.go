package environment_test

import (
	"fmt"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/saga/infra/environment"
)

func TestEveryEnvironmentIsValid(t *testing.T) {
	for _, name := range environment.Names() {
		settings, err := environment.Named(name)
		if err != nil {
			t.Error(err)
		}
		if settings.Name != name {
			t.Errorf("environment %s has the name %q", name, settings.Name)
		}
	}
}

func TestTheErrorForAnUnknownEnvironmentNamesTheKnownOnes(t *testing.T) {
	_, err := environment.Named("production")
	if err == nil {
		t.Fatal("production is accepted")
	}
	const want = `unknown environment "production": choose one of local, dev, staging, prod`
	if err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestStagingIsProtectedLikeProduction(t *testing.T) {
	for name, want := range map[string]bool{"local": false, "dev": false, "staging": true, "prod": true} {
		if settings := named(t, name); settings.Protected != want {
			t.Errorf("Protected of %s is %t", name, settings.Protected)
		}
	}
}

func TestEveryEnvironmentButDevIsMonitored(t *testing.T) {
	for name, want := range map[string]bool{"local": true, "dev": false, "staging": true, "prod": true} {
		if settings := named(t, name); settings.Monitoring != want {
			t.Errorf("Monitoring of %s is %t", name, settings.Monitoring)
		}
	}
}

// invalid is a change that makes settings invalid, and the setting that the
// error must name.
type invalid struct {
	change func(*environment.Settings)
	want   string
}

func invalidSettings() map[string]invalid {
	return map[string]invalid{
		"no such environment":        {func(s *environment.Settings) { s.Name = "qa" }, "Name: "},
		"no such target":             {func(s *environment.Settings) { s.Target = "windows" }, "Target: "},
		"no such level":              {func(s *environment.Settings) { s.LogLevel = "trace" }, "LogLevel: "},
		"no such log retention":      {func(s *environment.Settings) { s.LogRetentionDays = 8 }, "LogRetentionDays: "},
		"no account for prod":        {func(s *environment.Settings) { s.Account, s.Region = "", "" }, "Account: "},
		"unprotected for good":       {func(s *environment.Settings) { s.Deletable = true }, "Deletable: "},
		"an account without region":  {func(s *environment.Settings) { s.Region = "" }, "Region: "},
		"a region without account":   {func(s *environment.Settings) { s.Account = "" }, "Account: "},
		"eleven digits":              {func(s *environment.Settings) { s.Account = "12345678901" }, "Account: "},
		"the name of an account":     {func(s *environment.Settings) { s.Account = "shop-account" }, "Account: "},
		"the name of a place":        {func(s *environment.Settings) { s.Region = "Ireland" }, "Region: "},
		"an availability zone":       {func(s *environment.Settings) { s.Region = "eu-west-1a" }, "Region: "},
		"no qualifier":               {func(s *environment.Settings) { s.Qualifier = "" }, "Qualifier: "},
		"a long qualifier":           {func(s *environment.Settings) { s.Qualifier = "sagastaging" }, "Qualifier: "},
		"not lower case":             {func(s *environment.Settings) { s.Qualifier = "sagaProd" }, "Qualifier: "},
		"an ARN as a boundary":       {func(s *environment.Settings) { s.PermissionsBoundary = "arn:aws:iam::aws:policy/x" }, "PermissionsBoundary: "},
		"sharing without a limit":    {func(s *environment.Settings) { s.SharesAccount, s.PermissionsBoundary = true, "" }, "SharesAccount: "},
		"no such access":             {func(s *environment.Settings) { s.Orders = 2 }, "Orders: "},
		"open without a limit":       {func(s *environment.Settings) { s.Orders = environment.OpenToEveryone }, "Limits.API: "},
		"notifications over http":    {func(s *environment.Settings) { s.NotificationsURL = "http://example.com" }, "NotificationsURL: "},
		"notifications to nowhere":   {func(s *environment.Settings) { s.NotificationsURL = "https://" }, "NotificationsURL: "},
		"a broken address":           {func(s *environment.Settings) { s.NotificationsURL = "https://a b" }, "NotificationsURL: "},
		"no address in prod":         {func(s *environment.Settings) { s.AlarmAddress = "" }, "AlarmAddress: "},
		"nothing watches prod":       {func(s *environment.Settings) { s.Monitoring = false }, "Monitoring: "},
		"nothing rolls back a shift": {func(s *environment.Settings) { s.Name, s.Monitoring = "staging", false }, "Monitoring: a Deployment in shifts "},
		"alarms to no address":       {func(s *environment.Settings) { s.AlarmAddress = "on-call" }, "AlarmAddress: "},
		"alarms to a name":           {func(s *environment.Settings) { s.AlarmAddress = "On Call <on-call@example.com>" }, "AlarmAddress: "},
		"forgotten before redrive":   {func(s *environment.Settings) { s.Retention = 14 * 24 * time.Hour }, "Retention: "},
		"an archive for too long":    {func(s *environment.Settings) { s.Retention = environment.LongestRetention + 24*time.Hour }, "Retention: "},
		"a log for too long":         {func(s *environment.Settings) { s.LogRetentionDays = 90 }, "LogRetentionDays: "},
		"half a day":                 {func(s *environment.Settings) { s.Retention += 12 * time.Hour }, "Retention: "},
		"longer than a key is kept":  {func(s *environment.Settings) { s.Retention = 90 * 24 * time.Hour }, "Retention: "},
		"no time for an order":       {func(s *environment.Settings) { s.Deadline = 0 }, "Deadline: "},
		"half a minute for an order": {func(s *environment.Settings) { s.Deadline = 30 * time.Second }, "Deadline: "},
		"an order without an end":    {func(s *environment.Settings) { s.Deadline = s.Retention }, "Deadline: "},
		"half as much again traced":  {func(s *environment.Settings) { s.TracedShare = 1.5 }, "TracedShare: "},
		"traces that are no number":  {func(s *environment.Settings) { s.TracedShare = math.NaN() }, "TracedShare: "},
		"a small order API":          {func(s *environment.Settings) { s.API.MemoryMB = 64 }, "API.MemoryMB: "},
		"no time for a worker":       {func(s *environment.Settings) { s.Worker.Timeout = 0 }, "Worker.Timeout: "},
		"too little memory":          {func(s *environment.Settings) { s.Worker.MemoryMB = 64 }, "Worker.MemoryMB: "},
		"too long a timeout":         {func(s *environment.Settings) { s.API.Timeout = time.Hour }, "API.Timeout: "},
		"half a second":              {func(s *environment.Settings) { s.API.Timeout = 1500 * time.Millisecond }, "API.Timeout: "},
		"too many shards":            {func(s *environment.Settings) { s.HotSKUs = "123=4 456=65" }, "HotSKUs: "},
		"no shards":                  {func(s *environment.Settings) { s.HotSKUs = "123=0" }, "HotSKUs: "},
		"shards of no SKU":           {func(s *environment.Settings) { s.HotSKUs = "64" }, "HotSKUs: "},
		"an unread partition":        {func(s *environment.Settings) { s.OpenOrders = environment.Partitions{Read: 4, Written: 8} }, "OpenOrders.Written: "},
		"a first unread partition":   {func(s *environment.Settings) { s.OpenOrders.Written = 2 }, "OpenOrders.Written: "},
		"negative partitions":        {func(s *environment.Settings) { s.OpenOrders.Read = -1 }, "OpenOrders.Read: "},
		"few receives":               {func(s *environment.Settings) { s.MaxReceiveCount = 4 }, "MaxReceiveCount: "},
		"more than SQS counts":       {func(s *environment.Settings) { s.MaxReceiveCount = 1001 }, "MaxReceiveCount: "},
		"a key on this machine":      {func(s *environment.Settings) { s.CustomerKey, s.Target = true, "local" }, "CustomerKey: "},
		"one poller":                 {func(s *environment.Settings) { s.Limits.QueueWorkers = 1 }, "Limits.QueueWorkers: "},
		"negative workers":           {func(s *environment.Settings) { s.Limits.DirectWorkers = -1 }, "Limits.DirectWorkers: "},
		"a negative order API":       {func(s *environment.Settings) { s.Limits.API = -1 }, "Limits.API: "},
		"over before an alarm":       {func(s *environment.Settings) { s.Deployment.API = "Canary10Percent5Minutes" }, "Deployment.API: "},
		"no such shift":              {func(s *environment.Settings) { s.Deployment.Workers = "Slowly" }, "Deployment.Workers: "},
	}
}

func TestAnInvalidSettingIsNamed(t *testing.T) {
	for name, test := range invalidSettings() {
		t.Run(name, func(t *testing.T) {
			settings := named(t, "prod")
			test.change(&settings)
			if err := settings.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestEverySettingIsCheckedAndDocumented(t *testing.T) {
	checked := map[string]bool{"Protected": true, "MaskEventLog": true, "ObservabilityQueue": true, "SchemaRegistry": true} // Both values are valid.
	for _, test := range invalidSettings() {
		checked[strings.TrimSuffix(test.want, ": ")] = true
	}
	page, err := os.ReadFile("../../docs/deployment.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range names(reflect.TypeFor[environment.Settings](), "") {
		if !checked[setting] {
			t.Errorf("%s is not validated", setting)
		}
		if !strings.Contains(string(page), "`"+setting+"`") {
			t.Errorf("docs/deployment.md does not document %s", setting)
		}
	}
}

// names returns the names of all settings. That of a group precedes those in it.
func names(settings reflect.Type, group string) []string {
	var all []string
	for field := range settings.Fields() {
		if field.Type.Kind() == reflect.Struct {
			all = append(all, names(field.Type, field.Name+".")...)
		} else {
			all = append(all, group+field.Name)
		}
	}
	return all
}

func TestTheOrderAPINeedsSignaturesByDefault(t *testing.T) {
	if got := (environment.Settings{}).Orders; got != environment.Signed {
		t.Errorf("without a setting the access to orders is %d", got)
	}
}

func TestAThrottledOrderAPIMayBeOpenToEveryoneInAnyEnvironment(t *testing.T) {
	for _, name := range environment.Names() {
		settings := named(t, name)
		settings.Orders = environment.OpenToEveryone
		settings.Limits.API = 10
		if err := settings.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestAnUnprotectedEnvironmentNeedsNoAccount(t *testing.T) {
	settings := named(t, "dev")
	settings.Account, settings.Region = "", ""
	if err := settings.Validate(); err != nil {
		t.Error(err)
	}
}

func TestAPlaceholderIsNotDeployedAndIsNamed(t *testing.T) {
	const where = "environment prod still has placeholders in infra/environment/environment.go: set your own "
	for name, test := range map[string]struct {
		change func(*environment.Settings)
		want   string
	}{
		"the account of staging":  {func(s *environment.Settings) { s.Account = "111111111111" }, where + "Account (111111111111)"},
		"the account of prod":     {func(s *environment.Settings) { s.Account = "222222222222" }, where + "Account (222222222222)"},
		"an address for examples": {func(s *environment.Settings) { s.NotificationsURL = "https://example.com/n" }, where + "NotificationsURL (https://example.com/n)"},
		"one below it":            {func(s *environment.Settings) { s.NotificationsURL = "https://a.example.com:8443" }, where + "NotificationsURL (https://a.example.com:8443)"},
		"alarms to an example":    {func(s *environment.Settings) { s.AlarmAddress = "on-call@example.com" }, where + "AlarmAddress (on-call@example.com)"},
		"all":                     {func(s *environment.Settings) { s.Account, s.NotificationsURL = "111111111111", "https://example.com" }, where + "Account (111111111111) and NotificationsURL (https://example.com)"},
		"the local environment":   {func(s *environment.Settings) { s.Name = "local" }, "the local environment runs on this machine: make run"},
	} {
		t.Run(name, func(t *testing.T) {
			settings := withoutPlaceholders(t, "prod")
			test.change(&settings)
			if err := settings.Deployable(); err == nil || err.Error() != test.want {
				t.Errorf("got %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestAnEnvironmentWithoutPlaceholdersIsDeployed(t *testing.T) {
	for _, name := range []string{"dev", "staging", "prod"} {
		if err := withoutPlaceholders(t, name).Deployable(); err != nil {
			t.Error(err)
		}
	}
}

func withoutPlaceholders(t *testing.T, name string) environment.Settings {
	t.Helper()
	settings := named(t, name)
	settings.Account, settings.Region = "210987654321", "us-east-1"
	settings.NotificationsURL = "https://notexample.com/notifications"
	settings.AlarmAddress = "on-call@notexample.com"
	if err := settings.Validate(); err != nil {
		t.Fatal(err)
	}
	return settings
}

func named(t *testing.T, name string) environment.Settings {
	t.Helper()
	settings, err := environment.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func TestAllInvalidSettingsAreReportedAtOnce(t *testing.T) {
	err := environment.Settings{Name: "dev"}.Validate()
	if err == nil {
		t.Fatal("empty settings are accepted")
	}
	for _, setting := range []string{
		"Qualifier", "Target", "LogLevel", "LogRetentionDays", "NotificationsURL", "Retention", "Deadline", "MaxReceiveCount",
		"Worker.MemoryMB", "Worker.Timeout", "API.MemoryMB", "API.Timeout",
	} {
		if !strings.Contains(err.Error(), setting+": ") {
			t.Errorf("%s is not reported in:\n%v", setting, err)
		}
	}
}

func TestTheDocsPromiseTheLongestRetention(t *testing.T) {
	page, err := os.ReadFile("../../docs/privacy.md")
	if err != nil {
		t.Fatal(err)
	}
	// CloudWatch Logs takes up to three days to delete what has expired.
	const days = int(environment.LongestRetention / (24 * time.Hour))
	for _, promise := range []string{
		fmt.Sprintf("the last of it is gone %d days later", days+3), fmt.Sprintf("within %d days, which no setting may exceed", days),
	} {
		if !strings.Contains(strings.ReplaceAll(string(page), "\n", " "), promise) {
			t.Errorf("docs/privacy.md does not promise %q", promise)
		}
	}
}
