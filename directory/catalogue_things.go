package directory

// lendingForms are those that share things and the skill to keep them going.
func lendingForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "tool-library", Name: "Tool library", Plural: "Tool libraries",
			Definition: "Neighbours borrow drills, saws and ladders from a shared stock instead of each buying their own.",
			Replaces:   "Buying a tool that will run for a quarter of an hour a year.",
			Needs:      "A dry room with shelves, a hundred or so donated tools, a lending list and five or six people who keep opening hours.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Care},
		},
		{
			Slug: "library-of-things", Name: "Library of things", Plural: "Libraries of things",
			Definition: "A place that lends what people need now and then: tents, projectors, sewing machines, party tables.",
			Replaces:   "Cupboards full of things that each household owns and hardly uses.",
			Needs:      "A room, a stock gathered from attics, a catalogue people can see and rules for deposits and breakages. A small yearly fee usually pays the rent.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Care},
		},
		{
			Slug: "toy-library", Name: "Toy library", Plural: "Toy libraries",
			Definition: "Families borrow toys, games and puzzles and bring them back when the children have outgrown them.",
			Replaces:   "New plastic each birthday, and childhoods that depend on a parent's purse.",
			Needs:      "Shelves in a school, library or community room, a first box of clean toys and a rota of parents who check that every piece comes back.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Fair},
		},
		{
			Slug: "repair-cafe", Name: "Repair café", Plural: "Repair cafés",
			Definition: "Volunteers and visitors sit down together to mend lamps, clothes, radios and bicycles, for free or a gift.",
			Replaces:   "Throwing away what a new fuse or a few stitches would save.",
			Needs:      "A room once a month, four or five people who like to mend, their tools, some spare parts, coffee and a sign on the door.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Care},
		},
		{
			Slug: "bike-kitchen", Name: "Community bike workshop", Plural: "Community bike workshops",
			Definition: "A shared workshop with stands, tools and second-hand parts where people learn to mend their own bicycle.",
			Replaces:   "Cycles left to rust because a repair costs more than they seem worth.",
			Needs:      "A ground-floor room or a yard, two stands, a wall of tools, scrap bikes for parts and a few patient mechanics.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Care},
		},
	}
}

// givingForms are those that pass things on without a price.
func givingForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "give-box", Name: "Give box or free shop", Plural: "Give boxes and free shops",
			Definition: "A cupboard, box or shop where anyone leaves what they no longer need and takes what they can use.",
			Replaces:   "The skip, and the second purchase of things that lie unused next door.",
			Needs:      "A dry, visible spot, leave from whoever owns it and a handful of people who tidy it often. A whole shop also needs a rent that nobody has to earn from sales.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Care},
		},
		{
			Slug: "public-bookcase", Name: "Public bookcase", Plural: "Public bookcases",
			Definition: "An open shelf in the street or a hall where people leave books and take others, with no card and no date.",
			Replaces:   "Books read once and pulped, and the walk to a library that has closed.",
			Needs:      "A weatherproof cupboard, a place to fix it and one or two neighbours who look after it.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share},
		},
		{
			Slug: "community-fridge", Name: "Community fridge", Plural: "Community fridges",
			Definition: "A fridge and shelf in a public place where shops, cooks and neighbours leave good food for whoever wants it.",
			Replaces:   "Bins full of bread while someone nearby skips supper.",
			Needs:      "A fridge, a socket, a host who pays for the power, hygiene rules on the door and a rota for daily cleaning.",
			Kinds:      []Kind{Urban}, Currents: []Current{Share, Care, Fair},
		},
	}
}
