package catalogue

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"path"
	"slices"
	"strings"

	"example.com/saga/pkg/contract"
	"example.com/saga/pkg/event"
)

//go:embed template
var templates embed.FS

//go:embed catalogue.css
var style []byte

// Style returns the style sheet of what pages have in an element of the class catalogue.
// It uses the custom properties of the site's own style sheet for colours. A type of event
// that is pointed at, or has the focus, lights up its way on the map.
func Style() []byte {
	var out bytes.Buffer
	out.Write(style)
	for _, t := range event.Types(contract.Catalogue().All()...) {
		pointed := fmt.Sprintf(".catalogue:has([data-type=%q]:is(:hover, :focus))", t)
		fmt.Fprintf(&out, "%s .edge { opacity: .2; }\n%[1]s .edge[data-types~=%q] { opacity: 1; }\n%[1]s .edge[data-types~=%[2]q] .arrow { stroke-width: 4; }\n", pointed, t)
	}
	return out.Bytes()
}

// Pages are the pages of a catalogue and of the order API, without what a site has around
// them. All are in one folder, and so are the files that they link to.
type Pages struct {
	catalogue Catalogue
	api       api
	openAPI   []byte
	parsed    *template.Template
}

// Page is a page. Its body has neither scripts nor styles.
type Page struct {
	Title string
	Body  template.HTML
}

// Index is the name of the page with all events.
const Index = "index"

// Map is the name of the page with the buses and the rules, apiPage that of the page with
// the order API.
const (
	Map     = "map"
	apiPage = "api"
)

// problemPage is the beginning of the name of a problem type's page. The name of the type
// follows.
const problemPage = "problem."

// NewPages returns the pages of a catalogue and of the order API, given its OpenAPI
// document. Links to them are their names with a suffix.
func NewPages(c Catalogue, openAPI []byte, suffix string) (Pages, error) {
	documented, err := readAPI(openAPI)
	if err != nil {
		return Pages{}, err
	}
	parsed, err := template.New("pages").Funcs(template.FuncMap{
		"page":    func(name string) string { return name + suffix },
		"problem": ProblemPage,
		"file":    schemaFile,
		"code":    splitCode,
		"join":    strings.Join,
		"title": func(name string) string {
			return strings.ToUpper(name[:1]) + name[1:]
		},
	}).ParseFS(templates, "template/*.html")
	return Pages{c, documented, openAPI, parsed}, err
}

// ProblemPage returns the name of the page of a problem type.
func ProblemPage(name string) string { return problemPage + name }

// Names returns the names of all pages.
func (p Pages) Names() []string {
	all := []string{Index, Map, apiPage}
	for _, e := range p.catalogue.Events {
		all = append(all, e.Type)
	}
	for _, context := range p.catalogue.Contexts {
		all = append(all, context.Name)
	}
	for _, problem := range p.api.Problems {
		all = append(all, ProblemPage(problem.Name))
	}
	return all
}

// Page returns the page with a name.
func (p Pages) Page(name string) (Page, error) {
	contexts := p.catalogue.Contexts
	if i := slices.IndexFunc(contexts, func(c Context) bool { return c.Name == name }); i >= 0 {
		return p.render("context.html", name, contexts[i])
	}
	problems := p.api.Problems
	if i := slices.IndexFunc(problems, func(each problem) bool { return ProblemPage(each.Name) == name }); i >= 0 {
		return p.render("problem.html", problems[i].Title, problems[i])
	}
	switch name {
	case Index:
		return p.render("index.html", "Events", p.catalogue)
	case Map:
		return p.Map(Live{})
	case apiPage:
		return p.render("api.html", p.api.Info.Title, p.api)
	}
	return p.eventPage(name)
}

// Map returns the page with the buses and the rules, with how the stack is doing.
func (p Pages) Map(live Live) (Page, error) {
	return p.render("map.html", "Map", mapView{p.catalogue, p.catalogue.Draw(live)})
}

// mapView is what the map shows.
type mapView struct {
	Catalogue

	Drawing Drawing
}

// edgeView is what is known about an edge.
type edgeView struct {
	Key, Name string
	Facts     Edge
}

// Edge returns what is known about the edge with a key.
func (v mapView) Edge(key, name string) edgeView { return edgeView{key, name, v.Wiring.Edges[key]} }

// eventPage returns the page of a type of event.
func (p Pages) eventPage(name string) (Page, error) {
	e, err := p.catalogue.Event(name)
	if err != nil {
		return Page{}, err
	}
	view := eventView{Event: e, Bus: p.catalogue.Topology.Origin(name)}
	for _, rule := range p.catalogue.Topology.Rules {
		if slices.Contains(p.catalogue.Topology.Matched(rule), name) {
			view.Rules = append(view.Rules, rule)
		}
	}
	if view.Members, err = p.catalogue.Members(e); err != nil {
		return Page{}, err
	}
	example, err := p.catalogue.Example(e)
	if err != nil {
		return Page{}, err
	}
	encoded, err := json.MarshalIndent(example, "", "  ")
	if err != nil {
		return Page{}, err
	}
	view.JSON = string(encoded)
	return p.render("event.html", name, view)
}

// eventView is what the page of an event shows.
type eventView struct {
	Event

	// Bus is where it is published, Rules are those that it matches.
	Bus     string
	Rules   []Rule
	Members []Member
	// JSON is an example.
	JSON string
}

func (p Pages) render(name, title string, view any) (Page, error) {
	var out bytes.Buffer
	if err := p.parsed.ExecuteTemplate(&out, name, view); err != nil {
		return Page{}, fmt.Errorf("render %s: %w", title, err)
	}
	return Page{title, template.HTML(out.String())}, nil
}

// Files returns the files that pages link to, by their names: the AsyncAPI document, the
// schemas and the OpenAPI document.
func (p Pages) Files() (map[string][]byte, error) {
	document, err := p.catalogue.AsyncAPI()
	all := map[string][]byte{"asyncapi.json": document, "openapi.json": p.openAPI}
	for uri, schema := range p.catalogue.Schemas {
		all[schemaFile(uri)] = schema
	}
	return all, err
}

// schemaFile returns the name of the file of a schema, given its URI.
func schemaFile(uri string) string {
	return path.Base(path.Dir(uri)) + "." + path.Base(uri) + ".json"
}

// part is a part of a text in Markdown, which may be code.
type part struct {
	Text   string
	IsCode bool
}

// splitCode returns the parts of a text, of which those between backquotes are code.
func splitCode(text string) []part {
	var all []part
	for i, each := range strings.Split(text, "`") {
		if each != "" {
			all = append(all, part{each, i%2 == 1})
		}
	}
	return all
}
