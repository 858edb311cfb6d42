package console_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

var link = regexp.MustCompile(`<a href="([^"#?/][^"#?]*)"( download)?`)

func TestEveryLinkOfTheCatalogueLeadsToAPageOrAFile(t *testing.T) {
	s := newShop(t, as)
	var visited []string
	for next := []string{"/catalogue/"}; len(next) > 0; next = next[1:] {
		path := next[0]
		if slices.Contains(visited, path) {
			continue
		}
		visited = append(visited, path)
		status, header, body := s.request(http.MethodGet, path, "", unchanged)
		if status != http.StatusOK {
			t.Errorf("%s is answered with %d: %s", path, status, body)
		}
		if isFile := strings.HasSuffix(path, ".json"); isFile != json.Valid([]byte(body)) || isFile != (header.Get("Content-Type") == "application/json") {
			t.Errorf("%s is %s: %s", path, header.Get("Content-Type"), body)
		}
		_, main, _ := strings.Cut(body, "<main")
		for _, found := range link.FindAllStringSubmatch(main, -1) {
			if (found[2] != "") != strings.HasSuffix(found[1], ".json") {
				t.Errorf("%s downloads a page or opens a file: %s", path, found[0])
			}
			next = append(next, "/catalogue/"+found[1])
		}
	}
	want := []string{"map", "asyncapi.json"}
	want = append(want, event.Types(contract.Catalogue().All()...)...)
	for _, name := range append(want, contract.Catalogue().Contexts()...) {
		if !slices.Contains(visited, "/catalogue/"+name) {
			t.Errorf("no link leads to %s", name)
		}
	}
}

func TestEveryPageLeadsToTheMapTheCatalogueAndTheAPI(t *testing.T) {
	s := newShop(t, as)
	for path, title := range map[string]string{"/catalogue/map": "Map", "/catalogue/": "Events", "/catalogue/api": "Order API"} {
		if body := s.get(path); !strings.Contains(body, "<h1>"+title+"</h1>") || !strings.Contains(body, `<a href="`+path+`" aria-current="page">`) {
			t.Errorf("%s is %s", path, body)
		}
		for _, from := range pages {
			if body := s.get(from); !strings.Contains(body, `<a href="`+path+`"`) {
				t.Errorf("%s does not lead to %s", from, path)
			}
		}
	}
}

func TestTheURIOfAProblemTypeLeadsToItsPage(t *testing.T) {
	s := newShop(t, as)
	status, header, _ := s.request(http.MethodGet, "/problems/too-late", "", unchanged)
	if status != http.StatusFound {
		t.Fatalf("the answer is %d", status)
	}
	for _, want := range []string{"<h1>Too late</h1>", "<dd>409</dd>", "POST /orders/{id}/cancellation"} {
		if body := s.get(header.Get("Location")); !strings.Contains(body, want) {
			t.Errorf("%s lacks %s: %s", header.Get("Location"), want, body)
		}
	}
}

func TestWhatTheCatalogueDoesNotHaveIsNotFound(t *testing.T) {
	s := newShop(t, as)
	for _, path := range []string{"/catalogue/order.lost", "/catalogue/lost.json", "/catalogue/order/placed", "/catalogue/problem.lost", "/catalogue/%3Cscript%3E"} {
		if status, _, body := s.request(http.MethodGet, path, "", unchanged); status != http.StatusNotFound || !strings.Contains(body, "There is no such page") {
			t.Errorf("%s is answered with %d: %s", path, status, body)
		}
	}
}

func TestTheCatalogueIsMadeOnceAndAgainAfterAnError(t *testing.T) {
	s := newShop(t, as)
	fail := func(err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.broken = err
	}
	fail(errBroken)
	for _, path := range []string{"/catalogue/", "/catalogue/asyncapi.json"} {
		if status, _, body := s.request(http.MethodGet, path, "", unchanged); status != http.StatusInternalServerError || !strings.Contains(body, "broken &lt;b&gt;") {
			t.Errorf("%s is answered with %d: %s", path, status, body)
		}
	}
	fail(nil)
	for _, path := range []string{"/catalogue/", "/catalogue/map", "/catalogue/asyncapi.json"} {
		if status, _, body := s.request(http.MethodGet, path, "", unchanged); status != http.StatusOK {
			t.Errorf("%s is answered with %d: %s", path, status, body)
		}
	}
	if s.mu.Lock(); s.catalogues != 3 {
		t.Errorf("it was made %d times", s.catalogues)
	}
	s.mu.Unlock()
}

func TestTheMapIsLive(t *testing.T) {
	s, _ := newFaultyShop(t, as)
	body := s.get("/catalogue/map")
	for _, want := range []string{"3 waiting, 2 in flight", "paused", `hx-trigger="page from:body, every 3s"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is missing:\n%s", want, body)
		}
	}
	if body := s.get("/catalogue/order.placed"); strings.Contains(body, "every 3s") {
		t.Error("a page without depths is requested again")
	}
}

func TestThePageOfAnEventHasTheLastThree(t *testing.T) {
	s := newShop(t, as)
	const path = "/catalogue/order.placed"
	<-s.followed
	for _, want := range []string{`id="event-e-old"`, `<a href="/orders/order-12345678">`, "page from:body"} {
		if body := s.get(path); !strings.Contains(body, want) || strings.Contains(body, "e-other") || strings.Contains(body, markup) {
			t.Errorf("%q is missing, or there is another event:\n%s", want, body)
		}
	}
	for _, id := range []string{"e-1", "e-2", "e-2", "e-3"} {
		s.show(logged(id, "", "order.placed", `{}`))
	}
	if body := s.get(path); strings.Count(body, `class="payload"`) != 3 {
		t.Errorf("the page has other events:\n%s", body)
	}
	if body := s.get("/catalogue/payment.taken"); !strings.Contains(body, "None in the last hour") {
		t.Errorf("the page has events:\n%s", body)
	}
}
