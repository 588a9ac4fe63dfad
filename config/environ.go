package config

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

const (
	envPrefix      = "COMMONAGE_"
	configVariable = envPrefix + "CONFIG" // the path of the settings file
	fileSuffix     = "_FILE"              // a variable that names a file with a secret in it
	maxSecret      = 64 << 10
)

// orchestratorPattern matches the variables that Kubernetes sets in every
// container beside a service named "commonage". They are not meant for us.
var orchestratorPattern = regexp.MustCompile(`^COMMONAGE_(SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)|PORT(_[0-9]+_(TCP|UDP|SCTP)(_[A-Z]+)?)?)$`)

// readEnviron returns the settings in the environment by variable, and notes
// variables of ours that are no setting.
func (l *loader) readEnviron(environ []string) map[string]given {
	found := map[string]given{}
	for _, pair := range environ {
		name, text, ok := strings.Cut(pair, "=")
		if !ok || !strings.HasPrefix(name, envPrefix) || orchestratorPattern.MatchString(name) {
			continue
		}
		switch key, fromFile, known := variable(name); {
		case !known:
			l.unknownVariable(name)
		case text == "": // as Docker Compose passes what is not set
		case fromFile:
			if secret, ok := l.readSecret(key, name, text); ok {
				found[name] = given{key: key, text: secret, source: name}
			}
		default:
			found[name] = given{key: key, text: text, source: name}
		}
	}
	l.refuseDoubles(found)
	return found
}

// variable says what an environment variable sets, and whether it does so by
// naming a file.
func variable(name string) (key string, fromFile, known bool) {
	if name == configVariable {
		return "", false, true
	}
	for _, o := range Options() {
		switch {
		case name == o.Env:
			return o.Key, false, true
		case o.Secret && name == o.Env+fileSuffix:
			return o.Key, true, true
		}
	}
	return "", false, false
}

func (l *loader) unknownVariable(name string) {
	names := []string{configVariable}
	for _, o := range Options() {
		names = append(names, o.Env)
		if o.Secret {
			names = append(names, o.Env+fileSuffix)
		}
	}
	l.fault(SettingError{Source: "environment variable " + bare(name), Reason: "is not a setting" + suggestion(name, names)})
}

// readSecret returns the text of the file at path without the newline at its
// end.
func (l *loader) readSecret(key, name, path string) (string, bool) {
	data, err := readBounded(path, maxSecret)
	if err != nil {
		l.faulty[key] = true
		l.fault(SettingError{
			Key: key, Source: name, Value: path, Reason: "cannot be read: " + reason(err),
			Accepts: "the path of a file that holds the value",
		})
		return "", false
	}
	return strings.TrimRight(string(data), "\r\n"), true
}

// refuseDoubles notes a secret that is given both as it is and by a file.
func (l *loader) refuseDoubles(found map[string]given) {
	for _, o := range Options() {
		_, direct := found[o.Env]
		_, byFile := found[o.Env+fileSuffix]
		if direct && byFile {
			l.faulty[o.Key] = true
			l.fault(SettingError{
				Key: o.Key, Source: o.Env, Reason: "is also given by " + o.Env + fileSuffix, Accepts: "one of the two",
			})
		}
	}
}

// readBounded returns what is in a file of at most limit bytes.
func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	return data, cmp.Or(err, f.Close())
}
