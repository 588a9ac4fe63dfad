package main

import (
	"slices"
	"time"
)

// report prints what the changes cost and how fast they were.
func (c *changing) report(say printer, l load) {
	var sum, most traffic
	for _, t := range c.traffic {
		sum.sent, sum.got, sum.polls, sum.bytes = sum.sent+t.sent, sum.got+t.got, sum.polls+t.polls, sum.bytes+t.bytes
		most.sent, most.got, most.polls = max(most.sent, t.sent), max(most.got, t.got), max(most.polls, t.polls)
		most.bytes = max(most.bytes, t.bytes)
	}
	n, span := float64(c.g.n), (c.end - epoch).Hours()
	perDay := 24 / span
	say("%s", l.name)
	say("  polls, made and answered, each instance and day: %.0f on average, %.0f at the busiest",
		float64(sum.polls)/n*perDay, float64(most.polls)*perDay)
	if len(c.list) == 0 {
		say("  bytes, each instance and day: %.1f MB on average, %.1f MB at the busiest",
			float64(sum.bytes)/n*perDay/1e6, float64(most.bytes)*perDay/1e6)
		return
	}
	c.reportChanges(say, sum, most, perDay)
}

func (c *changing) reportChanges(say printer, sum, most traffic, perDay float64) {
	var times []time.Duration
	up, know := 0, 0
	carried, fromOrigin, mostOrigin, late, watched := 0, 0, 0, 0, 0
	for k := range c.list {
		ch := &c.list[k]
		carried += c.g.countFollowers(ch.origin)
		fromOrigin += ch.fromOrigin
		mostOrigin = max(mostOrigin, ch.fromOrigin)
		if !ch.watched {
			continue
		}
		watched++
		up, know = up+ch.hour[0], know+ch.hour[1]
		if ch.current == 0 || ch.current > time.Hour {
			late++
		}
		if ch.current > 0 {
			times = append(times, ch.current)
		}
	}
	slices.Sort(times)
	edits := float64(len(c.list))
	if len(times) > 0 {
		say("  99.9%% current after: %s in the middle, %s for 99 of 100 changes, %s at most; %d of %d later than an hour or never",
			times[len(times)/2], times[len(times)*99/100], times[len(times)-1], late, watched)
	}
	say("  an hour after a change %.3f%% of the carried entries are current", 100*float64(know)/float64(max(1, up)))
	say("  messages sent by the origin, each change: %.1f on average, %d at most (with what was lost and sent again)",
		float64(fromOrigin)/edits, mostOrigin)
	say("  messages received, each change and instance that carries it: %.2f (%d went to who does not carry it)",
		float64(sum.got)/float64(carried), c.wasted)
	n := float64(c.g.n)
	say("  for each change: %.0f messages and %.1f MB in the whole network",
		float64(sum.got)/edits, float64(sum.bytes)/2/edits/1e6)
	say("  each instance and day: %.0f messages sent, %.1f MB in and out; at the busiest %.0f sent, %.0f received, %.1f MB",
		float64(sum.sent)/n*perDay, float64(sum.bytes)/n*perDay/1e6,
		float64(most.sent)*perDay, float64(most.got)*perDay, float64(most.bytes)*perDay/1e6)
}
