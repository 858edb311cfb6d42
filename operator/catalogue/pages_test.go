package catalogue_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/saga/operator/catalogue"
)

func openAPI(t *testing.T) []byte {
	t.Helper()
	document, err := os.ReadFile("../../services/order/httpapi/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func TestTheMembersOfAnEventAreThoseOfItsSchema(t *testing.T) {
	c := newCatalogue(t)
	unavailable, err := c.Event("warehouse.stock-unavailable")
	if err != nil {
		t.Fatal(err)
	}
	members, err := c.Members(unavailable)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]catalogue.Member{
		{Name: "missing", Type: "array", IsRequired: true, Limits: []string{"elements: at least 1"}},
		{
			Name: "missing[]", Type: "string", IsRequired: true, Description: "A stock keeping unit.",
			Limits: []string{"^[A-Za-z0-9._-]{1,64}$"}, Example: `"123"`,
		},
		{Name: "reason", Type: "string", IsRequired: true, Limits: []string{"out-of-stock"}, Example: `"out-of-stock"`},
	}, members); diff != "" {
		t.Errorf("the members (-want +got):\n%s", diff)
	}
	placed, err := c.Event("order.placed")
	if err != nil {
		t.Fatal(err)
	}
	if members, err = c.Members(placed); err != nil {
		t.Fatal(err)
	}
	var personal, inItems []string
	for _, m := range members {
		if m.IsPersonal {
			personal = append(personal, m.Name)
		}
		if strings.HasPrefix(m.Name, "items[].") {
			inItems = append(inItems, m.Name+" "+m.Example)
		}
	}
	if diff := cmp.Diff([]string{"customerId", "shippingAddress", "paymentMethod"}, personal); diff != "" {
		t.Errorf("the personal members (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"items[].sku \"123\"", "items[].quantity 2", "items[].price 1250", "items[].currency \"EUR\""}, inItems); diff != "" {
		t.Errorf("the members of an item (-want +got):\n%s", diff)
	}
}

func TestAPageShowsWhatATemplateHasAsText(t *testing.T) {
	c, err := catalogue.New([]byte(strings.Replace(template, `"Name": "shop"`, `"Name": "<script>shop</script>"`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := catalogue.NewPages(c, openAPI(t), "")
	if err != nil {
		t.Fatal(err)
	}
	page, err := pages.Page("map")
	if err != nil || !strings.Contains(string(page.Body), "&lt;script&gt;shop") {
		t.Errorf("the map is %s, %v", page.Body, err)
	}
	if _, err := pages.Page("order.lost"); err == nil {
		t.Error("there is a page of an event that does not exist")
	}
}

func TestAContextsPageHasItsDecisions(t *testing.T) {
	pages, err := catalogue.NewPages(newCatalogue(t), openAPI(t), "")
	if err != nil {
		t.Fatal(err)
	}
	page, err := pages.Page("loyalty")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"<h1>Loyalty</h1>", `<th scope="col">awarded</th>`, "<code>payment.taken</code>, customer blocked",
		"<td>→ rejected, <code>loyalty.award-rejected</code></td>", `<a href="warehouse.shipment-failed">`,
	} {
		if !strings.Contains(string(page.Body), want) {
			t.Errorf("it lacks %s:\n%s", want, page.Body)
		}
	}
}

func TestTheDrawingHasEachBusItsPublishersAndItsTargetsWithoutOverlaps(t *testing.T) {
	drawing := newCatalogue(t).Draw(catalogue.Live{})
	var texts []string
	for i, box := range drawing.Boxes {
		texts = append(texts, box.Text)
		if box.X+box.Width > drawing.Width || box.Y+box.Height > drawing.Height {
			t.Errorf("%s is outside of the drawing", box.Text)
		}
		for _, other := range drawing.Boxes[:i] {
			if box.X < other.X+other.Width && other.X < box.X+box.Width && box.Y < other.Y+other.Height && other.Y < box.Y+box.Height {
				t.Errorf("%s overlaps %s", box.Text, other.Text)
			}
		}
	}
	if diff := cmp.Diff([]string{"order", "Log", "Queue", "Main", "loyalty", "Side"}, texts); diff != "" {
		t.Errorf("the boxes (-want +got):\n%s", diff)
	}
	var titles []string
	for _, arrow := range drawing.Arrows {
		titles = append(titles, arrow.Title)
	}
	if diff := cmp.Diff([]string{
		"order:\norder.placed", "Log:\nWatch: all events", "Queue:\nConsume: loyalty.points-awarded, order.placed",
		"loyalty:\nloyalty.points-awarded\nloyalty.award-rejected", "Out: loyalty.award-rejected, loyalty.points-awarded",
	}, titles); diff != "" {
		t.Errorf("the arrows (-want +got):\n%s", diff)
	}
}

func TestTheAPIsPageLinksToAPageForEachTypeOfProblem(t *testing.T) {
	pages, err := catalogue.NewPages(newCatalogue(t), openAPI(t), ".html")
	if err != nil {
		t.Fatal(err)
	}
	api, err := pages.Page("api")
	if err != nil {
		t.Fatal(err)
	}
	problems := 0
	for _, name := range pages.Names() {
		if !strings.HasPrefix(name, catalogue.ProblemPage("")) {
			continue
		}
		problems++
		if !strings.Contains(string(api.Body), `<a href="`+name+`.html">`) {
			t.Errorf("no link leads to %s", name)
		}
	}
	if problems < 10 {
		t.Errorf("there are %d types of problems", problems)
	}
	for name, want := range map[string]string{
		"too-late": "<dd><code>POST /orders/{id}/cancellation</code> </dd>", "method": "the request is for no operation",
	} {
		page, err := pages.Page(catalogue.ProblemPage(name))
		if err != nil || !strings.Contains(string(page.Body), want) || !strings.Contains(string(page.Body), "<code>/problems/"+name+"</code>") {
			t.Errorf("the page of %s is %s, %v", name, page.Body, err)
		}
	}
}
