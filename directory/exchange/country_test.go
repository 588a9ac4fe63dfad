package exchange_test

import (
	"testing"

	"codeberg.org/commonage/commonage/directory/exchange"
)

func TestCountries(t *testing.T) {
	var countries exchange.Countries
	for name, want := range map[string]string{
		// As they stand in the SUSY file.
		"Österreich": "AT", "England": "GB", "UK": "GB", "Italy": "IT", "Portugal": "PT", "DE": "DE", "GR": "GR",
		"Deutschland": "DE", "uk": "GB", "GB": "GB", "ES": "ES", "Belgique": "BE", "Germany": "DE", "Estonia": "EE",
		"Austria": "AT", "HU": "HU", "Malta": "MT", "United Kingdom": "GB", "Slovenia": "SI", "France": "FR", "RO": "RO",
		"Croatia": "HR", "CZ": "CZ", "Poland": "PL", "Hungary": "HU", "Cyprus": "CY", "Romania": "RO", "FRANCE": "FR",
		"Ελλάδα": "GR", "Slovakia": "SK", "SCOTLAND": "GB", "Latvija": "LV", "Frace": "FR", "Ireland": "IE", "Bulgaria": "BG",
		"Cypres": "CY", "Italu": "IT", "Finland": "FI", "Czech Republic": "CZ", "Greece": "GR", "Latvia": "LV",
		"Portogallo": "PT", "Slovenija": "SI", "Belgium": "BE", "ÖSterreich": "AT", "România": "RO", "england": "GB",
		"Isle of Man": "IM", "Ghana": "GH", "Uganda": "UG", "Kenya": "KE",
		"ABERDEEN": "",
		// Other spellings.
		"België": "BE", "  belgie ": "BE", "日本": "JP", "Россия": "RU", "مصر": "EG", "भारत": "IN", "Türkiye": "TR",
		"Northern Ireland": "GB", "Cymru": "GB", "U.S.A.": "US", "The Netherlands": "NL", "Holland": "NL", "EL": "GR",
		"DEU": "DE", "svk": "SK", "Côte d’Ivoire": "CI", "Cote d'Ivoire": "CI", "Ghent, Belgium": "BE", "Austria (AT)": "AT",
		"Slovak Republic": "SK", "Kosovo": "XK", "Niger": "NE", "Nigeria": "NG", "Germnay": "DE", "South Korea": "KR",
		// Nothing we know, or no longer a country, or two countries as near.
		"": "", "-": "", "Atlantis": "", "XX": "", "YU": "", "SU": "", "AC": "", "UN": "", "EZ": "", "Guyama": "", "Irlan": "",
	} {
		got, ok := countries.Code(name)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q %v, want %q", name, got, ok, want)
		}
	}
}

func TestHandle(t *testing.T) {
	for name, want := range map[string]string{
		"Café Ümit":                                         "cafe_umit",
		"Кооператив «Родник»":                               "kooperativ_rodnik",
		"Πορτοκαλιές":                                       "portokalies",
		"北京合作社":                                             "bei_jing_he_zuo_she",
		"Men’s Sheds & Co.":                                 "mens_sheds_co",
		"The Channel Islands Co-operative Society":          "the_channel_islands",
		"Donaudampfschifffahrtsgesellschaftskapitän Verein": "donaudampfschifffahrtsgesellsc",
		"Straße 7":                                          "strasse_7",
		"":                                                  "initiative",
		"!!! ---":                                           "initiative",
		"🚲":                                                 "initiative",
		"Directory":                                         "the_directory",
		"Actor":                                             "the_actor",
		"Near Portland, Oregon and elsewhere":               "the_near_portland_oregon_and",
	} {
		if got := exchange.Handle(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
	if got := exchange.Numbered("cafe_umit", 2); got != "cafe_umit_2" {
		t.Errorf("got %q", got)
	}
	if got := exchange.Numbered("abcdefghijklmnopqrstuvwxyz_bcd", 12); got != "abcdefghijklmnopqrstuvwxyz_12" {
		t.Errorf("got %q", got)
	}
}

// The index of names is the costly part of the first country of an import.
func BenchmarkCountries(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var countries exchange.Countries
		countries.Code("Österreich")
	}
}
