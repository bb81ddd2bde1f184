package plugins

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/alluxio-mesos/alluxio-mesos/internal/printable"
	fetcherv1 "github.com/alluxio-mesos/alluxio-mesos/proto/fetcher/v1"
)

// maxText bounds an error's text on its way: gRPC sends it in a header, and a peer may
// refuse headers beyond 8 KB.
const maxText = 4 << 10

// toStatus makes a gRPC status of a plugin's error, with its kind as a detail.
func toStatus(err error) error {
	if err == nil {
		return nil
	}
	text := strings.ToValidUTF8(err.Error(), "?")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + " ..."
	}
	failure := &fetcherv1.Failure{Kind: kindToProto(KindOf(err))}
	var e *Error
	if errors.As(err, &e) {
		failure.RetryAfterMillis = e.RetryAfter.Milliseconds()
	}
	st, detailErr := status.New(statusCode(err), text).WithDetails(failure)
	if detailErr != nil {
		return status.Error(statusCode(err), text)
	}
	return st.Err()
}

func statusCode(err error) codes.Code {
	switch {
	case errors.Is(err, context.Canceled):
		return codes.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded
	case KindOf(err) == Permanent:
		return codes.FailedPrecondition
	case KindOf(err) == Changed:
		return codes.Aborted
	}
	return codes.Unknown
}

// fromStatus is the way back. A plugin that attaches no kind, as one in another language
// may, is read by its status code. The caller's own end of ctx is told as such.
func fromStatus(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	st := status.Convert(err)
	// Canceled, as the caller did not cancel: the connection was closed under the call.
	if (st.Code() == codes.Unavailable || st.Code() == codes.Canceled) && len(st.Details()) == 0 {
		return &Error{Kind: Retryable, Err: fmt.Errorf("%w: %s", ErrDisconnected, textOf(st))}
	}
	e := &Error{Kind: kindOfCode(st.Code()), Err: statusText(st)}
	for _, detail := range st.Details() {
		if failure, ok := detail.(*fetcherv1.Failure); ok {
			e.Kind = kindFromProto(failure.GetKind())
			e.RetryAfter = max(0, time.Duration(failure.GetRetryAfterMillis())*time.Millisecond)
		}
	}
	return e
}

func statusText(st *status.Status) error {
	if st.Message() == "" {
		return errors.New("plugin failed with " + st.Code().String())
	}
	return errors.New(textOf(st))
}

// textOf is fit to be shown: a plugin of somebody else may hand on what a server says.
func textOf(st *status.Status) string {
	return printable.Cut(printable.Text(st.Message()), maxText+len(" ..."))
}

func kindOfCode(code codes.Code) Kind {
	switch code {
	case codes.InvalidArgument, codes.NotFound, codes.PermissionDenied, codes.Unauthenticated,
		codes.FailedPrecondition, codes.OutOfRange, codes.Unimplemented:
		return Permanent
	case codes.Aborted:
		return Changed
	}
	return Retryable
}

func kindToProto(k Kind) fetcherv1.Failure_Kind {
	switch k {
	case Permanent:
		return fetcherv1.Failure_KIND_PERMANENT
	case Changed:
		return fetcherv1.Failure_KIND_CHANGED
	}
	return fetcherv1.Failure_KIND_RETRYABLE
}

func kindFromProto(k fetcherv1.Failure_Kind) Kind {
	switch k {
	case fetcherv1.Failure_KIND_PERMANENT:
		return Permanent
	case fetcherv1.Failure_KIND_CHANGED:
		return Changed
	}
	return Retryable
}
