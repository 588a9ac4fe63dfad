package config

import (
	"fmt"
	"strings"
)

// SettingError is one thing that is wrong with the settings.
type SettingError struct {
	Key     string // of the setting; empty when the fault is in no one setting
	Source  string // "commonage.toml:3", "COMMONAGE_HOST", "--host"; empty when in no one source
	Value   string // as given, without secrets; empty when there is none to show
	Reason  string // what is wrong: "is not accepted"
	Accepts string // what would be right; may be empty
}

// Error names the setting, its source and value, and what would be right.
func (e SettingError) Error() string {
	var b strings.Builder
	switch {
	case e.Key == "":
		b.WriteString(e.Source)
	case e.Source == "":
		b.WriteString(e.Key)
	default:
		fmt.Fprintf(&b, "%s (%s)", e.Key, e.Source)
	}
	if e.Value != "" {
		fmt.Fprintf(&b, ": %s", quoted(e.Value))
	}
	b.WriteString(" " + e.Reason)
	if e.Accepts != "" {
		b.WriteString("; use " + e.Accepts)
	}
	return b.String()
}

// quoted shortens a text for an error and makes it safe for a terminal.
func quoted(s string) string {
	const most = 120
	if runes := []rune(s); len(runes) > most {
		return fmt.Sprintf("%q...", string(runes[:most]))
	}
	return fmt.Sprintf("%q", s)
}

// SettingErrors is everything that is wrong with the settings, in the order in
// which it was found. It is never empty.
type SettingErrors []SettingError

// Error has one line for each fault, after a line that counts them if there are
// several.
func (e SettingErrors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d things are wrong with the settings:", len(e))
	for _, fault := range e {
		b.WriteString("\n  " + fault.Error())
	}
	return b.String()
}

// Unwrap lets errors.As find the single faults.
func (e SettingErrors) Unwrap() []error {
	all := make([]error, len(e))
	for i, fault := range e {
		all[i] = fault
	}
	return all
}

// orNil returns e as an error, nil if there is none in it.
func (e SettingErrors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	return e
}
