package vocab

// activityStreams is the namespace that every document names first.
const activityStreams = "https://www.w3.org/ns/activitystreams"

// Namespace is what the commons: terms start with. It names the terms and need
// not answer: documents carry their definitions, and every instance serves them
// at /ns/commons.
const Namespace = "https://codeberg.org/commonage/commonage/ns/commons#"

// The contexts are constants, in JSON without white space, so that documents
// have the same bytes on every machine and in every release.
const (
	// basicContext is that of documents made of ActivityStreams terms only.
	basicContext = `"` + activityStreams + `"`

	// provedContext is that of the same with an integrity proof. It is a list,
	// as Mastodon wants it there, and names the context that Fedify looks for.
	provedContext = `["` + activityStreams + `",` + integrity + `]`

	// movedContext is provedContext with where an actor moved to.
	movedContext = `["` + activityStreams + `",` + integrity + `,{` + movedTerm + `}]`

	noteContext = `["` + activityStreams + `",` + integrity + `,{` + noteTerms + `}]`

	eventContext = `["` + activityStreams + `",` + integrity + `,{` + noteTerms + `,` + eventTerms + `,` + addressTerms + `}]`

	digestContext = `["` + activityStreams + `",{` + commonsPrefix + `,"digest":"commons:digest"}]`

	actorContext = actorBegin + keyTerms + `,` + commonsTerms + `}]`

	// offersContext is actorContext for those who offer or need something. The
	// documents of all others keep the bytes they always had.
	offersContext = actorBegin + offerTerms + `,` + keyTerms + `,` + commonsTerms + `}]`

	actorBegin = `["` + activityStreams + `","https://w3id.org/security/v1",` + integrity + `,` +
		`"https://purl.archive.org/socialweb/webfinger",{` + tootTerms + `,` + schemaTerms + `,`

	commonsContext = `{` + commonsTerms + `}`
)

const (
	// integrity has the terms of integrity proofs. It protects them and those
	// of ActivityStreams, so that it stands after what knows nothing of that.
	integrity = `"https://w3id.org/security/data-integrity/v1"`

	movedTerm = `"movedTo":{"@id":"as:movedTo","@type":"@id"}`

	tootPrefix    = `"toot":"http://joinmastodon.org/ns#"`
	commonsPrefix = `"commons":"` + Namespace + `"`

	noteTerms = `"sensitive":"as:sensitive","Hashtag":"as:Hashtag",` + tootPrefix + `,` +
		`"focalPoint":{"@id":"toot:focalPoint","@container":"@list"},"blurhash":"toot:blurhash"`

	// eventTerms are those of FEP-8a8e, inlined.
	eventTerms = `"fep8a8e":"https://w3id.org/fep/8a8e/","VirtualLocation":"schema:VirtualLocation",` +
		`"timezone":"fep8a8e:timezone",` +
		`"organizers":"fep8a8e:organizers","joinMode":"fep8a8e:joinMode","displayEndTime":"fep8a8e:displayEndTime",` +
		`"eventStatus":{"@id":"fep8a8e:eventStatus","@type":"@vocab"},` +
		`"EventScheduled":"fep8a8e:EventScheduled","EventTentative":"fep8a8e:EventTentative",` +
		`"EventCancelled":"fep8a8e:EventCancelled"`

	// tootTerms are what Mastodon reads, under the bare names it looks for.
	tootTerms = `"manuallyApprovesFollowers":"as:manuallyApprovesFollowers",` +
		`"alsoKnownAs":{"@id":"as:alsoKnownAs","@type":"@id"},` +
		movedTerm + `,` +
		`"sensitive":"as:sensitive","Hashtag":"as:Hashtag",` +
		tootPrefix + `,` +
		`"featured":{"@id":"toot:featured","@type":"@id"},` +
		`"featuredTags":{"@id":"toot:featuredTags","@type":"@id"},` +
		`"discoverable":"toot:discoverable","indexable":"toot:indexable",` +
		`"attributionDomains":{"@id":"toot:attributionDomains","@container":"@set"},` +
		`"focalPoint":{"@id":"toot:focalPoint","@container":"@list"}`

	// schemaTerms use the namespace that Mastodon and Mobilizon write, with its #.
	schemaTerms = addressTerms + `,` +
		`"PropertyValue":"schema:PropertyValue","value":"schema:value",` +
		`"abstract":"schema:abstract","creditText":"schema:creditText",` +
		`"knowsLanguage":{"@id":"schema:knowsLanguage","@container":"@list"},` +
		`"keywords":{"@id":"schema:keywords","@container":"@list"},` +
		`"Dataset":"schema:Dataset","isBasedOn":"schema:isBasedOn",` +
		`"license":"schema:license","identifier":"schema:identifier"`

	addressTerms = `"schema":"http://schema.org#",` +
		`"PostalAddress":"schema:PostalAddress","address":"schema:address",` +
		`"streetAddress":"schema:streetAddress","postalCode":"schema:postalCode",` +
		`"addressLocality":"schema:addressLocality","addressRegion":"schema:addressRegion",` +
		`"addressCountry":"schema:addressCountry"`

	// offerTerms are schema.org's for who offers and seeks, and for what, those of
	// ValueFlows that FEP-0837 uses. An Offer would be an activity here.
	offerTerms = `"makesOffer":{"@id":"schema:makesOffer","@container":"@list"},` +
		`"seeks":{"@id":"schema:seeks","@container":"@list"},` +
		`"vf":"https://w3id.org/valueflows/ont/vf#","Proposal":"vf:Proposal","purpose":"vf:purpose"`

	// keyTerms are those of FEP-521a, inlined.
	keyTerms = `"sec":"https://w3id.org/security#","Multikey":"sec:Multikey",` +
		`"assertionMethod":{"@id":"sec:assertionMethod","@type":"@id","@container":"@set"},` +
		`"controller":{"@id":"sec:controller","@type":"@id"},` +
		`"publicKeyMultibase":{"@id":"sec:publicKeyMultibase","@type":"sec:multibase"}`

	commonsTerms = commonsPrefix + `,` +
		`"SeedForm":"commons:SeedForm",` +
		`"seedForm":{"@id":"commons:seedForm","@container":"@list"},` +
		`"commonsKind":"commons:commonsKind","role":"commons:role",` +
		`"current":{"@id":"commons:current","@container":"@list"},` +
		`"scope":"commons:scope","status":"commons:status","founded":"commons:founded",` +
		`"precision":"commons:precision",` +
		`"offer":"commons:offer","need":"commons:need","relation":"commons:relation",` +
		`"evidence":"commons:evidence","contribution":"commons:contribution",` +
		`"peers":{"@id":"commons:peers","@type":"@id"},` +
		`"initiatives":{"@id":"commons:initiatives","@type":"@id"},` +
		`"digest":"commons:digest"`
)

// CommonsContext returns the document served at /ns/commons: the JSON-LD context
// of the commons: terms.
func CommonsContext() []byte { return []byte(`{"@context":` + commonsContext + `}`) }
