package directory

// natureForms are the old commons of water, wood and grass.
func natureForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "water-commons", Name: "Water commons", Plural: "Water commons",
			Definition: "The users of a spring, canal or reservoir share its water by rules they made and a keeper they chose.",
			Replaces:   "Water for whoever pumps deepest or pays most.",
			Needs:      "A recognised right to the water, a list of shares, a gatekeeper, work days for clearing channels and a court of peers for disputes.",
			Kinds:      []Kind{Natural}, Currents: []Current{Care},
		},
		{
			Slug: "community-forest", Name: "Community forest", Plural: "Community forests",
			Definition: "A wood that the people around it own or manage, for timber, mushrooms, shade and their grandchildren.",
			Replaces:   "Clear-cutting for a quarter's result.",
			Needs:      "Title or a long lease, a management plan, a forester who explains it and rules on who may cut, gather and hunt.",
			Kinds:      []Kind{Natural}, Currents: []Current{Care},
		},
		{
			Slug: "pasture-fishery", Name: "Common pasture or fishery", Plural: "Common pastures and fisheries",
			Definition: "Herders or fishers who use one meadow, shore or lake agree on how much each may take, and when it rests.",
			Replaces:   "The race to graze or catch the last bit before someone else does.",
			Needs:      "Clear borders and members, counts that everybody trusts, small fines that rise and a state that respects old rights.",
			Kinds:      []Kind{Natural}, Currents: []Current{Care},
		},
	}
}

// civicForms are those in which a place decides about itself.
func civicForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "assembly-of-the-commons", Name: "Assembly of the commons", Plural: "Assemblies of the commons",
			Definition: "An open forum where a place's commons meet, help each other and speak to the town with one voice.",
			Replaces:   "Fifty small projects that each knock on the town hall alone.",
			Needs:      "A list of who is there, a host with a big room, a chair that rotates and one shared task to begin with.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Care, Fair},
		},
		{
			Slug: "chamber-of-the-commons", Name: "Chamber of the commons", Plural: "Chambers of the commons",
			Definition: "Co-ops and other enterprises that live from the commons without draining them buy, learn and speak together.",
			Replaces:   "A chamber of commerce that speaks for those who have most to sell.",
			Needs:      "Ten enterprises that already trade with each other, fees by size, a small office and a shared idea of what counts as fair.",
			Kinds:      []Kind{Urban, Productive}, Currents: []Current{Fair},
		},
		{
			Slug: "public-commons-partnership", Name: "Public-commons partnership", Plural: "Public-commons partnerships",
			Definition: "A town and its citizens look after a building, park or service together under a signed agreement.",
			Replaces:   "The choice between selling public things and leaving them to an office.",
			Needs:      "An asset worth caring for, a citizens' body that can sign, a council decision and a yearly review in public.",
			Kinds:      []Kind{Urban}, Currents: []Current{Fair},
		},
		{
			Slug: "participatory-budget", Name: "Participatory budget", Plural: "Participatory budgets",
			Definition: "Residents propose, discuss and vote on how a part of the public money is spent.",
			Replaces:   "A budget that people hear of when it has been decided.",
			Needs:      "A sum that matters, a council bound to the result, months of meetings in every quarter and reports on what was built.",
			Kinds:      []Kind{Urban}, Currents: []Current{Fair},
		},
		{
			Slug: "transition-town", Name: "Transition initiative", Plural: "Transition initiatives",
			Definition: "A local group that prepares its town for life after oil, with gardens, skills, energy and a good deal of cake.",
			Replaces:   "Waiting for governments to begin.",
			Needs:      "A few people to start, open evenings, small working groups with something to show soon and friends in the next town.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Care},
		},
	}
}
