package directory

// homeForms are those that hold land and homes in common.
func homeForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "community-land-trust", Name: "Community land trust", Plural: "Community land trusts",
			Definition: "A local body owns the land for good and leases the homes on it, so that they stay affordable at every resale.",
			Replaces:   "Homes as a bet on rising land prices.",
			Needs:      "A first plot by gift or public loan, a board of residents, neighbours and town, and a lawyer who has read other trusts' leases.",
			Kinds:      []Kind{Urban, Productive}, Currents: []Current{Fair},
		},
		{
			Slug: "housing-coop", Name: "Housing co-op", Plural: "Housing co-ops",
			Definition: "Residents own their building together and pay it for use, and nobody may sell a flat at a profit.",
			Replaces:   "The landlord, and the mortgage that each household carries alone.",
			Needs:      "A group that holds together for years, a plot or an old building, members' shares, a patient bank and often a federation that guarantees.",
			Kinds:      []Kind{Productive}, Currents: []Current{Fair},
		},
		{
			Slug: "cohousing", Name: "Cohousing", Plural: "Cohousing groups",
			Definition: "Private homes around a shared kitchen, garden and guest room, planned and run by the people who live there.",
			Replaces:   "One lawnmower, one washing machine and one lonely evening per household.",
			Needs:      "Eight to thirty households, a site, an architect who listens, a shared pot for the common house and practice in deciding together.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Fair},
		},
		{
			Slug: "ecovillage", Name: "Ecovillage", Plural: "Ecovillages",
			Definition: "A settlement whose people design building, food, energy and decisions so as to live within what their land gives.",
			Replaces:   "Lives that need three planets and still leave people strangers.",
			Needs:      "Land with permission to build, a few founding families with skills and savings, and clear ways to join, to quarrel and to leave.",
			Kinds:      []Kind{Productive, Natural}, Currents: []Current{Share, Care},
		},
	}
}

// gatheringForms are those that give people rooms, and care, of their own.
func gatheringForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "social-centre", Name: "Self-run social centre", Plural: "Self-run social centres",
			Definition: "A building run by its users in open assembly, with room for concerts, classes, meetings and neighbours.",
			Replaces:   "Paying to be anywhere, and halls that belong to a sponsor.",
			Needs:      "A building that stands empty, a lease or the nerve to do without, an assembly that meets each week and people who clean up afterwards.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Fair},
		},
		{
			Slug: "coworking-commons", Name: "Commons-run coworking", Plural: "Commons-run coworking spaces",
			Definition: "Desks, studios and a meeting room shared by people who work for themselves and govern the place together.",
			Replaces:   "Renting a desk from a chain, or working alone at the kitchen table.",
			Needs:      "Ten people who would pay for a desk, a lease they sign together, good internet and a monthly meeting.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share},
		},
		{
			Slug: "care-coop", Name: "Care co-op or mutual aid circle", Plural: "Care co-ops and mutual aid circles",
			Definition: "Care for children, elders, the ill and the broke, organised by those who give it and those who need it.",
			Replaces:   "Care by the minute for a profit, or by a daughter without pay.",
			Needs:      "For a circle, a phone list and a few people who know everyone; for a co-op, members from both sides, a fair wage and a contract with the town.",
			Kinds:      []Kind{Urban, Migrant}, Currents: []Current{Fair},
		},
		{
			Slug: "migrant-association", Name: "Migrant association", Plural: "Migrant associations",
			Definition: "Newcomers from one place, faith or language pool savings, rooms, news and help, here and with the people at home.",
			Replaces:   "Moneylenders, costly transfers and finding your way through a new country alone.",
			Needs:      "Trust that mostly exists already, a room for feasts and meetings, a treasurer whom everyone believes and someone who reads official letters.",
			Kinds:      []Kind{Migrant}, Currents: []Current{Fair},
		},
	}
}
