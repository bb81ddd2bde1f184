package alluxio_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

func TestIsSecret(t *testing.T) {
	t.Parallel()
	for _, key := range []string{
		"s3a.accessKeyId", "s3a.secretKey", "aws.accessKeyId", "aws.secretKey", "fs.gcs.accessKeyId", "fs.gcs.secretAccessKey",
		"fs.oss.accessKeyId", "fs.oss.accessKeySecret", "fs.cos.access.key", "fs.cos.secret.key", "fs.swift.password", "fs.swift.apikey",
		"fs.swift.user", "fs.swift.tenant", "fs.azure.account.key.me.blob.core.windows.net", "fs.azure.sas.box.me.blob.core.windows.net",
		"fs.azure.account.oauth2.client.secret.me.dfs.core.windows.net", "alluxio.integration.mesos.secret",
		"alluxio.master.mount.table.root.option.s3a.secretKey", "alluxio.master.mount.table.root.option.aws.accessKeyId",
		"alluxio.master.mount.table.root.option.fs.swift.user", "javax.net.ssl.keyStorePassword", "my.session-token", "S3A.SECRETKEY",
		"java.naming.security.credentials", "s3a.sessionToken",
	} {
		assert.True(t, alluxio.IsSecret(key), key)
	}
	for _, key := range []string{
		"alluxio.master.hostname", "alluxio.secondary.master.metastore.dir", "alluxio.integration.mesos.web.token.file",
		"alluxio.underfs.s3.region", "alluxio.master.mount.table.root.ufs", "alluxio.integration.mesos.principal", "",
		"alluxio.security.authentication.type", "alluxio.user.metrics.collection.enabled",
	} {
		assert.False(t, alluxio.IsSecret(key), key)
	}
}

func TestRedact(t *testing.T) {
	t.Parallel()
	p := parse(t, "s3a.secretKey=hunter2\na.b=c\n")
	assert.Equal(t, "s3a.secretKey=***\na.b=c\n", string(alluxio.Redact(p).Bytes()))
	assert.Contains(t, string(p.Bytes()), "hunter2", "the original changed")
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	site := "alluxio.master.port=1\na.b=c\nalluxio.worker.memory.size=1GB\nalluxio.underfs.address=/x\n" +
		"alluxio.master.mount.table.root.ufs=/y\nalluxio.worker.data.port=29999\nalluxio.keyvalue.enabled=true\n" +
		"alluxio.worker.file.buffer.size=1MB\n"
	p := parse(t, site)

	named, notes := alluxio.Canonical(p, version(t, "2.9.6"))
	assert.Equal(t, "alluxio.master.rpc.port=1\na.b=c\nalluxio.worker.ramdisk.size=1GB\nalluxio.master.mount.table.root.ufs=/y\n",
		string(named.Bytes()))
	assert.Equal(t, []string{
		"alluxio.master.port is called alluxio.master.rpc.port since Alluxio 2.0",
		"alluxio.underfs.address is not used: it is the old name of alluxio.master.mount.table.root.ufs, which is set too",
		"alluxio.worker.memory.size is called alluxio.worker.ramdisk.size since Alluxio 2.0",
		"alluxio.keyvalue.enabled has no effect since Alluxio 2.0.0 and is left out",
		"alluxio.worker.data.port has no effect since Alluxio 2.0.0 and is left out: use alluxio.worker.rpc.port",
		"alluxio.worker.file.buffer.size has no effect since Alluxio 2.6.0 and is left out",
	}, notes)

	named, _ = alluxio.Canonical(p, version(t, "2.5.0"))
	_, kept := named.Get("alluxio.worker.file.buffer.size")
	assert.True(t, kept, "2.5 still knows it")

	named, notes = alluxio.Canonical(p, version(t, "1.8.2"))
	assert.Equal(t, site, string(named.Bytes()))
	assert.Empty(t, notes)
	assert.Equal(t, site, string(p.Bytes()), "the original changed")
}

func TestCheckSite(t *testing.T) {
	t.Parallel()
	v := version(t, "2.9.6")
	require.NoError(t, alluxio.CheckSite(parse(t, "alluxio.home=/opt/alluxio\nalluxio.master.hostname=x\n"), v))
	assert.EqualError(t, alluxio.CheckSite(parse(t, "alluxio.version=2.9.6\nalluxio.logs.dir=/x\n"), v),
		"alluxio.logs.dir may not stand in the site file of Alluxio 2.9.6, which refuses to start with it: "+
			"remove it: alluxio-mesos sets it for each process\n"+
			"alluxio.version may not stand in the site file of Alluxio 2.9.6, which refuses to start with it: "+
			"remove it: the distribution knows it; alluxio.integration.mesos.alluxio.version chooses one")
}

func TestPorts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		process       alluxio.Process
		version, site string
		want          map[string]int
	}{
		{alluxio.Master, "2.9.6", "", map[string]int{"rpc": 19998, "web": 19999, "journal": 19200}},
		{alluxio.Master, "2.9.6", "alluxio.master.journal.type=UFS", map[string]int{"rpc": 19998, "web": 19999}},
		{alluxio.Master, "2.9.6", "a.b=embedded\nalluxio.master.journal.type=${a.b}", map[string]int{"rpc": 19998, "web": 19999, "journal": 19200}},
		{alluxio.JobMaster, "2.9.6", "", map[string]int{"rpc": 20001, "web": 20002, "journal": 20003}},
		{alluxio.Worker, "2.9.6", "", map[string]int{"rpc": 29999, "web": 30000}},
		{alluxio.JobWorker, "2.9.6", "", map[string]int{"rpc": 30001, "web": 30003}},
		{alluxio.Proxy, "2.9.6", "", map[string]int{"web": 39999}},
		{alluxio.Master, "1.8.2", "", map[string]int{"rpc": 19998, "web": 19999}},
		{alluxio.Worker, "1.8.2", "", map[string]int{"rpc": 29998, "data": 29999, "web": 30000}},
		{alluxio.JobMaster, "1.8.2", "", map[string]int{}},
		{"fuse", "2.9.6", "", map[string]int{}},
	} {
		got := map[string]int{}
		for _, port := range alluxio.Ports(c.process, version(t, c.version), parse(t, c.site)) {
			got[port.Name] = port.Default
		}
		assert.Equal(t, c.want, got, "%s of %s", c.process, c.version)
	}
}

func TestReadinessProbe(t *testing.T) {
	t.Parallel()
	v := version(t, "2.9.6")
	for process, want := range map[alluxio.Process]alluxio.Probe{
		alluxio.Master:    {PortName: "web", Path: "/api/v1/master/info"},
		alluxio.Worker:    {PortName: "web", Path: "/api/v1/worker/info"},
		alluxio.Proxy:     {PortName: "web", Path: "/api/v1/proxy/info"},
		alluxio.JobMaster: {PortName: "web", Path: "/api/v1/job_master/info"},
		alluxio.JobWorker: {PortName: "rpc", TCP: true},
	} {
		assert.Equal(t, want, alluxio.ReadinessProbe(process, v, false), process)
	}
	assert.Equal(t, alluxio.Probe{PortName: "journal", TCP: true}, alluxio.ReadinessProbe(alluxio.Master, v, true))
	assert.Equal(t, alluxio.Probe{PortName: "web", Path: "/api/v1/worker/info"}, alluxio.ReadinessProbe(alluxio.Worker, v, true))
}

func TestClientProperties(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		masters []string
		job     bool
		want    string
	}{
		{[]string{"h:1"}, false, "alluxio.master.hostname=h\nalluxio.master.rpc.port=1\nalluxio.user.file.writetype.default=CACHE_THROUGH\n"},
		{[]string{"h:1"}, true, "alluxio.master.hostname=h\nalluxio.master.rpc.port=1\n"},
		{[]string{"h"}, true, "alluxio.master.hostname=h\n"},
		{[]string{"h:1", "i:2"}, true, "alluxio.master.rpc.addresses=h:1,i:2\n"},
		{nil, true, ""},
	} {
		assert.Equal(t, c.want, string(alluxio.ClientProperties(c.masters, c.job).Bytes()))
	}
}
