package config

import (
	"errors"
	"regexp"
)

// sourceDefault is the source of what nobody has set.
const sourceDefault = "default"

// given is a value as one source gave it.
type given struct{ key, text, source string }

// loader applies values to a Config and collects what is wrong with them.
type loader struct {
	config *Config
	faults SettingErrors
	faulty map[string]bool // keys whose value is wrong, and so not to be judged against others
}

func newLoader() *loader {
	return &loader{config: Default(), faulty: map[string]bool{}}
}

// apply sets the value, or notes why it cannot be.
func (l *loader) apply(g given) {
	s, ok := l.config.lookup(g.key)
	if !ok {
		l.unknown(g.key, g.source)
		return
	}
	if err := s.value.set(g.text); err != nil {
		l.refuse(s, g, err)
		return
	}
	l.config.sources[s.key] = g.source
}

// refuse notes that the value is not what the setting accepts.
func (l *loader) refuse(s setting, g given, reason error) {
	l.faulty[s.key] = true
	e := SettingError{Key: s.key, Source: g.source, Value: s.shown(g.text), Reason: reason.Error(), Accepts: s.value.accepts}
	if g.text == "" && errors.Is(reason, errUnaccepted) {
		e.Reason = "is empty"
	}
	l.fault(e)
}

// unknown notes a key that is none of ours.
func (l *loader) unknown(key, source string) {
	l.fault(SettingError{Key: bare(key), Source: source, Reason: "is not a setting" + suggestion(key, keys())})
}

// suggestion asks whether another word was meant.
func suggestion(s string, words []string) string {
	if near := nearest(s, words); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// barePattern matches what an error may show as it is.
var barePattern = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,100}$`)

// bare quotes a name from outside unless it is a plain one.
func bare(name string) string {
	if barePattern.MatchString(name) {
		return name
	}
	return quoted(name)
}

func (l *loader) fault(e SettingError) { l.faults = append(l.faults, e) }

// finish checks the settings against each other and returns them.
func (l *loader) finish() (*Config, error) {
	l.config.dropDefaultPort()
	for _, c := range checks() {
		if !l.judgeable(c.keys) {
			continue
		}
		if e := c.run(l.config); e != nil {
			e.Source = l.config.sources[e.Key]
			l.fault(*e)
		}
	}
	if err := l.faults.orNil(); err != nil {
		return nil, err
	}
	return l.config, nil
}

// judgeable reports whether every one of the keys has a value that was accepted.
func (l *loader) judgeable(keys []string) bool {
	for _, k := range keys {
		if l.faulty[k] {
			return false
		}
	}
	return true
}

// lookup returns the setting with the key.
func (c *Config) lookup(key string) (setting, bool) {
	for _, s := range c.table() {
		if s.key == key {
			return s, true
		}
	}
	return setting{}, false
}

// keys lists the keys of all settings.
func keys() []string {
	var all []string
	for _, s := range new(Config).table() {
		all = append(all, s.key)
	}
	return all
}

// reason returns the innermost text of an error of the file system: a caller
// names the path itself.
func reason(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}
