package directory

// workForms are those that earn, power and move together.
func workForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "platform-coop", Name: "Platform co-op", Plural: "Platform co-ops",
			Definition: "An app or marketplace owned and steered by the people who work, sell or trade on it.",
			Replaces:   "The platform that takes a third and changes the rules overnight.",
			Needs:      "A group that already trades, software to share or adapt, patient start money and a vote for every side of the market.",
			Kinds:      []Kind{Knowledge, Productive}, Currents: []Current{Share, Fair},
		},
		{
			Slug: "worker-coop", Name: "Worker co-op", Plural: "Worker co-ops",
			Definition: "A business that belongs to the people who work in it, with one vote each whatever their job or share.",
			Replaces:   "Working for owners who are not there.",
			Needs:      "Three or more people with a trade, rules in line with the national co-op law, a little capital from each and honest books.",
			Kinds:      []Kind{Productive}, Currents: []Current{Fair},
		},
		{
			Slug: "labour-mutual", Name: "Labour mutual", Plural: "Labour mutuals",
			Definition: "Freelancers and artists pool invoicing, sick pay and bad months, and so gain the rights of employees.",
			Replaces:   "Choosing between being free and being insured.",
			Needs:      "Some hundreds of members for the risk to even out, an accountant who knows social law and a share of every invoice for the common fund.",
			Kinds:      []Kind{Productive}, Currents: []Current{Fair},
		},
		{
			Slug: "energy-coop", Name: "Energy co-op", Plural: "Energy co-ops",
			Definition: "Households put their savings together to own solar roofs, wind turbines or heat, and decide on price and use.",
			Replaces:   "A far-off supplier, and roofs that only collect rain.",
			Needs:      "A good roof or site, members' shares, someone at ease with permits and meters and a supplier or grid that will take the power.",
			Kinds:      []Kind{Productive}, Currents: []Current{Care, Fair},
		},
		{
			Slug: "mobility-coop", Name: "Car and bike sharing co-op", Plural: "Car and bike sharing co-ops",
			Definition: "Members own a fleet of cars, vans or cargo bikes together and book one when they need it.",
			Replaces:   "The second car, and the first one that stands parked all week.",
			Needs:      "Two vehicles and twenty drivers within walking distance, insurance that fits, a booking tool and agreed parking places.",
			Kinds:      []Kind{Urban, Productive}, Currents: []Current{Share, Care},
		},
	}
}

// moneyForms are those that make credit and exchange a common good.
func moneyForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "local-currency", Name: "Local currency", Plural: "Local currencies",
			Definition: "A community issues its own notes or credit, so that trade goes on among its people when money is short.",
			Replaces:   "Money that leaves town on the day it is spent.",
			Needs:      "Some dozens of shops and households that accept it, a trusted issuer, a ledger or hard-to-copy notes and a rule for mending imbalances.",
			Kinds:      []Kind{Productive}, Currents: []Current{Fair},
		},
		{
			Slug: "time-bank", Name: "Time bank", Plural: "Time banks",
			Definition: "Members help each other and count in hours: an hour of gardening is worth an hour of accounts.",
			Replaces:   "Paying strangers for what neighbours would gladly do, and the idea that some people have nothing to give.",
			Needs:      "Thirty people with mixed skills, someone who matches wishes with offers and a simple ledger of hours.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Fair},
		},
		{
			Slug: "community-finance", Name: "Credit union or solidarity fund", Plural: "Credit unions and solidarity funds",
			Definition: "People put savings into one pot and lend them to members and projects they know, at a rate they set themselves.",
			Replaces:   "Banks that lend a town's savings somewhere else, and payday loans.",
			Needs:      "A licence or a form the law leaves free, members with some savings, careful lending rules and volunteers who visit borrowers.",
			Kinds:      []Kind{Productive}, Currents: []Current{Fair},
		},
	}
}
