// Command diffcomment reads the output of cdk diff from standard input and posts
// it on a pull request, in one comment that later runs update. Resources that
// would be lost, and permissions that change, come first.
//
// It reads the variables of a GitHub workflow: GITHUB_API_URL,
// GITHUB_REPOSITORY and GITHUB_TOKEN, and PULL_REQUEST, the number. Without
// PULL_REQUEST it prints the comment.
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
	number := variable("PULL_REQUEST")
	if number == "" {
		_, err := fmt.Fprint(out, comment)
		return err
	}
	pull := pullRequest{
		client:     &http.Client{Timeout: 30 * time.Second},
		api:        variable("GITHUB_API_URL"),
		repository: variable("GITHUB_REPOSITORY"),
		number:     number,
		token:      variable("GITHUB_TOKEN"),
	}
	return pull.postComment(ctx, comment)
}
