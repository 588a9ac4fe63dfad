package main_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// questionsForTwins lists searches by words, places and facets.
var questionsForTwins = []string{
	"", "q=garden", "q=ga", "q=the+community+", "q=%D1%81%D0%B0%D0%B4", "kind=urban&country=DE&country=FR", "near=51.05,3.72",
	"q=repair&near=48,11&radius=300", "bbox=-5,45,10,55&limit=50", "q=de&kind=productive",
}

// TestTwinsAnswerTheSame: whichever of two servers on one PostgreSQL is asked,
// and whoever changed what a moment ago, the answer is the same.
func TestTwinsAnswerTheSame(t *testing.T) {
	address := onPostgres(t, "")
	one := newCity(t, "ghent", func(testing.TB, string) string { return address }).start()
	two := twin(one, address)
	one.do("bench", "load", "--count", "400", "--quiet")
	for step := range 2 {
		for _, q := range questionsForTwins {
			for range 2 { // pages
				a, b := one.ask(q), two.ask(q)
				if diff := cmp.Diff(a, b); diff != "" {
					t.Fatalf("after %d changes, %q (-one +other):\n%s", step, q, diff)
				}
				if a.Next == nil {
					break
				}
				q += "&cursor=" + url.QueryEscape(*a.Next)
			}
		}
		one.do("initiative", "add", "--name", fmt.Sprintf("Zyxgarden%d", step))
		if n := two.ask(fmt.Sprintf("q=zyxgarden%d", step)).Total; n != 1 {
			t.Fatalf("the other server finds %d entries that were added a moment ago, want 1", n)
		}
	}
}

// BenchmarkTwins prints how many searches a second one server on PostgreSQL
// answers, and two.
//
//	.ci/postgres.sh go test -run '^$' -bench Twins -benchtime 1x ./cmd/commonage
func BenchmarkTwins(b *testing.B) {
	const entries, long = 20_000, 5 * time.Second
	address := onPostgres(b, "")
	one := newCity(b, "bench", func(testing.TB, string) string { return address }).start()
	one.do("bench", "load", "--count", fmt.Sprint(entries), "--quiet")
	two := twin(one, address)
	for n, servers := range [][]*city{{one}, {one, two}} {
		client := web()
		began := time.Now()
		asked := inParallel(b, func() (bool, error) {
			at := servers[rand.IntN(len(servers))]
			q := fmt.Sprintf("q=%s+&limit=%d&near=%.3f,3", benchWords[rand.IntN(len(benchWords))], 10+rand.IntN(20), 45+10*rand.Float64())
			return time.Since(began) < long, fetch(client, "http://"+at.listen+"/api/v1/initiatives?"+q, at.host, "")
		})
		client.CloseIdleConnections()
		fmt.Fprintf(os.Stdout, "%d of 2 servers on PostgreSQL, %d entries, %d connections: %.0f searches a second\n",
			n+1, entries, connections, float64(asked)/time.Since(began).Seconds())
	}
}
