package suite

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// listen takes what a plugin made with go-plugin prints once it serves: its stdout and
// stderr come over gRPC then (plugin.GRPCStdio). One that nobody listens to would stand
// still at its first line. Plugins in other languages have no such service, and print
// where they always did. It returns when the connection is closed.
func (p *process) listen() {
	stream, err := p.conn.NewStream(context.Background(), &grpc.StreamDesc{ServerStreams: true}, "/plugin.GRPCStdio/StreamStdio")
	if err != nil || stream.SendMsg(&emptypb.Empty{}) != nil || stream.CloseSend() != nil {
		return
	}
	for {
		// The message is go-plugin's own and not exported; its fields stay unknown to Empty.
		message := &emptypb.Empty{}
		if stream.RecvMsg(message) != nil {
			return
		}
		_, _ = p.stderr.Write(stdioData(message.ProtoReflect().GetUnknown()))
	}
}

// stdioData is field 2 of a StdioData.
func stdioData(message []byte) []byte {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return nil
		}
		message = message[n:]
		if number == 2 && kind == protowire.BytesType {
			data, _ := protowire.ConsumeBytes(message)
			return data
		}
		if n = protowire.ConsumeFieldValue(number, kind, message); n < 0 {
			return nil
		}
		message = message[n:]
	}
	return nil
}
