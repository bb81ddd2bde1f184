package plugins

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestErrorsCrossWithTheirKind(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		err  error
		want Error
	}{
		"plain":         {errors.New("busy"), Error{Retryable, errors.New("busy"), 0}},
		"permanent":     {AsPermanent(errors.New("not found")), Error{Permanent, errors.New("not found"), 0}},
		"wrapped":       {fmt.Errorf("cannot get x: %w", AsPermanent(errors.New("no"))), Error{Permanent, errors.New("cannot get x: no"), 0}},
		"changed":       {AsChanged(errors.New("another")), Error{Changed, errors.New("another"), 0}},
		"retry after":   {&Error{Err: errors.New("slow down"), RetryAfter: 3 * time.Second}, Error{Retryable, errors.New("slow down"), 3 * time.Second}},
		"its own ctx":   {context.DeadlineExceeded, Error{Retryable, errors.New("context deadline exceeded"), 0}},
		"no valid text": {errors.New("a\xffb"), Error{Retryable, errors.New("a?b"), 0}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := fromStatus(context.Background(), toStatus(c.err))
			var got *Error
			require.ErrorAs(t, err, &got)
			require.Equal(t, c.want, *got)
		})
	}
	require.NoError(t, toStatus(nil))
	require.NoError(t, fromStatus(context.Background(), nil))
	long := fromStatus(context.Background(), toStatus(errors.New(strings.Repeat("é", maxText))))
	require.Less(t, len(long.Error()), maxText+10)
}

// A plugin in another language sends what it likes.
func TestTextsOfPluginsAreFitToBeShown(t *testing.T) {
	t.Parallel()
	err := fromStatus(context.Background(), status.Error(codes.NotFound, "\x1b[31mno\nfile"))
	require.EqualError(t, err, "?[31mno\nfile")
	err = fromStatus(context.Background(), status.Error(codes.Unavailable, "\x1b[31mEOF"))
	require.EqualError(t, err, "lost the connection to the plugin: ?[31mEOF")
	err = fromStatus(context.Background(), status.Error(codes.Internal, strings.Repeat("x", 1<<20)))
	require.Less(t, len(err.Error()), maxText+10)
}

func TestErrorsOfPluginsInOtherLanguages(t *testing.T) {
	t.Parallel()
	for code, kind := range map[codes.Code]Kind{
		codes.NotFound: Permanent, codes.PermissionDenied: Permanent, codes.Unimplemented: Permanent,
		codes.Aborted: Changed, codes.Internal: Retryable, codes.ResourceExhausted: Retryable,
	} {
		err := fromStatus(context.Background(), status.Error(code, "no"))
		require.Equal(t, kind, KindOf(err), code)
		require.NotErrorIs(t, err, ErrDisconnected)
	}
	require.EqualError(t, fromStatus(context.Background(), status.Error(codes.Internal, "")), "plugin failed with Internal")
	for _, code := range []codes.Code{codes.Unavailable, codes.Canceled} {
		require.ErrorIs(t, fromStatus(context.Background(), status.Error(code, "EOF")), ErrDisconnected)
	}
}

func TestTheCallersOwnEndIsToldAsSuch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(context.Background())
	mine := errors.New("enough")
	cancel(mine)
	require.ErrorIs(t, fromStatus(ctx, status.Error(codes.Canceled, "context canceled")), mine)
}

func TestLostParent(t *testing.T) {
	t.Parallel()
	require.True(t, lostParent(1<<30, nil))
	stop := make(chan struct{})
	close(stop)
	require.False(t, lostParent(1<<30, stop))
}
