package mesos

import "time"

// TaskState is the state of a task, named as Mesos names it.
type TaskState string

// The states of a task. Dropped, Unreachable, Gone, GoneByOperator and Unknown
// come only to a framework with the PARTITION_AWARE capability (Mesos 1.1).
const (
	TaskStaging        TaskState = "TASK_STAGING"
	TaskStarting       TaskState = "TASK_STARTING"
	TaskRunning        TaskState = "TASK_RUNNING"
	TaskKilling        TaskState = "TASK_KILLING"
	TaskFinished       TaskState = "TASK_FINISHED"
	TaskFailed         TaskState = "TASK_FAILED"
	TaskKilled         TaskState = "TASK_KILLED"
	TaskError          TaskState = "TASK_ERROR"
	TaskLost           TaskState = "TASK_LOST"
	TaskDropped        TaskState = "TASK_DROPPED"
	TaskUnreachable    TaskState = "TASK_UNREACHABLE"
	TaskGone           TaskState = "TASK_GONE"
	TaskGoneByOperator TaskState = "TASK_GONE_BY_OPERATOR"
	TaskUnknown        TaskState = "TASK_UNKNOWN"
)

// Terminal says that a task in this state will never run again. Unreachable and
// Unknown are not terminal: such a task may come back.
func (s TaskState) Terminal() bool {
	switch s {
	case TaskFinished, TaskFailed, TaskKilled, TaskError, TaskLost, TaskDropped, TaskGone, TaskGoneByOperator:
		return true
	}
	return false
}

// Status is one report of a task's state.
type Status struct {
	Task     TaskID
	Agent    AgentID
	Executor ExecutorID
	State    TaskState
	Message  string
	Reason   string // "REASON_..." of the Mesos TaskStatus.Reason, or empty
	Source   string // "SOURCE_MASTER", "SOURCE_AGENT", "SOURCE_EXECUTOR"
	// UUID is set on an update that must be acknowledged (16 bytes, RFC 4122).
	UUID []byte
	Data []byte
	Time time.Time
	// Healthy is nil where nobody checks.
	Healthy *bool
}
