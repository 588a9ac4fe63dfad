package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// initiativeRow is an initiative as its table holds it.
type initiativeRow struct {
	Num            int64    `db:"num"`
	ID             string   `db:"id"`
	Handle         string   `db:"handle"`
	Origin         string   `db:"origin"`
	Own            bool     `db:"own"`
	State          string   `db:"state"`
	Name           string   `db:"name"`
	Summary        string   `db:"summary"`
	Description    string   `db:"description"`
	Languages      string   `db:"languages"`
	Forms          string   `db:"forms"`
	Kind           string   `db:"kind"`
	Role           string   `db:"role"`
	Currents       string   `db:"currents"`
	Scope          string   `db:"scope"`
	Status         string   `db:"status"`
	Founded        string   `db:"founded"`
	Tags           string   `db:"tags"`
	Links          string   `db:"links"`
	Image          string   `db:"image"`
	PlaceName      string   `db:"place_name"`
	Address        string   `db:"address"`
	Postcode       string   `db:"postcode"`
	Locality       string   `db:"locality"`
	LocalityFolded string   `db:"locality_folded"`
	Region         string   `db:"region"`
	Country        string   `db:"country"`
	Latitude       *float64 `db:"latitude"`
	Longitude      *float64 `db:"longitude"`
	Precision      string   `db:"precision"`
	X              *float64 `db:"x"`
	Y              *float64 `db:"y"`
	Z              *float64 `db:"z"`
	Cell           *int64   `db:"cell"`
	SourceName     string   `db:"source_name"`
	SourceURL      string   `db:"source_url"`
	SourceLicence  string   `db:"source_licence"`
	Attribution    string   `db:"source_attribution"`
	ExternalID     string   `db:"external_id"`
	Published      int64    `db:"published"`
	Updated        int64    `db:"updated"`
	Revision       int      `db:"revision"`
	Position       *int64   `db:"position"`
	Change         string   `db:"change"`
	Terms          string   `db:"terms"`
	AlsoKnownAs    string   `db:"also_known_as"`
	MovedTo        string   `db:"moved_to"`
	Changed        int64    `db:"changed"`
	Words          *string  `db:"words"` // its text as PostgreSQL indexes it; NULL for one that is not published
	Bucket         int      `db:"bucket"`
	Stamp          string   `db:"stamp"`
	Offers         string   `db:"offers"`
	Needs          string   `db:"needs"`
}

// version returns the row as the digests have it.
func (r *initiativeRow) version() *entryVersion {
	return &entryVersion{ID: r.ID, Origin: r.Origin, State: r.State, Updated: r.Updated, Stamp: r.Stamp}
}

func newInitiativeRow(i *directory.Initiative) (initiativeRow, error) {
	row := initiativeRow{
		ID: i.ID, Handle: i.Handle, Origin: i.Origin, State: string(i.State), Name: i.Name, Summary: i.Summary,
		Description: i.Description, Kind: string(i.Kind), Role: string(i.Role), Scope: string(i.Scope),
		Status: string(i.Status), Founded: i.Founded, PlaceName: i.Place.Name, Address: i.Place.Address,
		Postcode: i.Place.Postcode, Locality: i.Place.Locality, LocalityFolded: search.Fold(i.Place.Locality),
		Region: i.Place.Region, Country: i.Place.Country, Precision: string(i.Place.Precision),
		SourceName: i.Source.Name, SourceURL: i.Source.URL, SourceLicence: i.Source.Licence,
		Attribution: i.Source.Attribution, ExternalID: i.Source.ExternalID,
		Published: micros(i.Published), Updated: micros(i.Updated), Revision: i.Revision,
		Terms: strings.Join(search.Terms(i), " "), MovedTo: i.MovedTo,
		Bucket: directory.BucketOf(legalText(i.ID)), Stamp: i.Stamp,
	}
	if p := i.Place.Point; p != nil {
		row.Latitude, row.Longitude = &p.Latitude, &p.Longitude
		v := p.UnitVector()
		row.X, row.Y, row.Z = &v[0], &v[1], &v[2]
		row.Cell = new(int64(search.CellAt(*p)))
	}
	var errs [9]error
	row.Languages, errs[0] = encode(i.Languages)
	row.Forms, errs[1] = encode(i.Forms)
	row.Currents, errs[2] = encode(i.Currents)
	row.Tags, errs[3] = encode(i.Tags)
	row.Links, errs[4] = encode(i.Links)
	row.Image, errs[5] = encode(i.Image)
	row.AlsoKnownAs, errs[6] = encode(i.AlsoKnownAs)
	row.Offers, errs[7] = encode(i.Offers)
	row.Needs, errs[8] = encode(i.Needs)
	row.makeLegal()
	return row, errors.Join(errs[:]...)
}

// makeLegal makes every text one that both databases take. The zero character
// becomes U+FFFD too, as it parts words, and the words should be those of the
// entry as it came.
func (r *initiativeRow) makeLegal() {
	for _, f := range reflect.ValueOf(r).Elem().Fields() {
		if f.Kind() == reflect.String {
			f.SetString(legalText(strings.ReplaceAll(f.String(), "\x00", "\ufffd")))
		}
	}
}

func (r *initiativeRow) initiative() (*directory.Initiative, error) {
	i := &directory.Initiative{
		ID: r.ID, Handle: r.Handle, Origin: r.Origin, State: directory.State(r.State), Name: r.Name,
		Summary: r.Summary, Description: r.Description, Kind: directory.Kind(r.Kind), Role: directory.Role(r.Role),
		Scope: directory.Scope(r.Scope), Status: directory.Status(r.Status), Founded: r.Founded,
		Place: directory.Place{
			Name: r.PlaceName, Address: r.Address, Postcode: r.Postcode, Locality: r.Locality, Region: r.Region,
			Country: r.Country, Precision: directory.Precision(r.Precision),
		},
		Source: directory.Source{
			Name: r.SourceName, URL: r.SourceURL, Licence: r.SourceLicence,
			Attribution: r.Attribution, ExternalID: r.ExternalID,
		},
		Published: fromMicros(r.Published), Updated: fromMicros(r.Updated), Revision: r.Revision,
		MovedTo: r.MovedTo, Stamp: r.Stamp,
	}
	if r.Latitude != nil && r.Longitude != nil {
		i.Place.Point = &directory.Point{Latitude: *r.Latitude, Longitude: *r.Longitude}
	}
	err := errors.Join(decode(r.Languages, &i.Languages), decode(r.Forms, &i.Forms), decode(r.Currents, &i.Currents),
		decode(r.Tags, &i.Tags), decode(r.Links, &i.Links), decode(r.Image, &i.Image),
		decode(r.AlsoKnownAs, &i.AlsoKnownAs), decode(r.Offers, &i.Offers), decode(r.Needs, &i.Needs))
	if err != nil {
		return nil, fmt.Errorf("read entry %s: %w", r.ID, err)
	}
	return i, nil
}

// encode writes a list or pointer as JSON, nothing as "".
func encode[T any](value T) (string, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	if string(b) == "null" || string(b) == "[]" {
		return "", nil
	}
	return string(b), nil
}

func decode[T any](text string, value *T) error {
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	return nil
}

// micros returns a time as stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

// coordinates returns a point as its two columns hold it: NULL for none.
func coordinates(p *directory.Point) (latitude, longitude *float64) {
	if p == nil {
		return nil, nil
	}
	return &p.Latitude, &p.Longitude
}
