package netconf

import (
	"errors"
	"io"
	"syscall"
)

// Unanswered words the error of a request that got no answer. Where the connection ended,
// net/http only says "EOF", or names a system call.
func Unanswered(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the server closed the connection in the middle of its answer's head")
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return errors.New("the server closed the connection without an answer")
	}
	return err
}
