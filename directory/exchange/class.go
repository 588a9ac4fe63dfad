package exchange

import (
	"maps"
	"slices"
	"strings"

	"codeberg.org/commonage/commonage/directory"
)

// class is what a source's word for a kind of initiative means here: the seed
// form, or a tag where we have no form. Both empty: it says nothing.
type class struct{ form, tag string }

// classes finds the class of a source's word, its type.
type classes map[string]class

// of returns the class of a type such as "repair_cafe" or "amenity=toy_library".
// A type that nobody knows becomes a tag with its own words.
func (c classes) of(typ string) class {
	if known, ok := c[strings.ToLower(typ)]; ok {
		return known
	}
	_, value, ok := strings.Cut(typ, "=")
	if !ok {
		value = strings.TrimPrefix(typ, "other_")
	}
	if bare := strings.ToLower(value); bare == "yes" || bare == "no" || bare == "*" || bare == "other" {
		return class{}
	}
	return class{tag: value}
}

// knownClasses are those of every source we have a table for.
func knownClasses() classes {
	all := osmClasses()
	maps.Copy(all, susyClasses())
	return all
}

// osmClasses are the tags of OpenStreetMap that name a seed form by themselves.
// Not landuse=orchard, nearly always somebody's business, nor
// amenity=bicycle_repair_station, a stand on the street.
func osmClasses() classes {
	c := classes{}
	c.forms(map[string]string{
		"amenity=toy_library":            "toy-library",
		"amenity=give_box":               "give-box",
		"amenity=public_bookcase":        "public-bookcase",
		"amenity=food_sharing":           "community-fridge",
		"amenity=social_centre":          "social-centre",
		"amenity=coworking_space":        "coworking-commons",
		"office=coworking":               "coworking-commons",
		"amenity=volxkuche":              "community-kitchen",
		"amenity=soup_kitchen":           "community-kitchen",
		"social_facility=food_bank":      "food-bank",
		"social_facility=soup_kitchen":   "community-kitchen",
		"garden:type=community":          "community-garden",
		"landuse=allotments":             "allotment-association",
		"leisure=hackerspace":            "hackerspace",
		"club=foodcoop":                  "food-coop",
		"repair=assisted_self_service":   "repair-cafe",
		"service:bicycle:diy=yes":        "bike-kitchen",
		"identity=transition_initiative": "transition-town",
		"office=energy_cooperative":      "energy-coop",
	})
	for typ, tag := range map[string]string{
		"leisure=garden": "", // garden:type says more
		"office=company": "", "amenity=social_facility": "", "club=ttb": "",
	} {
		c[typ] = class{tag: tag}
	}
	return c
}

// susyClasses are the values of type_of_initiative in the directory of social
// and solidarity economy that the SUSY project made with TransforMap.
func susyClasses() classes {
	c := classes{}
	c.forms(map[string]string{
		"lending_central":                "library-of-things",
		"repair_cafe":                    "repair-cafe",
		"bicycle_selfrepair":             "bike-kitchen",
		"giveaway_shop":                  "give-box",
		"foodrescue_distribution":        "community-fridge",
		"community_garden":               "community-garden",
		"edible_town":                    "community-orchard",
		"seed_saving":                    "seed-library",
		"communitysupported_agriculture": "csa",
		"food_cooperative":               "food-coop",
		"foodpurchasing_combine":         "food-coop",
		"foodpolicy_council":             "food-policy-council",
		"foodrescue_cuisine":             "community-kitchen",
		"foodbank":                       "food-bank",
		"cohousing":                      "cohousing",
		"ecovillage":                     "ecovillage",
		"freespace":                      "social-centre",
		"squatted_place":                 "social-centre",
		"coworking":                      "coworking-commons",
		"collective_energy":              "energy-coop",
		"sustainable_mobility":           "mobility-coop",
		"communitycurrency":              "local-currency",
		"timebanking":                    "time-bank",
		"solidarity_lending":             "community-finance",
		"mutualsociety_aid":              "care-coop",
		"community_forestry":             "community-forest",
		"networking_initiative":          "assembly-of-the-commons",
		"localcollective_ressources":     "public-commons-partnership",
		"localcollective_ressource":      "public-commons-partnership",
		"participatory_budgeting":        "participatory-budget",
	})
	for typ, tag := range map[string]string{
		"socialinclusion_empowerment": "social inclusion", "socialinclusion_employment": "inclusive employment",
		"other_socialinclusion": "social inclusion", "consumerism_awareness": "consumer awareness",
		"other_buylocal": "buy local", "agroecology_education": "agroecology", "sse_education": "solidarity economy",
		"sse_research": "solidarity economy", "ethicalfinance_education": "ethical finance", "other_finance": "ethical finance",
		"permaculture_education": "permaculture", "slowfood": "slow food", "food_souvereignity": "food sovereignty",
		"agro_empowerment": "small farmers", "agro_sucessionnetwork": "farm succession", "recycling_foodwaste": "food waste",
		"foodrescue": "food rescue", "other_foodrescue": "food rescue", "lowincome_supermarket": "social supermarket",
		"directtrade": "direct trade", "other_fairtrade": "fair trade", "fairtrade_shop": "fair trade shop",
		"fairtrade_wholesaler": "fair trade", "fairtrade_school": "fair trade school", "fairtrade_town": "fair trade town",
		"local_farmersmarket": "farmers' market", "vegetable_box": "vegetable box", "self_harvest": "self-harvest",
		"virtual_directpurchase": "direct purchase", "nopacking_shop": "zero waste shop", "waste_awareness": "zero waste",
		"other_wastereduction": "zero waste", "other_reupcycle": "upcycling", "repair_resale": "repair", "repairing": "repair",
		"other_repair": "repair", "used_goods": "second hand", "fleamarket": "flea market", "swap_market": "swap market",
		"eco_art": "eco art", "mutualsociety_art": "mutual society", "other_mutualsociety": "mutual society",
		"mutual_insurance": "mutual insurance", "other_growyourself": "grow your own", "guerilla_garden": "guerrilla gardening",
		"other_foodedunpolicy": "food education", "other_infraressources": "infrastructure", "other_infraressource": "infrastructure",
		"other_habitat": "habitat", "other_political": "participation", "other_participation": "participation",
		"other_communities": "community", "community_group": "community group", "bicycle_awareness": "cycling",
		"directdemocracy": "direct democracy", "social_incubators": "social incubator", "business_incubators": "incubator",
		"entrepreneurship_education": "entrepreneurship", "development_cooperation": "development cooperation",
		"other_educatio": "education", "ngo": "ngo",
		"ssedas_partner": "", "othe": "", // the project's own partners; a slip for other
	} {
		c[typ] = class{tag: tag}
	}
	return c
}

func (c classes) forms(table map[string]string) {
	for typ, form := range table {
		c[typ] = class{form: form}
	}
}

// broad reports whether a form is the nearest that we have to a loose word of a
// source, so that any other form of the entry says more.
func broad(form string) bool {
	return form == "assembly-of-the-commons" || form == "public-commons-partnership" || form == "mobility-coop"
}

// classify turns the draft's types into forms, the main one first, and tags.
func (im *importer) classify(d *draft) (forms []string) {
	add := func(form string) {
		if form != "" && !slices.Contains(forms, form) {
			forms = append(forms, form)
		}
	}
	for _, code := range d.codes {
		form, _ := im.mapping.form(code)
		add(form)
	}
	for _, typ := range d.types {
		c, known := im.class(typ)
		if !known && d.verbatim {
			d.warn(BadForm, "forms", "%q is not a seed form; it became a tag", cut(typ, maxTag))
		}
		add(c.form)
		d.tags = append(d.tags, c.tag)
	}
	for _, form := range d.forms {
		add(form)
	}
	if !d.verbatim {
		slices.SortStableFunc(forms, func(a, b string) int { return rank(a) - rank(b) })
	}
	return forms
}

// class returns what a type means, after the mapping, the catalogue and the
// tables, and whether any of them knew.
func (im *importer) class(typ string) (c class, known bool) {
	if form, ok := im.mapping.form(typ); ok && form != "" {
		return class{form: form}, true
	} else if ok {
		return class{tag: im.classes.of(typ).tag}, true
	}
	if _, ok := directory.FormBySlug(typ); ok {
		return class{form: typ}, true
	}
	c = im.classes.of(typ)
	return c, c.form != ""
}

func rank(form string) int {
	if broad(form) {
		return 1
	}
	return 0
}
