package web

import (
	"codeberg.org/commonage/commonage/directory"
)

// What pages say of themselves in schema.org's words (JSON-LD), for search
// engines and other readers.

const schemaContext = "https://schema.org"

type siteData struct {
	Context     string      `json:"@context"`
	Type        string      `json:"@type"`
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	URL         string      `json:"url"`
	Action      *actionData `json:"potentialAction,omitempty"`
}

type actionData struct {
	Type   string `json:"@type"`
	Target string `json:"target"`
	Input  string `json:"query-input"`
}

func (s *Server) siteData() siteData {
	return siteData{
		Context: schemaContext, Type: "WebSite", Name: s.instance.Name, Description: s.instance.Description,
		URL: s.instance.URL("/"),
		Action: &actionData{
			Type: "SearchAction", Target: s.instance.URL("/search?q={words}"), Input: "required name=words",
		},
	}
}

type organizationData struct {
	Context     string     `json:"@context"`
	Type        string     `json:"@type"`
	ID          string     `json:"@id"`
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	URL         string     `json:"url,omitempty"`
	SameAs      []string   `json:"sameAs,omitempty"`
	Founded     string     `json:"foundingDate,omitempty"`
	Keywords    []string   `json:"keywords,omitempty"`
	Offers      []wareData `json:"makesOffer,omitempty"`
	Seeks       []wareData `json:"seeks,omitempty"`
	Location    *placeData `json:"location,omitempty"`
}

// wareData is an Offer or a Demand.
type wareData struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

func waresData(kind string, phrases []string) []wareData {
	var out []wareData
	for _, phrase := range phrases {
		out = append(out, wareData{kind, phrase})
	}
	return out
}

type placeData struct {
	Type    string       `json:"@type"`
	Name    string       `json:"name,omitempty"`
	Address *addressData `json:"address,omitempty"`
	Geo     *geoData     `json:"geo,omitempty"`
}

type addressData struct {
	Type     string `json:"@type"`
	Street   string `json:"streetAddress,omitempty"`
	Postcode string `json:"postalCode,omitempty"`
	Locality string `json:"addressLocality,omitempty"`
	Region   string `json:"addressRegion,omitempty"`
	Country  string `json:"addressCountry,omitempty"`
}

type geoData struct {
	Type      string  `json:"@type"`
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

func initiativeData(i *directory.Initiative) organizationData {
	d := organizationData{
		Context: schemaContext, Type: "Organization", ID: i.ID, Name: i.Name, Description: i.Summary,
		Founded: i.Founded, URL: i.Website(),
		Offers: waresData("Offer", i.Offers), Seeks: waresData("Demand", i.Needs),
	}
	for k, l := range i.Links {
		if k > 0 {
			d.SameAs = append(d.SameAs, l.URL)
		}
	}
	for _, slug := range i.Forms {
		d.Keywords = append(d.Keywords, formName(slug))
	}
	d.Keywords = append(d.Keywords, i.Tags...)
	p := i.Place
	place := placeData{Type: "Place", Name: p.Name}
	address := addressData{
		Type: "PostalAddress", Street: p.Address, Postcode: p.Postcode, Locality: p.Locality, Region: p.Region, Country: p.Country,
	}
	if address != (addressData{Type: "PostalAddress"}) {
		place.Address = &address
	}
	if p.Point != nil {
		place.Geo = &geoData{Type: "GeoCoordinates", Latitude: p.Point.Latitude, Longitude: p.Point.Longitude}
	}
	if place != (placeData{Type: "Place"}) {
		d.Location = &place
	}
	return d
}

type termData struct {
	Context     string   `json:"@context"`
	Type        string   `json:"@type"`
	ID          string   `json:"@id"`
	Code        string   `json:"termCode"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Alternates  []string `json:"alternateName,omitempty"`
}

func formData(f directory.SeedForm, id string) termData {
	return termData{
		Context: schemaContext, Type: "DefinedTerm", ID: id, Code: f.Slug, Name: f.Name,
		Description: f.Definition, Alternates: f.Synonyms,
	}
}

type postingData struct {
	Context   string `json:"@context"`
	Type      string `json:"@type"`
	ID        string `json:"@id"`
	Text      string `json:"articleBody"`
	Published string `json:"datePublished"`
	Author    struct {
		Type string `json:"@type"`
		Name string `json:"name"`
		URL  string `json:"url"`
	} `json:"author"`
}

func postData(p *directory.Post, author *directory.Initiative) postingData {
	d := postingData{
		Context: schemaContext, Type: "SocialMediaPosting", ID: p.ID, Text: p.Text,
		Published: p.Published.UTC().Format("2006-01-02T15:04:05Z"),
	}
	d.Author.Type, d.Author.Name, d.Author.URL = "Organization", author.Name, author.ID
	return d
}
