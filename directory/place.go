package directory

import "math"

// Place is where an initiative is. Every field may be empty; without
// coordinates the initiative is listed but not on the map.
type Place struct {
	Name      string    `json:"name,omitempty"`     // of the venue
	Address   string    `json:"address,omitempty"`  // street and number, lines separated by newlines
	Postcode  string    `json:"postcode,omitempty"` //
	Locality  string    `json:"locality,omitempty"` // village, town or city
	Region    string    `json:"region,omitempty"`   //
	Country   string    `json:"country,omitempty"`  // ISO 3166-1 alpha-2
	Point     *Point    `json:"point,omitempty"`    // nil: nowhere on the map
	Precision Precision `json:"precision,omitempty"`
}

// Point is a position on the earth in degrees, WGS 84.
type Point struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// Valid reports whether p is on the globe.
func (p Point) Valid() bool {
	return math.Abs(p.Latitude) <= 90 && math.Abs(p.Longitude) <= 180 // false for NaN too
}

// EarthRadius is the mean radius in kilometres (IUGG).
const EarthRadius = 6371.0088

// Distance returns the great-circle distance from p to q in kilometres.
func (p Point) Distance(q Point) float64 {
	const rad = math.Pi / 180
	sinLat := math.Sin((q.Latitude - p.Latitude) * rad / 2)
	sinLon := math.Sin((q.Longitude - p.Longitude) * rad / 2)
	h := sinLat*sinLat + math.Cos(p.Latitude*rad)*math.Cos(q.Latitude*rad)*sinLon*sinLon
	return 2 * EarthRadius * math.Asin(math.Min(1, math.Sqrt(h)))
}

// Box is a rectangle of latitudes and longitudes in degrees. West may be
// greater than East: such a box crosses the antimeridian (RFC 7946, 5.2).
type Box struct{ West, South, East, North float64 }

// Contains reports whether the point lies in the box or on its edge.
func (b Box) Contains(p Point) bool {
	if p.Latitude < b.South || p.Latitude > b.North {
		return false
	}
	if b.West > b.East {
		return p.Longitude >= b.West || p.Longitude <= b.East
	}
	return p.Longitude >= b.West && p.Longitude <= b.East
}

// BoxAround returns the smallest box that holds every point within radius
// kilometres of p.
func BoxAround(p Point, radius float64) Box {
	lat := radius / EarthRadius * 180 / math.Pi
	b := Box{South: math.Max(-90, p.Latitude-lat), North: math.Min(90, p.Latitude+lat), West: -180, East: 180}
	if b.South == -90 || b.North == 90 {
		return b // a pole is inside: every longitude is
	}
	lon := math.Asin(math.Min(1, math.Sin(radius/EarthRadius)/math.Cos(p.Latitude*math.Pi/180))) * 180 / math.Pi
	if lon >= 180 {
		return b
	}
	b.West, b.East = wrap(p.Longitude-lon), wrap(p.Longitude+lon)
	return b
}

// wrap brings a longitude into -180 to 180.
func wrap(lon float64) float64 {
	switch {
	case lon < -180:
		return lon + 360
	case lon > 180:
		return lon - 360
	}
	return lon
}

// UnitVector returns the point as a vector of length 1 from the middle of the
// earth. The product of two says how far apart they are, right at the poles and
// the antimeridian too.
func (p Point) UnitVector() [3]float64 {
	lat, lon := p.Latitude*math.Pi/180, p.Longitude*math.Pi/180
	v := [3]float64{math.Cos(lat) * math.Cos(lon), math.Cos(lat) * math.Sin(lon), math.Sin(lat)}
	for k := range v {
		if math.Abs(v[k]) < 1e-18 {
			v[k] = 0 // far less than an atom; PostgreSQL calls products of such numbers out of range
		}
	}
	return v
}
