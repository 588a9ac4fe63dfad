package client

import (
	"context"
	"fmt"
	"net/http"

	"codeberg.org/commonage/commonage/federation/signature"
)

// Post delivers an activity to an inbox, signed with the key at this moment. A
// redirect is not followed, as the signature is good for one place. It returns
// nil when the server took the activity, a *StatusError when it answered anything
// else, and an *OwnError when it was not asked because something is wrong here; see
// Retryable for what is worth another try.
func (c *Client) Post(ctx context.Context, key signature.Key, inbox string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, c.limits.Total)
	defer cancel()
	u, err := parseAddress(inbox)
	if err != nil {
		return fmt.Errorf("deliver: %w", err)
	}
	header := http.Header{"Content-Type": {activityType}, "Accept": {activityAccept}}
	a, err := c.exchange(ctx, order{method: http.MethodPost, url: u, header: header, body: body, key: &key}, 0)
	if err != nil {
		return fmt.Errorf("deliver to %s: %w", u, err)
	}
	if a.status < 200 || a.status > 299 {
		return fmt.Errorf("deliver: %w", c.statusError(a))
	}
	return nil
}
