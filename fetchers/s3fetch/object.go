package s3fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/headers"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/transfer"
	"github.com/alluxio-mesos/alluxio-mesos/plugins"
)

// object opens pieces of one object (transfer.Opener). Every request holds the ETag of the
// first answer (If-Match), so that no byte of another content is taken for one of it. A
// version is asked for only where the source names one: pinned by us, an object that was
// replaced would still be found unchanged.
type object struct {
	session *session
	address address

	mu     sync.Mutex
	region string
}

// Open asks for a piece. Where the answer says that another region is the right one, or
// that the credentials are no longer good, it asks once more.
func (o *object) Open(ctx context.Context, from, to int64, validator string) (transfer.Piece, error) {
	renewed, moved := false, false
	for {
		who, err := o.session.identify(ctx, o.address)
		if err != nil {
			return transfer.Piece{}, err
		}
		region := o.currentRegion()
		piece, err := o.get(ctx, who, region, from, to, validator)
		if err == nil {
			return piece, nil
		}
		if ctx.Err() != nil {
			return transfer.Piece{}, context.Cause(ctx)
		}
		if right := rightRegion(err); right != "" && right != region && !moved {
			moved = true
			o.setRegion(right)
			continue
		}
		if !renewed && o.renew(ctx, who, err) {
			renewed = true
			continue
		}
		var known *plugins.Error
		if errors.As(err, &known) {
			return transfer.Piece{}, err
		}
		return transfer.Piece{}, o.failure(who, region, err)
	}
}

func (o *object) currentRegion() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.region
}

func (o *object) setRegion(region string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.region = region
}

// renew reads the credentials again where these are no longer good, and says whether they
// are others now: a file may have been replaced, a role has new ones.
func (o *object) renew(ctx context.Context, who identity, err error) bool {
	switch codeOf(err) {
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch":
	default:
		return false
	}
	if who.cache == nil {
		return false
	}
	who.cache.Invalidate()
	now, err := who.cache.Retrieve(ctx)
	return err == nil && (now.AccessKeyID != who.AccessKeyID || now.SecretAccessKey != who.SecretAccessKey || now.SessionToken != who.SessionToken)
}

func (o *object) get(ctx context.Context, who identity, region string, from, to int64, validator string) (transfer.Piece, error) {
	client := o.session.client(o.address, region, who.provider())
	input := &s3.GetObjectInput{Bucket: &o.address.Bucket, Key: &o.address.Key}
	if o.address.Version != "" {
		input.VersionId = &o.address.Version
	}
	if validator != "" {
		input.IfMatch = &validator
	}
	if from > 0 || to >= 0 {
		input.Range = aws.String(headers.Range(from, to))
	}
	out, err := client.GetObject(ctx, input)
	switch {
	case err == nil:
		return o.piece(out, from, validator)
	case status(err) == http.StatusRequestedRangeNotSatisfiable && from > 0:
		return o.end(ctx, client, from, validator)
	}
	return transfer.Piece{}, err
}

// piece tells what an answer brings.
func (o *object) piece(out *s3.GetObjectOutput, from int64, validator string) (transfer.Piece, error) {
	etag := strong(aws.ToString(out.ETag))
	p := transfer.Piece{Body: out.Body, To: -1, Validator: etag}
	if out.ContentLength != nil {
		p.To, p.Total = *out.ContentLength, *out.ContentLength
	}
	if text := aws.ToString(out.ContentRange); text != "" {
		first, last, total, ok := headers.ContentRange(text)
		if !ok || first != from || (out.ContentLength != nil && *out.ContentLength != last-first+1) {
			out.Body.Close()
			return transfer.Piece{}, plugins.AsChanged(fmt.Errorf("it answered with another part than was asked for (%q)", text))
		}
		p.From, p.To, p.Total, p.Ranges = first, last+1, total, true
	}
	// Not every server heeds If-Match.
	if validator != "" && etag != validator {
		out.Body.Close()
		return transfer.Piece{}, changed()
	}
	p.Ranges = p.Ranges || aws.ToString(out.AcceptRanges) == "bytes"
	return p, nil
}

// end is the answer where no byte lies behind from: all is there, if the object has that
// size still. The refused range does not tell that on all servers, so it is asked for.
func (o *object) end(ctx context.Context, client *s3.Client, from int64, validator string) (transfer.Piece, error) {
	input := &s3.HeadObjectInput{Bucket: &o.address.Bucket, Key: &o.address.Key}
	if o.address.Version != "" {
		input.VersionId = &o.address.Version
	}
	if validator != "" {
		input.IfMatch = &validator
	}
	out, err := client.HeadObject(ctx, input)
	if err != nil {
		return transfer.Piece{}, err
	}
	etag := strong(aws.ToString(out.ETag))
	if aws.ToInt64(out.ContentLength) != from || (validator != "" && etag != validator) {
		return transfer.Piece{}, changed()
	}
	return transfer.Piece{Body: io.NopCloser(strings.NewReader("")), From: from, To: from, Total: from, Validator: etag, Ranges: true}, nil
}

// strong is an ETag that proves that bytes are the same, or empty. Some servers leave the quotes out.
func strong(etag string) string {
	if strings.HasPrefix(etag, "W/") || etag == "" || etag == `""` {
		return ""
	}
	return etag
}
