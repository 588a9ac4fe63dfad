package web

import (
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/search"
)

// entryRow is an initiative in a list.
type entryRow struct {
	ID       string
	Link     string
	Name     string
	Text     string // its summary, short
	Language string // of the text; "" for the page's
	Icon     string // of its kind; "" for none
	Kind     string
	Form     string
	Where    string
	Carried  string // the host that published it; "" for an own one
	Distance string
	Point    string // latitude,longitude; "" when it is nowhere
	Updated  time.Time
}

func (s *Server) entryRow(hit search.Hit) entryRow {
	i := &hit.Initiative
	row := entryRow{
		ID: i.ID, Link: s.entryPath(i), Name: i.Name, Text: shorten(i.Summary, 220), Language: languageOf(i),
		Kind: kindName(i.Kind), Form: formName(i.MainForm()), Where: placeLine(i.Place), Updated: i.Updated,
		Icon: kindIcon(i.Kind),
	}
	if i.Origin != s.instance.Host {
		row.Carried = i.Origin
	}
	if hit.Distance >= 0 {
		row.Distance = distanceText(hit.Distance)
	}
	if p := i.Place.Point; p != nil {
		row.Point = search.Query{Near: p}.Encode().Get(paramNear)
	}
	return row
}

func (s *Server) entryRows(hits []search.Hit) []entryRow {
	rows := make([]entryRow, len(hits))
	for k, hit := range hits {
		rows[k] = s.entryRow(hit)
	}
	return rows
}

func kindIcon(k directory.Kind) string {
	if k == "" {
		return ""
	}
	return "kind-" + string(k)
}

// languageOf returns what an initiative's texts are in, "" for English or unknown.
func languageOf(i *directory.Initiative) string {
	if len(i.Languages) == 0 || i.Languages[0] == "en" {
		return ""
	}
	return i.Languages[0]
}

// distanceText writes kilometres as one would say them.
func distanceText(km float64) string {
	switch {
	case km < 1:
		return fmt.Sprintf("%.0f m", math.Max(10, math.Round(km*100)*10))
	case km < 10:
		return strconv.FormatFloat(math.Round(km*10)/10, 'f', -1, 64) + " km"
	}
	return fmt.Sprintf("%.0f km", km)
}

// shorten cuts a text at a word, in characters.
func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	runes := []rune(text)[:most]
	for k := len(runes) - 1; k > most/2; k-- {
		if runes[k] == ' ' {
			return string(runes[:k]) + "…"
		}
	}
	return string(runes) + "…"
}
