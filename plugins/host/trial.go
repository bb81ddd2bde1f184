package host

import (
	"fmt"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

const (
	// crashLimit is how many processes of a newer plugin may end in the middle of calls, one
	// after the other, before the older one is used again.
	crashLimit = 3
	// refuseAgain is how soon a plugin that was refused for something that may pass is tried
	// once more.
	refuseAgain = time.Minute
)

// trial is the time between a swap and the first call that went well.
type trial struct {
	older   executable
	crashes int
}

// refusal keeps an executable from being used.
type refusal struct {
	sha256 string
	until  time.Time // zero: for ever
}

func (r *refusal) of(sha256 string, now time.Time) bool {
	return r != nil && r.sha256 == sha256 && (r.until.IsZero() || now.Before(r.until))
}

func refuse(sha256 string, err error) *refusal {
	r := &refusal{sha256: sha256}
	if plugins.KindOf(err) != plugins.Permanent {
		r.until = time.Now().Add(refuseAgain)
	}
	return r
}

// judge looks what became of a call, where the process came by a swap. The notice, if
// any, is for the operator. The lock is held.
func (h *Host) judge(p *process) (notice string) {
	s := h.slots[p.exe.id()]
	switch {
	case s.trial == nil || s.serving.sha256 != p.exe.sha256:
		return ""
	case p.worked.Load():
		s.trial = nil
		return ""
	case !p.broke.Load() || p.counted:
		return ""
	}
	p.counted = true
	s.trial.crashes++
	if s.trial.crashes < crashLimit {
		return ""
	}
	older := s.trial.older
	s.refused = &refusal{sha256: p.exe.sha256}
	s.serving, s.sha256, s.trial = &older, older.sha256, nil
	h.retire(p)
	return fmt.Sprintf("plugin %s, sha256 %s, ended in the middle of its first %d calls%s; the older one, sha256 %s, is used again",
		p.exe.id(), p.exe.sha256, crashLimit, p.tail, older.sha256)
}

// tell says something that an operator should know.
func (h *Host) tell(notice string) {
	h.log.Error(notice)
	if h.cfg.Notice != nil {
		h.cfg.Notice(notice)
	}
}
