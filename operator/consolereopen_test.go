package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestAnotherRunOfALocalCloudIsAnotherVersion(t *testing.T) {
	given := &flags{readyFile: filepath.Join(t.TempDir(), "ready.json")}
	write := func(at time.Time) string {
		if err := os.WriteFile(given.readyFile, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(given.readyFile, at, at); err != nil {
			t.Fatal(err)
		}
		version, err := given.version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return version
	}
	began := time.Unix(1000, 0)
	first := write(began)
	if again, err := given.version(t.Context()); err != nil || again != first {
		t.Errorf("the same run is %q and then %q (%v)", first, again, err)
	}
	if second := write(began.Add(time.Second)); second == first {
		t.Errorf("two runs are both %q", second)
	}
	if err := os.Remove(given.readyFile); err != nil {
		t.Fatal(err)
	}
	if _, err := given.version(t.Context()); !os.IsNotExist(err) {
		t.Errorf("without a ready file the error is %v", err)
	}
}

func TestTheCredentialsOfAWSAreCached(t *testing.T) {
	for name, value := range map[string]string{"AWS_PROFILE": "", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull} {
		t.Setenv(name, value)
	}
	given := &flags{stack: "saga"}
	first, err := given.aws(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := given.aws(t.Context()); err != nil || again.Credentials != first.Credentials {
		t.Errorf("the configuration is loaded again (%v)", err)
	}
}
