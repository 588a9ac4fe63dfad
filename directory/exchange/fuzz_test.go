package exchange_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"codeberg.org/commonage/commonage/directory"
	"codeberg.org/commonage/commonage/directory/exchange"
)

// check reads anything and holds what comes out to the rules of the domain.
func check(t *testing.T, format string, text []byte) {
	t.Helper()
	ended := false
	for r, err := range exchange.Read(format, bytes.NewReader(text), exchange.Options{}) {
		if ended {
			t.Fatal("something came after the error about the file")
		}
		if err != nil {
			if r != nil {
				t.Fatal("got a record and an error")
			}
			_, row := errors.AsType[*exchange.RowError](err)
			ended = !row
			continue
		}
		i := r.Initiative
		if i.Handle == "" {
			i.Handle = exchange.Handle(i.Name)
		}
		if err := i.Validate(); err != nil {
			t.Fatalf("%v: %+v", err, i)
		}
		if r.Line < 1 || r.Index < 1 || r.Key() == "" {
			t.Fatalf("line %d, index %d, key %q", r.Line, r.Index, r.Key())
		}
		again(t, i)
	}
}

// again writes the entry and reads it.
func again(t *testing.T, i *directory.Initiative) {
	t.Helper()
	for _, format := range []string{exchange.CSV, exchange.GeoJSON} {
		var file bytes.Buffer
		if err := exchange.Write(format, &file, stream(i), exchange.Collection{}); err != nil {
			t.Fatal(err)
		}
		for r, err := range exchange.Read(format, &file, exchange.Options{}) {
			if err != nil {
				t.Fatalf("%s: %v: %+v", format, err, i)
			}
			if !r.Initiative.SameContent(i) {
				t.Fatalf("%s: got %+v, want %+v", format, r.Initiative, i)
			}
		}
	}
}

func FuzzGeoJSON(f *testing.F) {
	f.Add([]byte(collection(`{"type":"Feature","id":7,"properties":{"name":"<b>x</b>","website":"x.org; y","addr:country":"SR","start_date":"1.2.2003"},"geometry":{"type":"Point","coordinates":[1,2]}}`)))
	f.Add([]byte(collection(`{"properties":{"commonage":1,"name":"'=x","links":[{"name":"a","url":"https://x.org/ <"}],"tags":["a;b"],"kind":"urban","languages":["nl"]}}`)))
	f.Add([]byte(collection(`{"properties":{"name":"x","description":"a *b* <p>c&nbsp;d","description:de":"e","opening_hours":"Mo","image":"data:x"}}`)))
	f.Add([]byte("\ufeff{\"features\":[\n null,\n 1]}"))
	f.Fuzz(func(t *testing.T, text []byte) { check(t, exchange.GeoJSON, text) })
}

func FuzzMykomap(f *testing.F) {
	f.Add([]byte(mykomapHead + "1,\"a\nb\",<i>d</i>,https://x/OS60,https://x/ICA10,s,p,GB,w.org,@t,BMT10,,,c,1,2,Retail,47110,Consumers,Society\n"))
	f.Add([]byte("identifier\tname\r\n1\tCaf\xe9\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) { check(t, exchange.Mykomap, text) })
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte(strings.Join(exchange.Columns(), ",") + "\n1,h,'=n,s,\"d\n\"\"e\",nl;fr,csa;x,urban,community,care,local,active,2016,a\\;b,x.org,B <https://b.org>,https://i.org/i,alt,by,p,a,1,l,r,BE,1,2,exact,n,https://u.org,l,a,i\n"))
	f.Add([]byte("name;latitude;longitude\nx;91;0\ny;;1\n\"z"))
	f.Fuzz(func(t *testing.T, text []byte) { check(t, exchange.CSV, text) })
}

func FuzzMapping(f *testing.F) {
	f.Add("language = \"de\"\n[source]\nurl = \"https://x.org\"\n[columns]\na = \"name\"\n[values.country]\nSR = \"SK\"\n[forms]\nx = \"csa\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := exchange.ReadMapping(strings.NewReader(text))
		if (m == nil) == (err == nil) {
			t.Fatalf("got %v and %v", m, err)
		}
	})
}

func FuzzHandle(f *testing.F) {
	f.Add("Café Ümit", 2)
	f.Add("directory", 1000000)
	f.Fuzz(func(t *testing.T, name string, n int) {
		handle := exchange.Handle(name)
		if !directory.ValidHandle(handle) {
			t.Fatalf("%q gives %q", name, handle)
		}
		if n > 0 && !directory.ValidHandle(exchange.Numbered(handle, n)) {
			t.Fatalf("%q gives %q", handle, exchange.Numbered(handle, n))
		}
	})
}
