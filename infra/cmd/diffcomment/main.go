// Command diffcomment reads what cdk diff prints and shows it on a pull
// request, in one comment that it updates from then on. Permissions, and what
// would be lost, come first.
//
// It works from the variables of a GitHub workflow: GITHUB_API_URL,
// GITHUB_REPOSITORY and GITHUB_TOKEN, and PULL_REQUEST, its number. Without that
// it prints the comment.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdin, os.Stdout, os.Getenv)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "diffcomment:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in io.Reader, out io.Writer, variable func(string) string) error {
	output, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	comment, err := render(string(output))
	if err != nil {
		return err
	}
	pull := variable("PULL_REQUEST")
	if pull == "" {
		_, err := fmt.Fprint(out, comment)
		return err
	}
	page := conversation{
		client:     &http.Client{Timeout: 30 * time.Second},
		api:        variable("GITHUB_API_URL"),
		repository: variable("GITHUB_REPOSITORY"),
		pull:       pull,
		token:      variable("GITHUB_TOKEN"),
	}
	return page.show(ctx, comment)
}
