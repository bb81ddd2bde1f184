package spec

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/scheduler/offer"
)

func site(lines ...string) alluxio.Properties {
	var p alluxio.Properties
	for _, line := range lines {
		key, value, _ := strings.Cut(line, "=")
		p.Set(key, value)
	}
	return p
}

func read(t *testing.T, lines ...string) Deployment {
	t.Helper()
	d, err := Read(site(lines...), Options{})
	require.NoError(t, err)
	return d
}

func TestReadDefaults(t *testing.T) {
	t.Parallel()
	d := read(t)
	require.Equal(t, "alluxio", d.Name)
	require.Equal(t, "2.9.6", d.Version.String())
	require.Equal(t, "*", d.Role)
	require.Equal(t, "alluxio", d.Principal)
	require.Equal(t, 14*24*time.Hour, d.FailoverTimeout)
	require.Equal(t, PortsFixed, d.PortSource)
	require.Equal(t, 0, d.WorkerCount)
	require.Equal(t, Artifact{Source: "https://downloads.alluxio.io/downloads/files/2.9.6/alluxio-2.9.6-bin.tar.gz"}, d.Alluxio)
	require.Equal(t, Artifact{}, d.JDK)
	require.Equal(t, "UFS", d.Journal)
	require.Equal(t, RootUFS{URI: "/var/lib/alluxio-mesos/alluxio/underFSStorage", Local: true, Default: true}, d.UFS)
	require.Equal(t, Ramdisk{Plugin: "tmpfs", Dir: "/mnt/alluxio-mesos", Size: 1024 * MB}, d.Ramdisk)
	require.Equal(t, Folders{Node: "/var/lib/alluxio-mesos", Cache: "/var/lib/alluxio-mesos/cache", CacheBytes: 20 << 30}, d.Folders)
	require.Equal(t, []Port{{"rpc", "alluxio.master.rpc.port", 19998}, {"web", "alluxio.master.web.port", 19999}}, d.Master.Ports)
	require.Equal(t, []Port{{"rpc", "alluxio.worker.rpc.port", 29999}, {"web", "alluxio.worker.web.port", 30000}}, d.Worker.Ports)
	require.Equal(t, []string{"-Xmx640m", "-XX:MaxDirectMemorySize=160m"}, d.Master.Options)
	require.Equal(t, []string{"-Xmx480m", "-XX:MaxDirectMemorySize=320m"}, d.Worker.Options)
	require.Contains(t, strings.Join(d.Notes, "\n"), "alluxio.worker.ramdisk.size is not set: each worker's ramdisk has 1GB")
}

func TestReadEverything(t *testing.T) {
	t.Parallel()
	d := read(t,
		"alluxio.integration.master.resource.cpu=2", "alluxio.integration.master.resource.mem=2GB",
		"alluxio.integration.worker.resource.cpu=0.5", "alluxio.integration.worker.resource.mem=512MB",
		"alluxio.integration.mesos.alluxio.jar.url=LOCAL", "alluxio.home=/opt/a",
		"alluxio.integration.mesos.jdk.url=http://host/jdk-${alluxio.version}.tar.gz",
		"alluxio.integration.mesos.jdk.checksum=sha256:"+strings.Repeat("ab", 32), "alluxio.integration.mesos.jdk.path=jdk8",
		"alluxio.integration.mesos.principal=me", "alluxio.integration.mesos.secret=hush", "alluxio.integration.mesos.role=eng",
		"alluxio.integration.mesos.user=hdfs", "alluxio.integration.mesos.framework.name=two", "alluxio.integration.mesos.worker.count=3",
		"alluxio.integration.mesos.port.source=offer", "alluxio.integration.mesos.failover.timeout=1hour",
		"alluxio.integration.mesos.constraints=rack==r1, disk!=slow", "alluxio.integration.mesos.fetcher.s3=mine",
		"alluxio.integration.mesos.fetcher.http.https.proxy=http://proxy:3128", "alluxio.integration.mesos.ramdisk.tmpfs.mode=0750",
		"alluxio.integration.mesos.node.dir=/data", "alluxio.integration.mesos.master.java.opts=-Xmx1g '-Dx=a b'",
		"alluxio.master.journal.type=EMBEDDED", "alluxio.master.port=20998", "alluxio.worker.memory.size=256MB",
		"alluxio.underfs.address=s3://bucket/a", "fs.s3a.secret.key=hush",
	)
	require.Equal(t, 2048*int64(MB), d.Master.Memory.Task)
	require.Equal(t, 1024*int64(MB), d.Master.Memory.Heap)
	require.Equal(t, d.Master.Memory.Task, d.Master.Memory.Heap+d.Master.Memory.Direct+d.Master.Memory.Margin)
	require.Equal(t, []string{"-XX:MaxDirectMemorySize=736m", "-Xmx1g", "-Dx=a b"}, d.Master.Options)
	require.Equal(t, 0.5, d.Worker.CPUs)
	require.Equal(t, Artifact{Source: "LOCAL", Path: "/opt/a"}, d.Alluxio)
	require.Equal(t, Artifact{Source: "http://host/jdk-2.9.6.tar.gz", Checksum: "sha256:" + strings.Repeat("ab", 32), Path: "jdk8"}, d.JDK)
	require.Equal(t, "hush", d.Secret.Reveal())
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s", d.Secret, d.Secret, d.Secret, d.Secret), "hush")
	require.Equal(t, []offer.Constraint{{Attribute: "rack", Value: "r1"}, {Attribute: "disk", Value: "slow", Not: true}}, d.Constraints)
	require.Equal(t, map[string]string{"s3": "mine"}, d.Fetchers)
	require.Equal(t, map[string]map[string]string{
		"fetcher-http": {"https.proxy": "http://proxy:3128"}, "ramdisk-tmpfs": {"mode": "0750"},
	}, d.PluginConfig)
	require.Equal(t, "/data/cache", d.Folders.Cache)
	require.Equal(t, 3, len(d.Master.Ports), "the journal's port with EMBEDDED")
	require.Equal(t, 20998, d.Master.Ports[0].Number)
	require.Equal(t, int64(256*MB), d.Ramdisk.Size)
	require.Equal(t, RootUFS{URI: "s3://bucket/a"}, d.UFS)
	for _, key := range d.Properties.Keys() {
		require.False(t, strings.HasPrefix(key, "alluxio.integration."), key)
	}
	value, _ := d.Properties.Get("fs.s3a.secret.key")
	require.Equal(t, "hush", value)
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lines, want string }{
		{"alluxio.integration.mesos.framwork.name=x", "did you mean alluxio.integration.mesos.framework.name?"},
		{"alluxio.integration.worker.resource.memory=1GB", "did you mean alluxio.integration.worker.resource.mem?"},
		{"alluxio.integration.mesos.jre.url=x", "use alluxio.integration.mesos.jdk.url"},
		{"alluxio.integration.worker.resource.mem=lots", "alluxio.integration.worker.resource.mem=lots: this is no size"},
		{"alluxio.integration.worker.resource.cpu=-1", "alluxio.integration.worker.resource.cpu=-1: this is no number of cpus"},
		{"alluxio.integration.worker.resource.cpu=NaN", "this is no number of cpus"},
		{"alluxio.integration.worker.resource.mem=256MB", "give at least 478MB"},
		{"alluxio.integration.mesos.worker.java.opts=-Xmx4g", "or lower what alluxio.integration.mesos.worker.java.opts asks for"},
		{"alluxio.integration.mesos.worker.java.opts=-XX:MaxRAMPercentage=50", "use -Xmx"},
		{"alluxio.integration.mesos.worker.java.opts=-Da='b", "close the quote"},
		{"alluxio.integration.mesos.worker.java.opts=-Dfs.s3a.secret.key=x", "would show a secret in the process list"},
		{"alluxio.master.rpc.port=99999", "alluxio.master.rpc.port=99999: this is no port"},
		{"alluxio.worker.rpc.port=19998", "alluxio.master.rpc.port is 19998 as well"},
		{"alluxio.worker.ramdisk.size=48MB", "one block (64MB) does not fit"},
		{"alluxio.worker.ramdisk.size=1furlong", "this is no size"},
		{"alluxio.integration.mesos.failover.timeout=soon", "this is no duration"},
		{"alluxio.integration.mesos.worker.count=0", "this is no count"},
		{"alluxio.integration.mesos.master.node.count=3", "several masters are not supported"},
		{"alluxio.integration.mesos.port.source=any", "write fixed"},
		{"alluxio.integration.mesos.framework.name=../x", "use letters"},
		{"alluxio.integration.mesos.node.dir=relative", "write an absolute path"},
		{"alluxio.integration.mesos.jdk.url=hdfs://b/k.tar.gz", "no fetcher serves the scheme hdfs:"},
		{"alluxio.integration.mesos.jdk.checksum=md5:abc", "only sha256"},
		{"alluxio.integration.mesos.alluxio.jar.url=LOCAL\nalluxio.integration.mesos.alluxio.jar.checksum=sha256:" + strings.Repeat("0", 64), "is not digested"},
		{"alluxio.integration.mesos.constraints=rack", "is no condition"},
		{"alluxio.integration.mesos.worker.count=2", "worker.count=2 wants workers on several"},
		{"alluxio.integration.mesos.worker.count=2\nalluxio.master.mount.table.root.ufs=/tmp/ufs", "ufs.shared=true"},
		{"alluxio.master.mount.table.root.ufs=tmp", "neither a URI nor an absolute path"},
		{"alluxio.master.journal.type=NOOP", "write UFS or EMBEDDED"},
		{"alluxio.version=2.9.6", "alluxio.version"},
		{"alluxio.integration.mesos.alluxio.version=1.8.2", "before 2.0"},
		{"alluxio.integration.mesos.state=zk://a/b", "ZooKeeper is not supported"},
		{"alluxio.integration.mesos.conf.files=core-site.xml", "files cannot be read here"},
		{"alluxio.integration.mesos.ufs.shared=maybe", "write true or false"},
		{"alluxio.integration.mesos.cache.size=much", "this is no size"},
		{"alluxio.integration.mesos.cache.size=0", "a cache without a size holds nothing"},
		{"alluxio.integration.mesos.cache.size=1KB", "a smaller cache evicts what the next task needs: write at least 256MB"},
		{"alluxio.integration.foo.bar=1", "remove it"},
		{"alluxio.worker.ramdisk.size=8191PB\nalluxio.integration.worker.resource.mem=8191PB", "write at most 1PB"},
		{"alluxio.integration.worker.resource.mem=1B", "alluxio.integration.worker.resource.mem=1B: so much memory cannot hold"},
		{"alluxio.integration.mesos.worker.java.opts=-XX:MaxDirectMemorySize=zz", "-XX:MaxDirectMemorySize=zz is no size that fits"},
		{"alluxio.integration.mesos.worker.java.opts=-Xmx0", "-Xmx0 is no size that fits"},
		{"alluxio.integration.mesos.worker.java.opts=-Xmx99999999999999999999t", "is no size that fits"},
		{"alluxio.integration.mesos.ramdisk=../../bin/sh", "this is no name of a plugin"},
		{"alluxio.integration.mesos.fetcher.http=a/b", "this is no name of a plugin"},
		{"alluxio.integration.mesos.artifact.host=a:b:c", "this is no host"},
		{"alluxio.integration.mesos.artifact.host=http://a", "this is no host"},
		{"alluxio.integration.mesos.node.dir=/var/x\x00y", `"/var/x\x00y": there are control characters in this path`},
		{"alluxio.integration.mesos.jdk.url=" + strings.Repeat("x", 9999), "... (9999 characters)"},
		{"some.key=" + strings.Repeat("x", 1<<20), "travel with every task"},
	} {
		t.Run(c.lines, func(t *testing.T) {
			t.Parallel()
			_, err := Read(site(strings.Split(c.lines, "\n")...), Options{})
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "%!")
		})
	}
}

func TestProblemsShowNoSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ line, want string }{
		{"alluxio.integration.mesos.alluxio.jar.url=ftp://u:hush@h/x.tgz", "jar.url=ftp://xxxxx@h/x.tgz: no fetcher"},
		{"alluxio.integration.mesos.jdk.url=http://u:hush@h:x/y?token=hush", "jdk.url=http://xxxxx@h:x/y?xxxxx: "},
		{"alluxio.master.mount.table.root.ufs=s3://key:hush@bucket/a", "take them out"},
		{"alluxio.integration.mesos.secrt=hush", "secrt=(hidden): there is no such key"},
		{"alluxio.integration.mesos.master.java.opts=-Dfs.s3a.secret.key='hu hush' 'open", "-Dfs.s3a.secret.key=*** 'open: the quote"},
		{"alluxio.integration.mesos.master.java.opts=-Dproxy=http://u:hush@h/", "-Dproxy=http://xxxxx@h/ would show"},
	} {
		_, err := Read(site(c.line), Options{})
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "hush", c.line)
	}
}

func TestProblemsAreCountedOneByOne(t *testing.T) {
	t.Parallel()
	_, err := Read(site("alluxio.conf.dir=/x", "alluxio.logs.dir=/y", "alluxio.worker.ramdisk.size=z"), Options{})
	var all interface{ Unwrap() []error }
	require.ErrorAs(t, err, &all)
	require.Len(t, all.Unwrap(), 3)
}

func TestReadTellsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := Read(site("alluxio.integration.mesos.secrt=hush", "alluxio.worker.ramdisk.size=x", "alluxio.master.web.port=no"), Options{})
	require.ErrorContains(t, err, "did you mean alluxio.integration.mesos.secret?")
	require.ErrorContains(t, err, "alluxio.worker.ramdisk.size=x")
	require.ErrorContains(t, err, "alluxio.master.web.port=no")
	require.Len(t, strings.Split(err.Error(), "\n"), 3, err.Error())
}

func TestConfFiles(t *testing.T) {
	t.Parallel()
	files := map[string]string{"/conf/core-site.xml": "<core/>", "/etc/hdfs-site.xml": "<hdfs/>"}
	o := Options{ConfDir: "/conf", ReadFile: func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, errors.New("no such file")
	}}
	d, err := Read(site("alluxio.integration.mesos.conf.files=core-site.xml,/etc/hdfs-site.xml"), o)
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"core-site.xml": []byte("<core/>"), "hdfs-site.xml": []byte("<hdfs/>")}, d.ConfFiles)
	_, err = Read(site("alluxio.integration.mesos.conf.files=core-site.xml,missing,alluxio-site.properties"), o)
	require.ErrorContains(t, err, "no such file")
	require.ErrorContains(t, err, "alluxio-site.properties would be written twice")
}

// The parts of a task's memory add up to it, whatever was asked for.
func TestMemoryAddsUp(t *testing.T) {
	t.Parallel()
	for _, kind := range []alluxio.Process{alluxio.Master, alluxio.Worker} {
		for mb := int64(256); mb < 70000; mb += mb/7 + 1 {
			r := &reader{site: site(fmt.Sprintf("alluxio.integration.%s.resource.mem=%dMB", kind, mb))}
			m, options := r.memory(kind)
			if len(r.problems) > 0 {
				require.Less(t, mb, int64(520))
				continue
			}
			require.Equal(t, mb*MB, m.Heap+m.Direct+m.Margin, "%d", mb)
			require.GreaterOrEqual(t, m.Margin, margin(m.Task), "%d", mb)
			require.GreaterOrEqual(t, m.Heap, shapeOf(kind).minHeap)
			require.GreaterOrEqual(t, m.Direct, shapeOf(kind).minDirect)
			require.Len(t, options, 2)
		}
	}
}
