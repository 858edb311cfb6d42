package main

import "testing"

func TestATraceIsLinkedInTheRegionOfTheCredentials(t *testing.T) {
	const want = "https://console.aws.amazon.com/xray/home?region=eu-central-1#/traces/1-57f5498f-d91047849216d0f2ea3b6442"
	if got := traceURL("eu-central-1") + "1-57f5498f-d91047849216d0f2ea3b6442"; got != want {
		t.Errorf("the link is %s, want %s", got, want)
	}
}
