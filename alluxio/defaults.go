package alluxio

// defaultValue returns Alluxio 2.9's default of a property that says where things lie or what address they get, and
// so matters to who deploys it. (alluxio.worker.ramdisk.size is not among them: its default depends on the memory of
// the machine that reads it.) A test compares them with those in Alluxio's own jar.
func defaultValue(key string) (string, bool) {
	value, ok := map[string]string{
		"alluxio.home":           "/opt/alluxio",
		"alluxio.work.dir":       "${alluxio.home}",
		"alluxio.conf.dir":       "${alluxio.home}/conf",
		"alluxio.logs.dir":       "${alluxio.work.dir}/logs",
		"alluxio.user.logs.dir":  "${alluxio.logs.dir}/user",
		"alluxio.extensions.dir": "${alluxio.home}/extensions",

		"alluxio.master.journal.folder":       "${alluxio.work.dir}/journal",
		"alluxio.master.metastore.dir":        "${alluxio.work.dir}/metastore",
		"alluxio.master.mount.table.root.ufs": "${alluxio.work.dir}/underFSStorage",
		"alluxio.master.backup.directory":     "/alluxio_backups",

		"alluxio.worker.tieredstore.level0.alias":           "MEM",
		"alluxio.worker.tieredstore.level0.dirs.path":       "/mnt/ramdisk",
		"alluxio.worker.tieredstore.level0.dirs.mediumtype": "${alluxio.worker.tieredstore.level0.alias}",
		"alluxio.worker.tieredstore.level0.dirs.quota":      "${alluxio.worker.ramdisk.size}",

		"alluxio.job.master.hostname": "${alluxio.master.hostname}",
		"alluxio.job.worker.hostname": "${alluxio.worker.hostname}",

		"alluxio.master.bind.host":         "0.0.0.0",
		"alluxio.master.web.bind.host":     "0.0.0.0",
		"alluxio.worker.bind.host":         "0.0.0.0",
		"alluxio.worker.web.bind.host":     "0.0.0.0",
		"alluxio.job.master.bind.host":     "0.0.0.0",
		"alluxio.job.master.web.bind.host": "0.0.0.0",
		"alluxio.job.worker.bind.host":     "0.0.0.0",
		"alluxio.job.worker.web.bind.host": "0.0.0.0",
		"alluxio.proxy.web.bind.host":      "0.0.0.0",

		"alluxio.master.rpc.port":                  "19998",
		"alluxio.master.web.port":                  "19999",
		"alluxio.master.embedded.journal.port":     "19200",
		"alluxio.job.master.rpc.port":              "20001",
		"alluxio.job.master.web.port":              "20002",
		"alluxio.job.master.embedded.journal.port": "20003",
		"alluxio.worker.rpc.port":                  "29999",
		"alluxio.worker.web.port":                  "30000",
		"alluxio.job.worker.rpc.port":              "30001",
		"alluxio.job.worker.data.port":             "30002",
		"alluxio.job.worker.web.port":              "30003",
		"alluxio.proxy.web.port":                   "39999",
	}[key]
	return value, ok
}
