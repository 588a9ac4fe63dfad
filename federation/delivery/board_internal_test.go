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
	room, _, _ := b.wants(size)
	b.add(list, room)
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
	room, busy, _ := b.wants(size)
	if room != size || len(busy) != hosts {
		t.Errorf("room for %d and %d hosts are busy, want %d and %d", room, len(busy), size, hosts)
	}
	b.add(nil, room)
	if room, _, _ = b.wants(size); room != 0 {
		t.Error("it goes on asking though nothing changed")
	}
	b.arrived(tasks[0])
	b.end(tasks[0])
	room, busy, slow := b.wants(size)
	if room == 0 || len(busy) != hosts-1 || len(slow) != 1 {
		t.Errorf("room for %d, %d hosts are busy and %d get one at a time once one has answered", room, len(busy), len(slow))
	}
	b.add(list[:1], room)
	b.linger(tasks[1])
	if left := b.clear(); len(left) != 1 || left[0] != "0" {
		t.Errorf("got %v, want what waits", left)
	}
}
