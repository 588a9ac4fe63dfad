package vocab

import (
	"encoding/json"
	"fmt"
)

// TagDocument returns a Hashtag as an item of a featuredTags collection, where
// other servers want objects and not names.
func TagDocument(t Tag) (json.RawMessage, error) {
	raw, err := json.Marshal(t.fields())
	if err != nil {
		return nil, fmt.Errorf("write tag %s: %w", t.Name, err)
	}
	return raw, nil
}
