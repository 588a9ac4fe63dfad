package synthetic

import (
	"math/rand/v2"
	"strings"
)

// language is what texts are written with.
type language struct {
	tag       string   // BCP 47
	countries []string // where it is spoken, ISO 3166-1 alpha-2
	space     string   // between words
	syllables []string // of the words that are made up
	common    []string // the words of every text, the commonest first
	themes    []string // what initiatives are about
	lexicon   []string // every word, the commonest first
}

// lexiconSize is how many words a language has.
const lexiconSize = 30_000

// invent fills the lexicon: the common words, the themes among the hundred that
// follow, then words made of syllables, longer ones later.
func (l *language) invent(r *rand.Rand) {
	l.lexicon = append([]string{}, l.common...)
	for _, theme := range l.themes {
		l.lexicon = append(l.lexicon, theme, l.made(r, 2))
	}
	for len(l.lexicon) < lexiconSize {
		l.lexicon = append(l.lexicon, l.made(r, 2+r.IntN(2)+len(l.lexicon)/15_000))
	}
}

// made returns a word of so many syllables.
func (l *language) made(r *rand.Rand, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(pick(r, l.syllables))
	}
	return b.String()
}

// languages returns the languages without their lexicons, the most used first.
func languages() []*language { return append(latinLanguages(), otherLanguages()...) }

func latinLanguages() []*language {
	f := strings.Fields
	latin := f("ba be bo ca ce co da de di do fa fe ga go ha he ka ko la le li lo ma me mi mo na ne no pa pe po ra re ri ro sa se so ta te ti to va ve vi vo")
	return []*language{
		{
			tag: "en", countries: f("GB IE US"), space: " ", syllables: append(f("th ing er ston ley ford wick sh"), latin...),
			common: f("the and of to a in for we our with is on by are your from at as people"),
			themes: f("community garden repair food housing tool energy library cooperative bike workshop market kitchen café care commons neighbourhood seed land trust"),
		},
		{
			tag: "de", countries: f("DE AT CH"), space: " ", syllables: append(f("sch ung heim burg stein ver ge ber"), latin...),
			common: f("und die der in wir für mit von zu das den ist auf ein eine im werden uns"),
			themes: f("Gemeinschaft Garten Reparatur Lebensmittel Wohnen Werkzeug Energie Bibliothek Genossenschaft Fahrrad Werkstatt Markt Küche Café Pflege Allmende Nachbarschaft Saatgut Boden Straße"),
		},
		{
			tag: "fr", countries: f("FR BE"), space: " ", syllables: append(f("eau ille tion ment eux oi ou an"), latin...),
			common: f("de la le et les des à en pour un une du nous dans est avec sur par"),
			themes: f("jardin partagé réparation alimentation habitat outils énergie bibliothèque coopérative vélo atelier marché cuisine café soin communs quartier semences terre bricothèque"),
		},
		{
			tag: "es", countries: f("ES MX AR"), space: " ", syllables: append(f("ción illo ado eza ñe rro ui ue"), latin...),
			common: f("de la y el en que los para una con las un del por es se nuestra como"),
			themes: f("comunidad huerto reparación alimentos vivienda herramientas energía biblioteca cooperativa bicicleta taller mercado cocina café cuidados comunes barrio semillas tierra solidaria"),
		},
		{
			tag: "it", countries: f("IT"), space: " ", syllables: append(f("zione etto gli che ella ino gno sci"), latin...),
			common: f("di e la il per un in che una con del le della i da si è al"),
			themes: f("comunità orto riparazione cibo abitare attrezzi energia biblioteca cooperativa bicicletta officina mercato cucina caffè cura comuni quartiere semi terra mutuo"),
		},
		{
			tag: "nl", countries: f("NL BE"), space: " ", syllables: append(f("ij schap heid oe eu aa sch ver"), latin...),
			common: f("de en van het een in voor we is op met zijn te ons die aan om bij"),
			themes: f("gemeenschap tuin herstel voedsel wonen gereedschap energie bibliotheek coöperatie fiets werkplaats markt keuken café zorg meent buurt zaden grond delen"),
		},
		{
			tag: "pt", countries: f("PT BR"), space: " ", syllables: append(f("ção inho eira ões lha nh ei ou"), latin...),
			common: f("de e a o que do da em um para com uma os no se na por mais"),
			themes: f("comunidade horta reparação alimentos habitação ferramentas energia biblioteca cooperativa bicicleta oficina mercado cozinha café cuidado comuns bairro sementes terra solidária"),
		},
		{
			tag: "pl", countries: f("PL"), space: " ", syllables: append(f("szcz ość nie rz ów ski ą ę"), latin...),
			common: f("i w na z do się że nie jest dla o po od przez za oraz nasz są"),
			themes: f("wspólnota ogród naprawa żywność mieszkanie narzędzia energia biblioteka spółdzielnia rower warsztat targ kuchnia kawiarnia opieka dobro sąsiedztwo nasiona ziemia łąka"),
		},
	}
}

func otherLanguages() []*language {
	f := strings.Fields
	return []*language{
		{
			tag: "ru", countries: f("BG RS UA"), space: " ", syllables: f("ба бе ве во го да де до за ка ко ла ле ли ло ма ме на не но па по ра ре ро са се со та те то ть ость ник"),
			common: f("и в на с по для что это мы как из от не за к у наш или"),
			themes: f("община сад ремонт еда жильё инструменты энергия библиотека кооператив велосипед мастерская рынок кухня кафе забота общее соседство семена земля хранителен"),
		},
		{
			tag: "el", countries: f("GR CY"), space: " ", syllables: f("βα βε γα δε δο θα κα κο λα λε λι μα με μο να νε πα πο ρα ρε σα σε τα τε το φα χα ός ία ση"),
			common: f("και το η να του της με για από τα στο είναι τον που σε μας ένα οι"),
			themes: f("κοινότητα κήπος επισκευή τροφή κατοικία εργαλεία ενέργεια βιβλιοθήκη συνεταιρισμός ποδήλατο εργαστήριο αγορά κουζίνα καφέ φροντίδα κοινά γειτονιά σπόροι γη αλληλεγγύη"),
		},
		{
			tag: "ar", countries: f("MA TN EG"), space: " ", syllables: f("با بي تا تو جا حا دا را رو زا سا شا صا طا عا فا قا كا لا لي ما مي نا نو ها وا يا ات ين"),
			common: f("في من على إلى عن مع هذا التي و أن كل بين نحن ما أو هو كان قد"),
			themes: f("مجتمع حديقة إصلاح طعام سكن أدوات طاقة مكتبة تعاونية دراجة ورشة سوق مطبخ مقهى رعاية مشاع حي بذور أرض تضامن"),
		},
		{
			tag: "ja", countries: f("JP"), syllables: f("山 川 田 木 本 村 町 里 石 森 水 火 土 日 月 花 風 海 空 谷 野 原 島 橋 道 家 手 目 心 光"),
			common: f("の に は を と が で も から まで です ます する ある いる こと この その"),
			themes: f("共同体 庭園 修理 食料 住宅 道具 電力 図書館 協同組合 自転車 工房 市場 台所 喫茶 介護 共有地 近所 種子 土地 連帯"),
		},
	}
}
