// Package exchange reads and writes initiatives in other people's formats.
//
// [Read] streams a file's entries in one of the [Formats]:
//
//   - geojson: a FeatureCollection with OpenStreetMap-style tags (name,
//     addr:city, contact:website, amenity, ...), as Overpass, uMap, TransforMap
//     and QGIS write it; also what [Write] gives, which comes back unchanged.
//   - mykomap: the "standard.csv" of Mykomap and the Digital Commons Co-op.
//   - csv: our own, with the columns that [Columns] lists, in any order; only
//     name is required. The first line names the columns. Cells are separated by
//     commas (or, if the first line has none, by semicolons or tabs).
//
// A row that cannot be used gives a [*RowError] and the rest goes on; what was
// left out of a row that can be used is in the record's warnings. Nothing is
// dropped without one of the two.
//
// # Cells of our csv
//
// Lists (languages, forms, currents, tags, offers, needs, links) are separated by semicolons;
// a semicolon or backslash that belongs to an item is preceded by a backslash.
// A link is "Name <https://...>" or just the address; website is the first one.
// offers is what it has for others and needs what it looks for, in plain words
// such as "cargo bike; workshop space".
// founded is 2016, 2016-05 or 2016-05-21. A country may be spelled in any way
// that [Countries] knows.
//
// Spreadsheets take a cell that starts with =, +, - or @ for a formula. Write
// puts an apostrophe before such a text, and Read takes one apostrophe away
// from a cell in which only apostrophes come before such a sign, so that every
// text comes back as it was. The numbers in latitude and longitude are bare.
//
// # Mapping files
//
// A [Mapping], read from TOML, tells Read what a file's own words mean:
//
//	language = "de"            # of texts that do not say theirs
//
//	[source]                   # wins over what the file says of itself
//	name = "Co-operatives UK"
//	url = "https://www.uk.coop/open-data"  # for entries without an own address
//	licence = "ODC-By-1.0"
//	attribution = "Co-operatives UK"
//
//	[columns]                  # the file's column or property = ours
//	"Titel" = "name"
//	"Notiz" = ""               # known, and not to be read
//
//	[values.country]           # for a column of ours: their word = ours
//	SR = "SK"
//
//	[forms]                    # their kind of initiative = slug of a seed form
//	fairtrade_shop = "food-coop"
//	"amenity=library" = "library-of-things"
//	"SIC Code=47610" = ""      # no form, only a tag
package exchange
