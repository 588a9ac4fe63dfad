package delivery

import (
	"fmt"
	"testing"

	"codeberg.org/commonage/commonage/directory"
)

// Many slow hosts with much queued for each leave room for others, and get the rest
// of theirs once they answer.
func TestSlowHostsLeaveRoom(t *testing.T) {
	const hosts, each, size = 40, 4, 160
	b := newBoard(16)
	b.look()
	var list []directory.Delivery
	for k := range hosts * each {
		list = append(list, directory.Delivery{ID: fmt.Sprint(k), Host: fmt.Sprintf("slow%d", k/each)})
	}
	b.add(list, b.wants(size).Limit)
	var tasks []*task
	for task := b.begin(); task != nil; task = b.begin() {
		tasks = append(tasks, task)
		b.linger(task) // as each takes long, the next finds a place
	}
	if len(tasks) != hosts {
		t.Fatalf("%d began, want one for each of %d hosts", len(tasks), hosts)
	}
	back := b.giveBack()
	if len(back) != hosts*(each-1) || len(b.giveBack()) != 0 {
		t.Errorf("%d go back, want %d, once", len(back), hosts*(each-1))
	}
	c := b.wants(size)
	if c.Limit != size || len(c.Busy) != hosts {
		t.Errorf("room for %d and %d hosts are busy, want %d and %d", c.Limit, len(c.Busy), size, hosts)
	}
	b.add(nil, c.Limit)
	if c = b.wants(size); c.Limit != 0 {
		t.Error("it goes on asking though nothing changed")
	}
	b.arrived(tasks[0])
	b.end(tasks[0])
	c = b.wants(size)
	if c.Limit == 0 || len(c.Busy) != hosts-1 || len(c.Slow) != 1 {
		t.Errorf("room for %d, %d hosts are busy and %d get one at a time once one has answered", c.Limit, len(c.Busy), len(c.Slow))
	}
	b.add(list[:1], c.Limit)
	b.linger(tasks[1])
	if left := b.clear(); len(left) != 1 || left[0] != "0" {
		t.Errorf("got %v, want what waits", left)
	}
}
