package plugins

import (
	"errors"
	"time"
)

// Kind says what trying again would bring. The zero Kind is Retryable: an error of
// which nothing is known may pass.
type Kind int

const (
	// Retryable: the same call may go well later.
	Retryable Kind = iota
	// Permanent: the same call will fail again (not found, not allowed, bad source).
	Permanent
	// Changed: the bytes fetched before no longer fit the source; begin anew.
	Changed
)

// ErrDisconnected is in the chain of an error that came from losing the plugin, not from
// the plugin itself.
var ErrDisconnected = errors.New("lost the connection to the plugin")

// Error is an error of a plugin with its kind. Only the kind, the text and RetryAfter
// cross the border of the process.
type Error struct {
	Kind Kind
	Err  error
	// RetryAfter is how long the source asked to wait; 0 if it did not.
	RetryAfter time.Duration
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// AsPermanent marks err as one that trying again cannot mend.
func AsPermanent(err error) error { return &Error{Kind: Permanent, Err: err} }

// AsChanged marks err as: the source is not what it was when the fetch began.
func AsChanged(err error) error { return &Error{Kind: Changed, Err: err} }

// KindOf tells the kind of an error, Retryable if it has none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Retryable
}
