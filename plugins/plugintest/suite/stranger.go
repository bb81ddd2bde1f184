package suite

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// servesStranger tells whether the plugin talks to a client without a certificate. With
// TLS 1.3 a client learns that it was refused only when it reads.
func (p *process) servesStranger(ctx context.Context) (bool, error) {
	config, err := p.tlsConfig(false)
	if err != nil {
		return false, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, p.handshake.network, p.handshake.address)
	if err != nil {
		return false, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(callTime))
	client := tls.Client(conn, config)
	if err := client.HandshakeContext(ctx); err != nil {
		return false, nil
	}
	// The preface of HTTP/2 (RFC 9113, 3.4) with empty settings; a server answers with its own.
	if _, err := client.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
		return false, nil
	}
	n, _ := client.Read(make([]byte, 1))
	return n > 0, nil
}
