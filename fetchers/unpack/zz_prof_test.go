package unpack_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/alluxio-mesos/alluxio-mesos/fetchers/unpack"
)

func TestProf(t *testing.T) {
	for _, f := range []string{"jdk", "alluxio"} {
		for range 4 {
			dir, _ := os.MkdirTemp("/tmp/unpackprof", "x")
			in, _ := os.Open("/tmp/unpackprof/" + f + ".tar.gz")
			var a, b syscall.Rusage
			syscall.Getrusage(0, &a)
			t0 := time.Now()
			if err := unpack.Archive(t.Context(), in, "x", dir, unpack.DefaultLimits()); err != nil {
				t.Fatal(err)
			}
			w := time.Since(t0)
			syscall.Getrusage(0, &b)
			fmt.Println(f, w, "user", time.Duration(b.Utime.Nano()-a.Utime.Nano()), "sys", time.Duration(b.Stime.Nano()-a.Stime.Nano()))
			os.RemoveAll(dir)
		}
	}
}
