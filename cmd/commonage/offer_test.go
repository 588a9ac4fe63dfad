package main_test

import (
	"fmt"
	"testing"
)

// TestOffersTravel: what an initiative of one city offers and needs is found by
// it at the other, as a field and as a parameter.
func TestOffersTravel(t *testing.T) {
	t.Parallel() // most of the time is waiting
	a, b := newCity(t, "a", onSQLite).start(), newCity(t, "b", onSQLite).start()
	befriend(b, a)
	a.do("initiative", "add", "--name", "Wheels", "--offers", "Cargo bike, van", "--needs", "workshop space")
	a.do("initiative", "add", "--name", "Cargo bike fans")
	for _, query := range []string{"q=offers:cargo-bike", "offers=cargo+bike", "needs=workshop-space&q=cargo"} {
		eventually(t, seconds, func() error {
			if found := b.ask(query); found.Total != 1 || found.Items[0].Name != "Wheels" {
				return fmt.Errorf("%s finds %+v, want Wheels alone", query, found.Items)
			}
			return nil
		})
	}
	if err := b.shows("/initiatives/wheels@"+a.host, "Offers", "Cargo bike", "/search?offers=cargo-bike", "Needs", "workshop space"); err != nil {
		t.Error(err)
	}
}
