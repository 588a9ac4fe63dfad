package config

// ParseFile applies the text of a file to the defaults and returns what Load
// would, without a file.
func ParseFile(name string, data []byte) (*Config, error) {
	l := newLoader()
	l.parseFile(name, data)
	return l.finish()
}
