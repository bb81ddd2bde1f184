package v1

import "errors"

func newZooKeeper(address string) (directory, error) {
	return nil, errors.New("cannot use a zk:// address: give the masters as host:port[,host:port]")
}
