package cloud

import "net/http"

func (c *Cloud) showTraces(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, "application/json", map[string]any{"traces": c.traces.All()})
}

func (c *Cloud) showTrace(w http.ResponseWriter, r *http.Request) {
	found, known := c.traces.Find(r.PathValue("id"))
	if !known {
		writeProblem(w, problem{"Not found", http.StatusNotFound, "There is no trace with this id."})
		return
	}
	writeJSON(w, http.StatusOK, "application/json", found)
}
