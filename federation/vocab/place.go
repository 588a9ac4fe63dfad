package vocab

import (
	"github.com/go-fed/activity/streams"

	"codeberg.org/commonage/commonage/directory"
)

// setPlace sets the location of an actor unless nothing is known of it.
func setPlace(m fields, p directory.Place) error {
	if p == (directory.Place{}) {
		return nil
	}
	place, err := placeFields(p)
	if err == nil {
		m["location"] = place
	}
	return err
}

func placeFields(p directory.Place) (fields, error) {
	t := streams.NewActivityStreamsPlace()
	if p.Name != "" {
		t.SetActivityStreamsName(text(streams.NewActivityStreamsNameProperty(), p.Name))
	}
	if p.Point != nil {
		t.SetActivityStreamsLatitude(value(streams.NewActivityStreamsLatitudeProperty(), p.Point.Latitude))
		t.SetActivityStreamsLongitude(value(streams.NewActivityStreamsLongitudeProperty(), p.Point.Longitude))
	}
	place, err := plain(t)
	if err != nil {
		return nil, err
	}
	address := fields{}
	setText(address, "streetAddress", p.Address)
	setText(address, "postalCode", p.Postcode)
	setText(address, "addressLocality", p.Locality)
	setText(address, "addressRegion", p.Region)
	setText(address, "addressCountry", p.Country)
	if len(address) > 0 {
		address["type"] = "PostalAddress"
		place["address"] = address
	}
	setText(place, "precision", string(p.Precision))
	return place, nil
}
