// Package shape stands a slow network between a client and a server: a TCP proxy on
// loopback that delays every byte, and lets only so many through each second on each
// connection. It needs no rights, as namespaces and tc would.
package shape

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Link is what the network is like.
type Link struct {
	Delay time.Duration // one way; making a connection takes it twice
	Rate  int64         // bytes a second from server to client, for each connection
}

// Proxy is a listener that leads to a server over a link.
type Proxy struct {
	Addr string
	// Opened counts connections, Moved the bytes that left the server.
	Opened, Moved atomic.Int64

	link   Link
	target string
	ctx    context.Context // ends all of it
	work   sync.WaitGroup
}

// Start runs a proxy until the test ends. target is HOST:PORT.
func Start(t testing.TB, target string, link Link) *Proxy {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &Proxy{Addr: listener.Addr().String(), link: link, target: target, ctx: ctx}
	p.work.Go(func() { p.accept(listener) })
	t.Cleanup(func() {
		cancel()
		listener.Close()
		p.work.Wait()
	})
	return p
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		p.Opened.Add(1)
		p.work.Go(func() { p.serve(client) })
	}
}

// serve carries one connection until either side ends it.
func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := (&net.Dialer{}).DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		return
	}
	defer server.Close()
	stop := context.AfterFunc(p.ctx, func() {
		client.Close()
		server.Close()
	})
	defer stop()
	p.wait(time.Now().Add(2 * p.link.Delay))
	var both sync.WaitGroup
	both.Go(func() {
		p.carry(server, client, 0, nil)
		server.Close()
	})
	p.carry(client, server, p.link.Rate, &p.Moved)
	client.Close()
	both.Wait()
}

// parcel is on its way until due.
type parcel struct {
	data []byte
	due  time.Time
}

// carry reads no faster than rate (0: any), and writes each byte after the delay.
func (p *Proxy) carry(to io.Writer, from io.Reader, rate int64, moved *atomic.Int64) {
	way := make(chan parcel, 4096)
	done := make(chan struct{})
	var arriving sync.WaitGroup
	arriving.Go(func() {
		defer close(done)
		for parcel := range way {
			p.wait(parcel.due)
			if _, err := to.Write(parcel.data); err != nil {
				return
			}
		}
	})
	free := time.Now()
	for {
		buf := make([]byte, 16<<10)
		n, err := from.Read(buf)
		if err != nil {
			break
		}
		if moved != nil {
			moved.Add(int64(n))
		}
		// What a late timer cost may be caught up with; an idle link saves nothing up.
		if earliest := time.Now().Add(-slack); free.Before(earliest) {
			free = earliest
		}
		if rate > 0 {
			free = free.Add(time.Duration(n) * time.Second / time.Duration(rate))
			p.wait(free)
		}
		select {
		case way <- parcel{buf[:n], time.Now().Add(p.link.Delay)}:
			continue
		case <-done:
		}
		break
	}
	close(way)
	arriving.Wait()
}

// slack is how late a timer may be, at most.
const slack = 20 * time.Millisecond

func (p *Proxy) wait(until time.Time) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.ctx.Done():
	}
}
