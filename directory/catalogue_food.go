package directory

// growingForms are those that grow food together.
func growingForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "community-garden", Name: "Community garden", Plural: "Community gardens",
			Definition: "A plot that neighbours dig, plant, harvest and decide about together.",
			Replaces:   "Fenced wasteland, and vegetables that have travelled further than their eaters.",
			Needs:      "A piece of land with light and water, an agreement with its owner, a shed and a group that meets every week in season.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Care},
		},
		{
			Slug: "allotment-association", Name: "Allotment association", Plural: "Allotment associations",
			Definition: "Gardeners each tend a small plot and run the paths, the water and the waiting list as one association.",
			Replaces:   "A garden as a privilege of those who own a house.",
			Needs:      "A field on a long lease, water, a yearly meeting with an elected board and fair rules for plots that fall idle.",
			Kinds:      []Kind{Urban, Natural}, Currents: []Current{Care},
		},
		{
			Slug: "community-orchard", Name: "Community orchard", Plural: "Community orchards",
			Definition: "Fruit and nut trees on shared or public ground, tended by volunteers and open for everyone to pick.",
			Replaces:   "Ornamental greenery that feeds nobody, and old varieties dying out.",
			Needs:      "Ground that will stay open for decades, trees and stakes, someone who can prune and an agreement with the town on who cares for what.",
			Kinds:      []Kind{Urban, Natural}, Currents: []Current{Share, Care},
		},
		{
			Slug: "seed-library", Name: "Seed library", Plural: "Seed libraries",
			Definition: "Gardeners take seed in spring, grow it, let some plants go to seed and bring back a handful in autumn.",
			Replaces:   "Buying sterile seed each year from a few large firms.",
			Needs:      "A dry drawer, envelopes, open-pollinated seed to begin with and someone who teaches how to save it true.",
			Kinds:      []Kind{Natural, Knowledge}, Currents: []Current{Share, Care},
		},
		{
			Slug: "csa", Name: "Community-supported agriculture", Plural: "Community-supported farms",
			Definition: "A group of eaters pays a farm for the whole year in advance and shares what it harvests, good year or bad.",
			Replaces:   "The wholesaler's price, and a farmer who bears every hailstorm alone.",
			Needs:      "A grower, a few dozen households who commit for a season, an open budget and a place to hand out the boxes.",
			Kinds:      []Kind{Productive}, Currents: []Current{Care, Fair},
		},
	}
}

// eatingForms are those that buy, cook and share out food together.
func eatingForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "food-coop", Name: "Food co-op", Plural: "Food co-ops",
			Definition: "A buying group or shop owned by the people who eat from it and who often work a shift in it.",
			Replaces:   "The supermarket's margin, and its choice of what farmers get.",
			Needs:      "Ten households and a garage for a buying group; for a shop, some hundreds of members, shares from each, a lease and a paid core.",
			Kinds:      []Kind{Productive}, Currents: []Current{Care, Fair},
		},
		{
			Slug: "community-kitchen", Name: "Community kitchen", Plural: "Community kitchens",
			Definition: "People cook and eat at one long table, often from rescued food, and each pays what they can.",
			Replaces:   "Eating alone, and meals that cost either too much money or too much dignity.",
			Needs:      "A kitchen that passes inspection, big pots, a source of vegetables, a weekly cooking crew and a box for gifts.",
			Kinds:      []Kind{Urban, Migrant}, Currents: []Current{Share, Fair},
		},
		{
			Slug: "food-bank", Name: "Food bank", Plural: "Food banks",
			Definition: "A store where donated and surplus food is pooled and given to people who are short of it.",
			Replaces:   "Hunger beside full warehouses, until fair incomes make it needless too.",
			Needs:      "A dry store with a cold corner, a van, steady donors, many hands for sorting and a way of giving that shames nobody.",
			Kinds:      []Kind{Urban, Migrant}, Currents: []Current{Fair},
		},
		{
			Slug: "food-policy-council", Name: "Food policy council", Plural: "Food policy councils",
			Definition: "Growers, cooks, shops, citizens and the town sit at one table to shape how the place feeds itself.",
			Replaces:   "Leaving a town's food to whoever holds the biggest contracts.",
			Needs:      "A dozen people from field to plate, someone inside the town hall, a modest secretariat and a mandate to be heard.",
			Kinds:      []Kind{Urban}, Currents: []Current{Care, Fair},
		},
	}
}
