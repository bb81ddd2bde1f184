package offer

import (
	"fmt"
	"math"
	"strconv"

	"github.com/alluxio-mesos/alluxio-mesos/mesos"
)

type matcher struct {
	agent          Agent
	pool           *pool
	problems       []Problem
	task, executor []mesos.Resource
}

// scalar takes one kind of amount for task and executor, or notes how much is missing.
func (m *matcher) scalar(name string, task, executor float64, n Need) {
	total, offered := milli(task)+milli(executor), m.pool.sum(name)
	if offered < total {
		m.short(name, total, offered, n)
		return
	}
	m.executor = append(m.executor, m.pool.take(name, milli(executor))...)
	m.task = append(m.task, m.pool.take(name, milli(task))...)
}

func (m *matcher) short(name string, need, offered int64, n Need) {
	if name == "cpus" {
		m.problem(fmt.Sprintf("%s cpus short: %s are needed, %s are offered", amount(need-offered), amount(need), amount(offered)),
			"free or add cpus on the agent"+or(n.CPUKeys))
		return
	}
	parts := ""
	if n.MemoryParts != "" {
		parts = " (" + n.MemoryParts + ")"
	}
	m.problem(fmt.Sprintf("%s MB of memory short: %s MB are needed%s, %s MB are offered", amount(need-offered), amount(need), parts,
		amount(offered)), "free or add memory on the agent"+or(n.MemoryKeys))
}

func or(keys string) string {
	if keys == "" {
		return ""
	}
	return ", or lower " + keys
}

// Mesos keeps scalars with three decimals (Resources in its source are fixed point), so thousandths are exact.
func milli(v float64) int64 { return int64(math.Round(v * 1000)) }

func amount(thousandths int64) string {
	return strconv.FormatFloat(float64(thousandths)/1000, 'f', -1, 64)
}
