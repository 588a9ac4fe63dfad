package client

import "testing"

// Whatever a server sends as WebFinger, what is taken from it is an account
// that can be asked for, or there is an error. Nothing is requested here.
func FuzzDescriptor(f *testing.F) {
	f.Add([]byte(`{"subject":"acct:rad@city.example","links":[{"rel":"self","type":"application/activity+json","href":"https://city.example/rad"}]}`))
	f.Add([]byte(`{"subject":"acct:a@b@c","links":[null,{}]}`))
	f.Add([]byte(`{"subject":"acct:a@[::1]:80"}`))
	c := New(Options{})
	f.Fuzz(func(t *testing.T, body []byte) {
		d, subject, err := c.readDescriptor(body, account{"rad", "city.example"})
		if err != nil {
			if Retryable(err) {
				t.Errorf("%v may be tried again", err)
			}
			return
		}
		d.self()
		again, err := c.parseAccount(subject.String())
		if err != nil || again != subject {
			t.Errorf("subject %s is read as %s, %v", subject, again, err)
		}
	})
}

func FuzzHostMeta(f *testing.F) {
	f.Add([]byte(`<XRD><Link rel="lrdd" template="https://city.example/wf?resource={uri}"/></XRD>`))
	f.Add([]byte(`<!DOCTYPE x [<!ENTITY a "b">]><Link rel="lrdd" template="&a;">`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if template := lrdd(body); len(template) > len(body) {
			t.Errorf("%d bytes grew to %d", len(body), len(template))
		}
	})
}
