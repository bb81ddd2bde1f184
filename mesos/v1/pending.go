package v1

import (
	"bytes"
	"context"
	"sort"
	"sync"

	"github.com/google/uuid"
	wire "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/executor"
)

// pending is what the agent has not acknowledged: updates in the order in which
// they were made, and tasks of which it has not acknowledged any update. Both are
// repeated in each SUBSCRIBE, since an agent that crashed may not have them.
type pending struct {
	mu      sync.Mutex
	updates []update
	made    int // updates ever made; each has its number
	sent    int // how many of updates were sent on the present connection
	tasks   map[string]wire.TaskInfo
	changed chan struct{} // closed and replaced at each change
}

type update struct {
	number int
	status wire.TaskStatus
}

func newPending() *pending {
	return &pending{tasks: map[string]wire.TaskInfo{}, changed: make(chan struct{})}
}

func (p *pending) notify() {
	close(p.changed)
	p.changed = make(chan struct{})
}

func (p *pending) add(s wire.TaskStatus) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	p.updates = append(p.updates, update{p.made, s})
	p.notify()
}

func (p *pending) launched(t wire.TaskInfo) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tasks[t.TaskID.Value] = t
}

func (p *pending) acknowledge(task wire.TaskID, uuid []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tasks, task.Value)
	for i := range p.updates {
		if bytes.Equal(p.updates[i].status.UUID, uuid) {
			p.updates = append(p.updates[:i:i], p.updates[i+1:]...)
			if i < p.sent {
				p.sent--
			}
			p.notify()
			return
		}
	}
}

// subscribe gives what a SUBSCRIBE repeats; those updates count as sent.
func (p *pending) subscribe() *executor.Call_Subscribe {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := &executor.Call_Subscribe{}
	for _, u := range p.updates {
		out.UnacknowledgedUpdates = append(out.UnacknowledgedUpdates, executor.Call_Update{Status: u.status})
	}
	p.sent = len(p.updates)
	for _, t := range p.tasks {
		out.UnacknowledgedTasks = append(out.UnacknowledgedTasks, t)
	}
	sort.Slice(out.UnacknowledgedTasks, func(i, j int) bool {
		return out.UnacknowledgedTasks[i].TaskID.Value < out.UnacknowledgedTasks[j].TaskID.Value
	})
	return out
}

// next waits for an update that was not sent on this connection.
func (p *pending) next(ctx context.Context) (wire.TaskStatus, bool) {
	for {
		p.mu.Lock()
		if p.sent < len(p.updates) {
			s := p.updates[p.sent].status
			p.sent++
			p.mu.Unlock()
			return s, true
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return wire.TaskStatus{}, false
		}
	}
}

// wait returns once every update made so far is acknowledged.
func (p *pending) wait(ctx context.Context) error {
	p.mu.Lock()
	target := p.made
	for len(p.updates) > 0 && p.updates[0].number <= target {
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
		p.mu.Lock()
	}
	p.mu.Unlock()
	return nil
}

// newUUID is random, with the RFC 4122 bits that Mesos insists on.
func newUUID() []byte {
	id := uuid.New()
	return id[:]
}
