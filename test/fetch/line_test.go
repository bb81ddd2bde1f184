package fetch

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// line leads to a server at a speed, counts what comes from there, and can be cut.
type line struct {
	addr   string
	target string
	moved  atomic.Int64 // bytes that left the server's end
	each   int64        // bytes a second on each connection; 0: no limit
	all    pacer        // for all connections together

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	work     sync.WaitGroup
}

// newLine leads to target at all bytes a second, and each on one connection.
func newLine(t *testing.T, target string, all, each int64) *line {
	t.Helper()
	l := &line{target: target, each: each, all: pacer{rate: all}, addr: "127.0.0.1:0", open: map[net.Conn]bool{}}
	require.NoError(t, l.up())
	t.Cleanup(func() {
		l.down()
		l.work.Wait()
	})
	return l
}

// up takes connections, at the address of before.
func (l *line) up() error {
	listener, err := net.Listen("tcp", l.addr)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.listener, l.addr = listener, listener.Addr().String()
	l.work.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			l.work.Go(func() { l.lead(client) })
		}
	})
	return nil
}

// down cuts all connections, and refuses further ones.
func (l *line) down() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close()
		l.listener = nil
	}
	for conn := range l.open {
		_ = conn.Close()
	}
}

// hold keeps a connection for down, unless it was called already.
func (l *line) hold(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener == nil {
		_ = conn.Close()
		return false
	}
	l.open[conn] = true
	return true
}

func (l *line) drop(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, conn)
	_ = conn.Close()
}

func (l *line) lead(client net.Conn) {
	if !l.hold(client) {
		return
	}
	defer l.drop(client)
	server, err := net.Dial("tcp", l.target)
	if err != nil || !l.hold(server) {
		return
	}
	defer l.drop(server)
	// What waits in buffers would count as moved though nobody has seen it.
	_ = client.(*net.TCPConn).SetWriteBuffer(64 << 10)
	var up sync.WaitGroup
	up.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite()
	})
	l.carry(client, server)
	_ = client.Close()
	_ = server.Close()
	up.Wait()
}

// carry brings what the server says.
func (l *line) carry(client, server net.Conn) {
	own := pacer{rate: l.each}
	buf := make([]byte, 32<<10)
	for {
		n, err := server.Read(buf)
		own.wait(n)
		l.all.wait(n)
		m, writeErr := client.Write(buf[:n])
		l.moved.Add(int64(m))
		if err != nil || writeErr != nil {
			return
		}
	}
}

// pacer lets so many bytes through in a second.
type pacer struct {
	rate int64 // 0: no limit
	mu   sync.Mutex
	next time.Time
}

func (p *pacer) wait(n int) {
	if p.rate == 0 {
		return
	}
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	p.next = p.next.Add(time.Duration(n) * time.Second / time.Duration(p.rate))
	wait := p.next.Sub(now)
	p.mu.Unlock()
	<-time.After(wait)
}
