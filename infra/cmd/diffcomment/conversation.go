package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// author is who a workflow comments as with the token that GitHub gives it.
const author = "github-actions[bot]"

// pageSize is the largest that GitHub gives.
const pageSize = 100

// conversation is what is said on a pull request.
type conversation struct {
	client     *http.Client
	api        string
	repository string
	pull       string
	token      string
}

type comment struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// show updates the comment that was shown before, or adds it.
func (c conversation) show(ctx context.Context, body string) error {
	comments := "/repos/" + c.repository + "/issues/" + c.pull + "/comments"
	shown, err := c.find(ctx, comments)
	if err != nil {
		return err
	}
	content := map[string]string{"body": body}
	if shown == 0 {
		return c.call(ctx, http.MethodPost, comments, content, nil)
	}
	return c.call(ctx, http.MethodPatch, fmt.Sprintf("/repos/%s/issues/comments/%d", c.repository, shown), content, nil)
}

// find gives the id of the comment that was shown before, or 0.
func (c conversation) find(ctx context.Context, comments string) (int64, error) {
	for page := 1; ; page++ {
		var found []comment
		path := fmt.Sprintf("%s?per_page=%d&page=%d", comments, pageSize, page)
		if err := c.call(ctx, http.MethodGet, path, nil, &found); err != nil {
			return 0, err
		}
		for _, said := range found {
			if said.User.Login == author && strings.HasPrefix(said.Body, marker) {
				return said.ID, nil
			}
		}
		if len(found) < pageSize {
			return 0, nil
		}
	}
}

func (c conversation) call(ctx context.Context, method, path string, content, answer any) error {
	var body io.Reader
	if content != nil {
		encoded, err := json.Marshal(content)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, c.api+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	response, err := c.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		// A reason that cannot be read is no reason to hide the status.
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, reason)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
