package devcluster

import (
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

// KillAgent ends agent n (from 1) as kill -9 would: its executors live on.
func (c *Cluster) KillAgent(n int) error {
	return c.withAgent(n, func(a *agent) error {
		a.kill()
		return nil
	})
}

// StartAgent starts agent n again after KillAgent, with its old state.
func (c *Cluster) StartAgent(n int) error {
	return c.withAgent(n, func(a *agent) error {
		if a.up {
			return fmt.Errorf("cannot start agent %d: it runs", n)
		}
		if err := a.listen(a.port); err != nil {
			return fmt.Errorf("cannot start %w", err)
		}
		a.recover()
		return nil
	})
}

// Partition cuts the network between agent n and the master, or mends it. The
// agent and its executors go on.
func (c *Cluster) Partition(n int, cut bool) error {
	return c.withAgent(n, func(a *agent) error {
		a.cut = cut
		if cut {
			a.leave()
		} else {
			a.join()
		}
		return nil
	})
}

func (c *Cluster) withAgent(n int, f func(*agent) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n < 1 || n > len(c.agents) {
		return fmt.Errorf("there is no agent %d, only 1 to %d", n, len(c.agents))
	}
	return f(c.agents[n-1])
}

// KillMaster ends the master as kill -9 would.
func (c *Cluster) KillMaster() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.master.down {
		return
	}
	c.master.down = true
	c.master.server.close()
	for _, a := range c.agents {
		a.registered = false
	}
}

// StartMaster starts another master at the address of the one that was killed. It
// remembers nothing; agents register with it again.
func (c *Cluster) StartMaster() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	old := c.master
	if !old.down {
		return fmt.Errorf("cannot start the master: it runs")
	}
	_, portText, err := net.SplitHostPort(old.address)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return err
	}
	c.master = newMaster(c)
	if err := c.listenMaster(port); err != nil {
		c.master = old
		return fmt.Errorf("cannot start the %w", err)
	}
	for _, a := range c.agents {
		a.join()
	}
	return nil
}

// Disconnect breaks the streams of all schedulers; they may subscribe again.
func (c *Cluster) Disconnect() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.master.frameworks {
		if f.out != nil {
			f.out.close()
		}
	}
}

// DisconnectExecutors breaks the streams of all executors on agent n.
func (c *Cluster) DisconnectExecutors(n int) error {
	return c.withAgent(n, func(a *agent) error {
		for _, af := range a.frameworks {
			for _, run := range af.executors {
				if run.out != nil {
					run.out.close()
				}
			}
		}
		return nil
	})
}

// OnUpdate has f say how often each status update on its way from an agent to the
// master arrives, and how late: 0 times drops it (the agent tries again later).
func (c *Cluster) OnUpdate(f func(Update) (copies int, delay time.Duration)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onUpdate = f
}

// ExecutorPID is the process id of a running executor, or 0.
func (c *Cluster) ExecutorPID(framework mesos.FrameworkID, executor mesos.ExecutorID) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.agents {
		if run := a.run(executorKey{string(framework), string(executor)}); run != nil && run.process != nil {
			return run.process.pid
		}
	}
	return 0
}
