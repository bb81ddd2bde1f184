package spec

import (
	"fmt"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// shape says how the memory of a task is split where the operator does not say it.
type shape struct {
	minHeap, minDirect int64
	// heapShare is the part of heap + direct memory that is heap, in percent.
	heapShare int64
}

// A worker moves data through direct memory; a master needs it for RPCs only. The least amounts are what the processes
// of 2.9.6 were seen to start and serve with.
func shapeOf(kind alluxio.Process) shape {
	if kind == alluxio.Worker {
		return shape{minHeap: 192 * MB, minDirect: 96 * MB, heapShare: 60}
	}
	return shape{minHeap: 256 * MB, minDirect: 64 * MB, heapShare: 80}
}

// What a JVM takes beside heap and direct memory: metaspace, code, thread stacks, and what its collector and RocksDB
// need, which grows with the heap.
const fixedMargin, marginPart = 160 * MB, 16

func margin(task int64) int64 { return fixedMargin + task/marginPart }

// leastTask is the smallest task that holds the given heap and direct memory, in whole MB.
func leastTask(heap, direct int64) int64 {
	task := (heap + direct + fixedMargin) * marginPart / (marginPart - 1)
	return (task + MB - 1) / MB * MB
}

// memory splits the task's memory, or refuses it with the least that would do.
func (r *reader) memory(kind alluxio.Process) (Memory, []string) {
	key := integration + string(kind) + ".resource.mem"
	task := r.size(key, 1024*MB) / MB * MB
	own := r.jvm(kind)
	heap, direct := own.heap, own.direct
	s := shapeOf(kind)
	if least := leastTask(orElse(heap, s.minHeap), orElse(direct, s.minDirect)); task < least {
		r.refuse(key, fmt.Sprintf("%s cannot hold heap (%s) + direct memory (%s) + what the JVM itself needs (%s)",
			r.asked(key, task), alluxio.FormatSize(orElse(heap, s.minHeap)), alluxio.FormatSize(orElse(direct, s.minDirect)),
			alluxio.FormatSize(margin(least)/MB*MB)), fmt.Sprintf("give at least %s%s", alluxio.FormatSize(least), own.lower(kind)))
		return Memory{}, nil
	}
	heap, direct = s.split(task-margin(task), heap, direct)
	m := Memory{Task: task, Heap: heap, Direct: direct, Margin: task - heap - direct}
	return m, own.with(m)
}

// asked words how much memory a task has.
func (r *reader) asked(key string, task int64) string {
	if r.text(key, "") == "" {
		return "the default of " + alluxio.FormatSize(task)
	}
	return "so much memory"
}

// split gives heap and direct memory what the operator did not decide.
func (s shape) split(free, heap, direct int64) (int64, int64) {
	switch {
	case heap == 0 && direct == 0:
		heap = max(s.minHeap, free*s.heapShare/100)
		direct = max(s.minDirect, free-heap)
	case heap == 0:
		heap = free - direct
	case direct == 0:
		direct = free - heap
	}
	return heap / MB * MB, direct / MB * MB
}

func orElse(n, missing int64) int64 {
	if n == 0 {
		return missing
	}
	return n
}
