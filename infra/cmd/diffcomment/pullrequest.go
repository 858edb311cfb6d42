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

// author is the login of comments that are posted with a workflow's token.
const author = "github-actions[bot]"

// pageSize is the largest that GitHub accepts.
const pageSize = 100

// pullRequest is a pull request with its comments.
type pullRequest struct {
	client     *http.Client
	api        string
	repository string
	number     string
	token      string
}

type comment struct {
	ID   int64  `json:"id"`
	Body string `json:"body"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// postComment updates the comment that an earlier run has posted, or adds it.
func (p pullRequest) postComment(ctx context.Context, body string) error {
	comments := "/repos/" + p.repository + "/issues/" + p.number + "/comments"
	id, err := p.findComment(ctx, comments)
	if err != nil {
		return err
	}
	content := map[string]string{"body": body}
	if id == 0 {
		return p.request(ctx, http.MethodPost, comments, content, nil)
	}
	return p.request(ctx, http.MethodPatch, fmt.Sprintf("/repos/%s/issues/comments/%d", p.repository, id), content, nil)
}

// findComment returns the id of the comment that an earlier run has posted, or 0.
func (p pullRequest) findComment(ctx context.Context, comments string) (int64, error) {
	for page := 1; ; page++ {
		var found []comment
		path := fmt.Sprintf("%s?per_page=%d&page=%d", comments, pageSize, page)
		if err := p.request(ctx, http.MethodGet, path, nil, &found); err != nil {
			return 0, err
		}
		for _, each := range found {
			if each.User.Login == author && strings.HasPrefix(each.Body, marker) {
				return each.ID, nil
			}
		}
		if len(found) < pageSize {
			return 0, nil
		}
	}
}

// request sends the content as JSON, and decodes the response into the answer. Each
// may be nil.
func (p pullRequest) request(ctx context.Context, method, path string, content, answer any) error {
	var body io.Reader
	if content != nil {
		encoded, err := json.Marshal(content)
		if err != nil {
			return err
		}
		body = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, p.api+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	request.Header.Set("Accept", "application/vnd.github+json")
	request.Header.Set("X-GitHub-Api-Version", "2022-11-28")
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode >= http.StatusMultipleChoices {
		// If the reason cannot be read, the status is reported without it.
		reason, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, reason)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(answer)
}
