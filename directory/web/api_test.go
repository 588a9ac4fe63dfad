package web_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const apiPath = "/api/v1/initiatives"

func TestAPIShape(t *testing.T) {
	answer, body := get(t, full(t), apiPath+"?q=repair&near=51.05,3.72&radius=10")
	if got := answer.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content type: got %q", got)
	}
	if got := answer.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("CORS: got %q, want *", got)
	}
	var pretty bytes.Buffer
	must(t, json.Indent(&pretty, []byte(body), "", "  "))
	compare(t, "testdata/initiatives.json", pretty.String())
}

// compare compares with a golden file, or writes it with -update.
func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		must(t, os.WriteFile(file, []byte(got), 0o600))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// apiAnswer is what the tests read of an answer.
type apiAnswer struct {
	Total int
	Items []struct {
		ID, Name, Handle, URL string
		Distance              *float64 `json:"distance_km"`
	}
	Facets map[string][]struct {
		Value string
		Count int
	}
	Next *string
}

func list(t testing.TB, h http.Handler, query string) apiAnswer {
	t.Helper()
	answer, body := get(t, h, apiPath+"?"+query)
	if answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: status %d: %s", query, answer.StatusCode, body)
	}
	var a apiAnswer
	must(t, json.Unmarshal([]byte(body), &a))
	return a
}

func TestAPISearch(t *testing.T) {
	h := full(t)
	for _, c := range []struct {
		query string
		total int
		first string
	}{
		{"", 7, ""},
		{"q=REPAIR+CAFE", 1, "repaircafe"},
		{"q=rep", 1, "repaircafe"},
		{"kind=knowledge&kind=productive", 3, ""},
		{"kind=digital-knowledge", 2, ""},
		{"form=tool-library", 1, "tools"},
		{"role=community&country=BE", 3, ""},
		{"origin=suva.example", 1, "fiji"},
		{"current=share&q=unicorn", 1, "unicorn"},
		{"bbox=170,-30,-170,0", 1, "fiji"},
		{"near=53.4,-2.2", 7, "unicorn"},
		{"near=51.05,3.72&radius=5", 2, "tools"},
		{"q=food+co-op+near+53.48,-2.24", 1, "unicorn"},
		{"place=Leuven&radius=1", 1, "maakleerplek"},
		{"q=nothingatall", 0, ""},
	} {
		a := list(t, h, c.query)
		if a.Total != c.total {
			t.Errorf("%s: total: got %d, want %d", c.query, a.Total, c.total)
		}
		if c.first != "" && (len(a.Items) == 0 || a.Items[0].Handle != c.first) {
			t.Errorf("%s: got %+v, want %s first", c.query, a.Items, c.first)
		}
	}
}

func TestAPIDistanceOnlyWhereAsked(t *testing.T) {
	h := full(t)
	if a := list(t, h, "q=unicorn"); a.Items[0].Distance != nil {
		t.Errorf("distance without near: got %v", *a.Items[0].Distance)
	}
	if a := list(t, h, "q=unicorn&near=53.443,-2.276"); a.Items[0].Distance == nil || *a.Items[0].Distance != 0 {
		t.Errorf("distance: got %v, want 0", a.Items[0].Distance)
	}
}

func TestAPICursorReachesEverythingOnce(t *testing.T) {
	h := full(t)
	seen := map[string]int{}
	query := "limit=3"
	for range 10 {
		a := list(t, h, query)
		for _, item := range a.Items {
			seen[item.ID]++
		}
		if a.Next == nil {
			break
		}
		query = "limit=3&cursor=" + *a.Next
	}
	for _, i := range entries() {
		if seen[i.ID] != 1 {
			t.Errorf("%s came %d times, want once", i.Handle, seen[i.ID])
		}
	}
}

func TestAPIRefusesWhatItDoesNotKnow(t *testing.T) {
	h := full(t)
	for query, parameter := range map[string]string{
		"colour=red": "colour", "bbox=1,2,3": "bbox", "bbox=0,9,1,8": "bbox", "near=100,0": "near", "near=x": "near",
		"near=1,1&radius=-1": "radius", "near=1,1&radius=far": "radius", "radius=5": "radius", "limit=0": "limit",
		"limit=501": "limit", "limit=many": "limit", "cursor=!": "cursor", "kind=nice": "kind", "current=x": "current",
		"role=x": "role", "country=Belgium": "country", "form=No+Such": "form", "origin=a/b": "origin", "q=a&q=b": "q",
		"q=" + strings.Repeat("a", 600): "q", "place=Ghent&radius=x": "radius", "near=1,1&near=2,2": "near",
		"country=FR;": "query", "q=%zz": "query", "q=%00": "q", "q=%ff": "q",
	} {
		for _, path := range []string{apiPath, apiPath + ".geojson", apiPath + ".csv"} {
			answer, body := get(t, h, path+"?"+query)
			if answer.StatusCode != http.StatusBadRequest {
				t.Errorf("%s: status: got %d, want 400", query, answer.StatusCode)
				continue
			}
			if got := answer.Header.Get("Content-Type"); got != "application/problem+json" {
				t.Errorf("%s: content type: got %q", query, got)
			}
			var problem struct {
				Type, Title, Detail, Parameter string
				Status                         int
			}
			must(t, json.Unmarshal([]byte(body), &problem))
			if problem.Parameter != parameter || problem.Status != 400 || problem.Detail == "" {
				t.Errorf("%s: got %+v, want the parameter %s", query, problem, parameter)
			}
		}
	}
}

func TestExports(t *testing.T) {
	h := full(t)
	answer, body := get(t, h, apiPath+".csv?kind=knowledge")
	if got := answer.Header.Get("Content-Type"); got != "text/csv; charset=utf-8" {
		t.Errorf("CSV content type: got %q", got)
	}
	rows, err := csv.NewReader(strings.NewReader(body)).ReadAll()
	must(t, err)
	if got, want := len(rows), 3; got != want {
		t.Errorf("CSV rows: got %d, want %d", got, want)
	}
	answer, body = get(t, h, apiPath+".geojson")
	if got := answer.Header.Get("Content-Type"); got != "application/geo+json" {
		t.Errorf("GeoJSON content type: got %q", got)
	}
	var collection struct {
		Type     string
		Features []any
	}
	must(t, json.Unmarshal([]byte(body), &collection))
	if collection.Type != "FeatureCollection" || len(collection.Features) != len(entries()) {
		t.Errorf("GeoJSON: got %s of %d, want FeatureCollection of %d", collection.Type, len(collection.Features), len(entries()))
	}
	answer, body = get(t, h, apiPath+".csv?limit=2")
	rows, err = csv.NewReader(strings.NewReader(body)).ReadAll()
	must(t, err)
	if len(rows) != 3 || !strings.Contains(answer.Header.Get("Link"), `rel="next"`) {
		t.Errorf("a page of CSV: got %d rows and Link %q", len(rows), answer.Header.Get("Link"))
	}
}

func TestTiles(t *testing.T) {
	h := full(t)
	answer, body := get(t, h, "/tiles/0/0/0.json")
	var spots []struct {
		N    int
		Link string
	}
	must(t, json.Unmarshal([]byte(body), &spots))
	total := 0
	for _, s := range spots {
		total += s.N
	}
	if total != 5 {
		t.Errorf("the world tile shows %d entries, want 5", total)
	}
	again, _ := ask(t, h, http.MethodGet, "/tiles/0/0/0.json", func(r *http.Request) {
		r.Header.Set("If-None-Match", answer.Header.Get("ETag"))
	})
	if again.StatusCode != http.StatusNotModified {
		t.Errorf("with the ETag: got %d, want 304", again.StatusCode)
	}
	other, _ := ask(t, h, http.MethodGet, "/tiles/0/0/0.json?kind=urban", func(r *http.Request) {
		r.Header.Set("If-None-Match", answer.Header.Get("ETag"))
	})
	if other.StatusCode != http.StatusOK {
		t.Errorf("with the ETag of another search: got %d, want 200", other.StatusCode)
	}
	for path, status := range map[string]int{
		"/tiles/0/1/0.json": 404, "/tiles/99/0/0.json": 404, "/tiles/a/0/0.json": 404, "/tiles/0/0/0.json?kind=x": 400,
		"/map/land/0/0/0.bin": 200, "/map/land/4/9/9.bin": 200, "/map/land/3/8/0.bin": 404,
	} {
		if answer, _ := get(t, h, path); answer.StatusCode != status {
			t.Errorf("%s: got %d, want %d", path, answer.StatusCode, status)
		}
	}
}
