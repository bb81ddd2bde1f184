package bench

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	delay     = 20 * time.Millisecond
	perSecond = 10 << 20
	// timesFaster is what several connections should gain there.
	timesFaster = 3
)

// BenchmarkSlowConnections fetches where each connection has a delay and little bandwidth, as
// between data centers: ours against a single stream of curl that only downloads.
func BenchmarkSlowConnections(b *testing.B) {
	server, loads := serveLoads(b, alluxioLoad)
	defer server.Close()
	proxy := newProxy(b, server.Listener.Addr().String())
	l := loads[len(loads)-1]
	l.gzip.url = proxy.rebase(l.gzip.url, server.URL)
	curl := shell(`mkdir tree && curl -sSf -o file "$1"`, false)
	l2 := l
	l2.files, l2.bytes = 0, 0 // curl alone unpacks nothing
	var single, mine []result
	for b.Loop() {
		single = append(single, curl(b, b.TempDir(), l2))
		mine = append(mine, child(modeHost, false)(b, b.TempDir(), l))
	}
	b.ReportMetric(0, "ns/op") // what a loop takes says nothing
	one, ours := median(single, wall), median(mine, wall)
	b.Logf("%d MB over connections of %s and %d MB/s each: curl %.2f s, ours with digest and unpacked %.2f s: %.1f times as fast (%s)",
		l.gzip.size>>20, delay, perSecond>>20, one.Seconds(), ours.Seconds(), float64(one)/float64(ours),
		atLeast(float64(one)/float64(ours) >= timesFaster))
}

func atLeast(reached bool) string {
	if reached {
		return "at least 3: reached"
	}
	return "at least 3: MISSED"
}

// proxy delays and slows down each connection through it.
type proxy struct {
	listener net.Listener
	to       string
	all      sync.WaitGroup
	mu       sync.Mutex
	open     []net.Conn
}

func newProxy(b *testing.B, to string) *proxy {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	p := &proxy{listener: listener, to: to}
	p.all.Go(p.accept)
	b.Cleanup(func() {
		listener.Close()
		p.mu.Lock()
		for _, conn := range p.open {
			conn.Close()
		}
		p.mu.Unlock()
		p.all.Wait()
	})
	return p
}

func (p *proxy) rebase(url, base string) string {
	return "http://" + p.listener.Addr().String() + url[len(base):]
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.open = append(p.open, client, server)
		p.mu.Unlock()
		p.all.Go(func() { carry(server, client) })
		p.all.Go(func() { carry(client, server) })
	}
}

// piece of a stream, and when it is due at the other end.
type piece struct {
	data []byte
	due  time.Time
}

// carry takes bytes from one end as fast as the line has it, and hands them out after the delay.
func carry(to, from net.Conn) {
	// What the line holds at once: a little more than its rate in its delay.
	line := make(chan piece, 32)
	go func() {
		defer close(line)
		free := time.Now() // when the line has sent what it was given
		for {
			data := make([]byte, 16<<10)
			n, err := from.Read(data)
			if n > 0 {
				// A busy machine wakes this up late: what it lost meanwhile it may make up for.
				if least := time.Now().Add(-delay); free.Before(least) {
					free = least
				}
				free = free.Add(time.Duration(n) * time.Second / perSecond)
				<-time.After(time.Until(free))
				line <- piece{data[:n], free.Add(delay)}
			}
			if err != nil {
				return
			}
		}
	}()
	for p := range line {
		<-time.After(time.Until(p.due))
		if _, err := to.Write(p.data); err != nil {
			from.Close()
		}
	}
	if tcp, ok := to.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, from)
}
