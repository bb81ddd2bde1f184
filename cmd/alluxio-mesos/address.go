package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

// fromStdin stands for an address of Mesos that is read from standard input: one with a
// password of ZooKeeper in it has no place in a command line, which everybody can read.
const fromStdin = "-"

// mesosAddress is the address that an argument means.
func mesosAddress(in io.Reader, argument string) (string, error) {
	if argument != fromStdin {
		return argument, nil
	}
	line, err := bufio.NewReader(io.LimitReader(in, 1<<16)).ReadString('\n')
	if line = strings.TrimSpace(line); line == "" {
		return "", withCode(exitUsage, fmt.Errorf("cannot read the address of Mesos from standard input: it is empty (%w)", orEOF(err)))
	}
	return line, nil
}

func orEOF(err error) error {
	if err == nil {
		return io.EOF
	}
	return err
}

// passedOn is how an address is handed to a program: as an argument, or where it holds a
// secret through its standard input.
func passedOn(address string) (argument, input string) {
	if redact.Reveals(address) {
		return fromStdin, address + "\n"
	}
	return address, ""
}
