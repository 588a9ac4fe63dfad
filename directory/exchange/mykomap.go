package exchange

import (
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// mykomapLayout is that of standard.csv, as the Digital Commons Co-op publishes
// it. Its e-mail addresses and telephone numbers are left where they are.
func mykomapLayout() layout {
	return layout{
		required: []string{"Identifier", "Name"},
		columns: map[string]string{
			"identifier": "id", "name": "name", "street address": "address", "locality": "locality",
			"region": "region", "postcode": "postcode", "country id": "country", "website": "website",
			"latitude": "latitude", "longitude": "longitude",
		},
		fill: fillMykomap,
	}
}

func fillMykomap(d *draft, r tableRow) {
	d.values["source_id"] = d.id
	if text := r.cell("description"); text != "" {
		d.texts = append(d.texts, translation{"", text})
	}
	if d.values["country"] == "" {
		d.values["country"] = r.cell("territory id")
	}
	if d.values["latitude"] == "" && d.values["longitude"] == "" && r.cell("geo container latitude") != "" {
		d.values["latitude"], d.values["longitude"] = r.cell("geo container latitude"), r.cell("geo container longitude")
		d.values["precision"] = string(containerPrecision(r))
	}
	for _, network := range []struct{ name, heading, prefix string }{
		{"Facebook", "facebook", "https://www.facebook.com/"},
		{"Twitter", "twitter", "https://twitter.com/"},
	} {
		if value := r.cell(network.heading); value != "" {
			d.links = append(d.links, directory.Link{Name: network.name, URL: profile(network.prefix, value)})
		}
	}
	c := cooperative{
		name:       strings.ToLower(d.values["name"]),
		structure:  code(r.cell("organisational structure")),
		membership: code(r.cell("membership type")),
		sector:     r.cell("sector"),
		sic:        r.cell("sic code"),
		owners:     r.cell("ownership classification"),
		legal:      r.cell("legal form"),
	}
	for activity := range strings.SplitSeq(r.cell("primary activity")+";"+r.cell("activities"), ";") {
		if activity = code(activity); activity != "" {
			c.activities = append(c.activities, activity)
		}
	}
	c.file(d)
}

// containerPrecision says what the container is whose middle the point is: a
// postcode unit, or the town where the row knows no more than that.
func containerPrecision(r tableRow) directory.Precision {
	switch {
	case strings.Contains(r.cell("geo container"), "/postcodeunit/"):
		return directory.Postcode
	case r.cell("postcode") == "" && r.cell("locality") != "":
		return directory.Settlement
	}
	return ""
}

// code returns the last part of a vocabulary's URI.
func code(uri string) string {
	return strings.TrimSpace(uri[strings.LastIndexAny(uri, "/#")+1:])
}

// cooperative is what the columns of standard.csv say about the sort of a co-op,
// in ESSGlobal's codes (https://dev.lod.coop/essglobal) and those of the UK's
// standard industrial classification (SIC).
type cooperative struct {
	name                  string // in lower case
	structure, membership string // such as OS60, BMT30
	activities            []string
	sector, sic           string
	owners, legal         string
}

// file gives the draft the forms and tags of the co-op.
func (c cooperative) file(d *draft) {
	for heading, value := range map[string]string{
		"SIC Code": c.sic, "Sector": c.sector, "Ownership Classification": c.owners,
		"Organisational Structure": c.structure, "Membership Type": c.membership, "Legal Form": c.legal,
	} {
		if value != "" {
			d.codes = append(d.codes, heading+"="+value)
		}
	}
	for _, a := range c.activities {
		d.codes = append(d.codes, "Activity="+a)
	}
	slices.Sort(d.codes) // a map has no order
	d.forms = append(d.forms, c.forms()...)
	d.tags = append(d.tags, c.tags()...)
}

func (c cooperative) trade(prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(c.sic, p) })
}

func (c cooperative) owned(by ...string) bool { return slices.Contains(by, c.owners) }

func (c cooperative) named(parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(c.name, p) })
}

// forms returns the seed forms that the classification proves. The name decides
// only within a branch: which sort of housing, or that vegetables grow on
// allotments. Clubs, pubs, village shops and farmers' marketing co-ops have no
// form in the catalogue, so they stay without.
func (c cooperative) forms() []string {
	members := c.owned("Consumers", "Community of Interest", "Multi-stakeholder")
	forms := c.housing()
	for _, f := range []struct {
		form string
		is   bool
	}{
		{"community-finance", c.trade("64921")},
		{"energy-coop", c.trade("351") && !c.owned("Enterprises", "Self-employed")},
		{"allotment-association", c.trade("981") || c.trade("011", "016") && c.named("allotment")},
		{"csa", c.trade("01") && c.named(" csa", "community supported agriculture")},
		{"community-garden", c.trade("01") && members && c.named("community garden")},
		{"community-forest", c.trade("02") && c.owned("Community of Interest")},
		{"community-network", c.trade("61") && members},
		{"mobility-coop", c.trade("7711") && members},
		{"water-commons", c.trade("36") && members},
		{"care-coop", c.trade("87", "88100", "88000") && c.owned("Workers", "Multi-stakeholder", "Employee Trust")},
		{"food-coop", c.trade("4711", "4710", "472") && (c.owned("Consumers") || c.structure == "OS80")},
		{"worker-coop", c.owned("Workers") || c.structure == "OS60" || c.owners == "" && c.membership == "BMT30"},
	} {
		if f.is {
			forms = append(forms, f.form)
		}
	}
	return forms
}

// housing returns the forms of those who hold land or homes.
func (c cooperative) housing() []string {
	var forms []string
	land := c.trade("68", "41") || c.sector == "Housing"
	if land && c.named("land trust", " clt") {
		forms = append(forms, "community-land-trust")
	}
	if land && c.named("cohousing", "co-housing") {
		forms = append(forms, "cohousing")
	}
	tenants := c.owners == "Tenants" || c.structure == "OS70"
	others := c.owned("Community of Interest", "Workers", "Self-employed", "Enterprises")
	if tenants || c.sector == "Housing" && c.trade("68") && !others {
		forms = append(forms, "housing-coop")
	}
	return forms
}

// tags returns words by which people search for the co-op.
func (c cooperative) tags() []string {
	tags := []string{sectorTag(c.sector)}
	for _, t := range trades() {
		if t.sic != "" && c.trade(t.sic) {
			tags = append(tags, t.tag)
		}
	}
	tags = append(tags, structureTag(c))
	if c.sector == "" {
		for _, a := range c.activities {
			tags = append(tags, activities()[a])
		}
	}
	if c.legal == "Community Interest Company" || strings.HasPrefix(c.legal, "Scottish Char") {
		tags = append(tags, c.legal)
	}
	return tags
}

// sectorTag shortens the one sector whose name is a list.
func sectorTag(sector string) string {
	switch sector {
	case "Membership associations, social clubs and trade unions":
		return "membership association"
	case "Other":
		return ""
	}
	return sector
}

// structureTag says who owns the co-op.
func structureTag(c cooperative) string {
	if tag, ok := map[string]string{
		"Consumers": "consumer co-op", "Community of Interest": "community-owned", "Tenants": "tenant co-op",
		"Enterprises": "enterprise co-op", "Multi-stakeholder": "multi-stakeholder co-op", "Workers": "worker co-op",
		"Self-employed": "freelancers' co-op", "Employee Trust": "employee-owned", "Co-operatives": "secondary co-op",
	}[c.owners]; ok {
		return tag
	}
	return map[string]string{
		"OS10": "community group", "OS20": "not-for-profit", "OS30": "social enterprise", "OS40": "charity",
		"OS60": "worker co-op", "OS70": "housing co-op", "OS80": "consumer co-op", "OS90": "producer co-op",
		"OS100": "multi-stakeholder co-op", "OS110": "secondary co-op", "OS115": "co-op",
		"OS120": "community interest company", "OS140": "employee-owned", "OS170": "mutual",
	}[c.structure]
}

// trades are branches that people name otherwise than the classification does.
func trades() []struct{ sic, tag string } {
	return []struct{ sic, tag string }{
		{"01", "farming"},
		{"02", "forestry"},
		{"03", "fishing"},
		{"11050", "brewery"},
		{"351", "energy"},
		{"36", "water"},
		{"38", "recycling"},
		{"4711", "food shop"},
		{"4710", "village shop"},
		{"4719", "village shop"},
		{"472", "food shop"},
		{"4761", "bookshop"},
		{"4764", "bicycles"},
		{"4781", "market"},
		{"49320", "taxis"},
		{"56302", "pub"},
		{"56301", "social club"},
		{"5610", "café"},
		{"581", "publishing"},
		{"591", "film"},
		{"602", "broadcasting"},
		{"61", "broadband"},
		{"62", "software"},
		{"64921", "credit union"},
		{"682", "housing"},
		{"69102", "law"},
		{"711", "architecture"},
		{"7711", "car club"},
		{"85", "education"},
		{"8510", "nursery"},
		{"8621", "doctors"},
		{"8810", "home care"},
		{"8891", "childcare"},
		{"9001", "performing arts"},
		{"9002", "performing arts"},
		{"9003", "artists"},
		{"9004", "arts venue"},
		{"9101", "library"},
		{"9103", "heritage"},
		{"93110", "sports facilities"},
		{"93120", "sports club"},
		{"94920", "political club"},
		{"981", "allotments"},
	}
}

// activities are ESSGlobal's codes of the activities that the International
// Co-operative Alliance tells apart, and of the older list.
func activities() map[string]string {
	return map[string]string{
		"ICA10": "agriculture", "ICA20": "dairy", "ICA30": "forestry", "ICA40": "irrigation", "ICA50": "fishery",
		"ICA60": "crafts", "ICA70": "construction", "ICA80": "industry", "ICA90": "manufacturing", "ICA100": "mining",
		"ICA110": "professional services", "ICA120": "services", "ICA130": "tourism", "ICA140": "finance",
		"ICA150": "insurance", "ICA160": "education", "ICA170": "health", "ICA180": "community", "ICA190": "social",
		"ICA200": "social services", "ICA210": "housing", "ICA220": "transport", "ICA230": "utilities", "ICA240": "retail",
		"ICA250": "production", "ICA260": "retail", "ICA270": "education, health and social work",
		"AM10": "arts and culture", "AM20": "campaigning", "AM30": "community spaces", "AM40": "education", "AM50": "energy",
		"AM60": "food", "AM70": "goods and services", "AM80": "health and care", "AM90": "housing", "AM100": "money and finance",
		"AM110": "nature", "AM120": "reuse and repair", "AM130": "agriculture", "AM140": "industry", "AM150": "utilities",
		"AM160": "transport",
	}
}
