package suite

import (
	"bufio"
	"fmt"
	"net"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// serveFTP is as much of an FTP server (RFC 959, 2428, 3659) as a client needs that fetches
// files without a password.
func (s *stage) serveFTP() {
	var sessions sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]struct{}{}
	for {
		conn, err := s.ftp.Accept()
		if err != nil {
			break
		}
		mu.Lock()
		open[conn] = struct{}{}
		mu.Unlock()
		sessions.Go(func() {
			(&ftpSession{stage: s, conn: conn}).run()
			mu.Lock()
			defer mu.Unlock()
			delete(open, conn)
		})
	}
	mu.Lock()
	for conn := range open {
		_ = conn.Close()
	}
	mu.Unlock()
	sessions.Wait()
}

type ftpSession struct {
	stage  *stage
	conn   net.Conn
	data   *net.TCPListener // of the next transfer
	offset int64
}

func (f *ftpSession) run() {
	defer f.conn.Close()
	defer f.closeData()
	f.say(220, "ready")
	lines := bufio.NewScanner(f.conn)
	for lines.Scan() {
		verb, argument, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		verb = strings.ToUpper(verb)
		f.answer(verb, argument)
		if verb == "QUIT" {
			return
		}
	}
}

func (f *ftpSession) say(code int, text string) { fmt.Fprintf(f.conn, "%d %s\r\n", code, text) }

func (f *ftpSession) answer(verb, argument string) {
	data, found := f.stage.get(path.Base(argument))
	switch verb {
	case "USER":
		f.say(331, "password, please")
	case "PASS":
		f.say(230, "welcome")
	case "TYPE", "NOOP", "CWD":
		f.say(200, "well")
	case "QUIT":
		f.say(221, "goodbye")
	case "EPSV", "PASV":
		f.listen(verb)
	case "REST":
		f.offset, _ = strconv.ParseInt(argument, 10, 64)
		f.say(350, "from there")
	case "SIZE", "MDTM", "RETR":
		if !found {
			f.say(550, "no such file")
			return
		}
		f.answerFile(verb, data)
	default:
		f.say(502, "not here")
	}
}

func (f *ftpSession) answerFile(verb string, data []byte) {
	switch verb {
	case "SIZE":
		f.say(213, strconv.Itoa(len(data)))
	case "MDTM":
		// Another content is another time.
		f.say(213, time.Unix(1_500_000_000+int64(len(data)), 0).UTC().Format("20060102150405"))
	case "RETR":
		f.retrieve(data)
	}
}

func (f *ftpSession) closeData() {
	if f.data != nil {
		_ = f.data.Close()
		f.data = nil
	}
}

func (f *ftpSession) listen(verb string) {
	f.closeData()
	var err error
	if f.data, err = net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		f.say(425, err.Error())
		return
	}
	_ = f.data.SetDeadline(time.Now().Add(callTime))
	port := f.data.Addr().(*net.TCPAddr).Port
	if verb == "EPSV" {
		f.say(229, fmt.Sprintf("passive (|||%d|)", port))
		return
	}
	f.say(227, fmt.Sprintf("passive (127,0,0,1,%d,%d)", port>>8, port&255))
}

func (f *ftpSession) retrieve(data []byte) {
	from := min(max(0, f.offset), int64(len(data)))
	f.offset = 0
	if f.data == nil {
		f.say(425, "EPSV or PASV first")
		return
	}
	defer f.closeData()
	f.say(150, "here it comes")
	conn, err := f.data.Accept()
	if err != nil {
		f.say(425, err.Error())
		return
	}
	_ = conn.SetDeadline(time.Now().Add(callTime))
	for data = data[from:]; len(data) > 0 && err == nil; {
		n := min(len(data), tricklePiece)
		_, err = conn.Write(data[:n])
		data = data[n:]
		if f.stage.slow.Load() {
			<-time.After(tricklePause)
		}
	}
	_ = conn.Close()
	if err != nil {
		f.say(426, "broken off")
		return
	}
	f.say(226, "all sent")
}
