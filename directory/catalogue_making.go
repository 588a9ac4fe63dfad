package directory

// makingForms are those that make things from shared designs.
func makingForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "hackerspace", Name: "Hackerspace", Plural: "Hackerspaces",
			Definition: "A members' workshop, open most evenings, for electronics, code and taking things apart to learn how they work.",
			Replaces:   "Devices nobody may open, and learning that needs a diploma first.",
			Needs:      "A cheap room with power and internet, twenty members who pay a little each month, shared tools and a key policy.",
			Kinds:      []Kind{Urban, Knowledge}, Currents: []Current{Share},
		},
		{
			Slug: "fab-lab", Name: "Fab lab or makerspace", Plural: "Fab labs and makerspaces",
			Definition: "A workshop with laser cutters, printers and looms, open to all, where designs are shared with labs elsewhere.",
			Replaces:   "Waiting for a factory far away to make the part you need.",
			Needs:      "Ventilated rooms, a few machines and money for their upkeep, someone to train newcomers and set hours when anyone may come in.",
			Kinds:      []Kind{Productive, Knowledge}, Currents: []Current{Share},
		},
		{
			Slug: "cosmolocal-workshop", Name: "Cosmo-local workshop", Plural: "Cosmo-local workshops",
			Definition: "A small works that builds from designs improved all over the world, with materials and hands from nearby.",
			Replaces:   "Shipping finished goods across oceans when the plans could travel instead.",
			Needs:      "A design commons to draw on and give back to, local materials, skilled makers and first customers who will wait for the second version.",
			Kinds:      []Kind{Productive, Knowledge}, Currents: []Current{Share, Care},
		},
		{
			Slug: "open-hardware", Name: "Open hardware project", Plural: "Open hardware projects",
			Definition: "A group that designs machines, from tractors to ventilators, and publishes the plans so that anyone may build them.",
			Replaces:   "Sealed machines that only their maker may mend.",
			Needs:      "A need that many share, people who draw and people who weld, a free licence, and a manual that a stranger can follow.",
			Kinds:      []Kind{Knowledge, Productive}, Currents: []Current{Share},
		},
	}
}

// digitalForms are those that tend code, knowledge, wires and servers.
func digitalForms() []SeedForm {
	return []SeedForm{
		{
			Slug: "free-software-community", Name: "Free software community", Plural: "Free software communities",
			Definition: "People who write, translate, teach and use software that everyone may run, read, change and pass on.",
			Replaces:   "Programs that watch their users and lock up their files.",
			Needs:      "A free licence, a public place for code and talk, a few maintainers who answer newcomers kindly, and money for the boring parts.",
			Kinds:      []Kind{Knowledge}, Currents: []Current{Share},
		},
		{
			Slug: "open-knowledge", Name: "Open knowledge project", Plural: "Open knowledge projects",
			Definition: "A wiki, map, archive or data set that its users build, check and keep open for everyone.",
			Replaces:   "Knowledge behind a paywall, and maps that belong to an advertiser.",
			Needs:      "A free licence, a simple way to contribute, people who check what comes in and a host that will still be there in ten years.",
			Kinds:      []Kind{Knowledge}, Currents: []Current{Share},
		},
		{
			Slug: "community-network", Name: "Community wireless network", Plural: "Community wireless networks",
			Definition: "Neighbours link their roofs by radio or fibre and run the internet between them as common property.",
			Replaces:   "One provider's price, one provider's rules and villages left without a line.",
			Needs:      "A handful of high roofs, cheap routers, three people who can configure them and a written agreement on sharing the links.",
			Kinds:      []Kind{Urban, Knowledge}, Currents: []Current{Share, Fair},
		},
		{
			Slug: "ethical-host", Name: "Community hosting co-op", Plural: "Community hosting co-ops",
			Definition: "Mail, websites, files and calls on servers that their users own and can ask questions of.",
			Replaces:   "Free accounts that are paid for with everyone's private life.",
			Needs:      "Two or three administrators who can stand in for each other, rented or owned machines, backups elsewhere and fees that cover the hours.",
			Kinds:      []Kind{Knowledge}, Currents: []Current{Share, Fair},
		},
	}
}
