package alluxio

// Process names a kind of Alluxio process.
type Process string

// The processes that can be deployed. The job service (JobMaster, JobWorker) came with 2.0.
const (
	Master    Process = "master"
	JobMaster Process = "job-master"
	Worker    Process = "worker"
	JobWorker Process = "job-worker"
	Proxy     Process = "proxy"
)

// JVM arguments that Alluxio's scripts add only where the operator gave none of the kind.
const (
	masterHeap  = "-Xmx8g"
	workerHeap  = "-Xmx4g"
	workerExtra = "-XX:MaxDirectMemorySize=4g"
	metaspace   = "-XX:MetaspaceSize=256M"
)

// program is how a process is started (alluxio.master.AlluxioMaster with its loggers).
type program struct {
	main     string
	logger   string   // the appender in log4j.properties
	audit    []string // further logger properties
	defaults []string // added if absent
	job      bool     // part of the job service
	formats  string   // the argument of alluxio.cli.Format, if it needs formatting
}

// programOf knows all processes. From launch-process of 2.9 and alluxio-start.sh of 1.8, which agree but for the audit
// loggers of the job master and the proxy and the metaspace, all new in 2.x.
func programOf(p Process, v Version) (program, bool) {
	modern := v.AtLeast(2, 0)
	switch p {
	case Master:
		master := program{
			main: "alluxio.master.AlluxioMaster", logger: "MASTER_LOGGER", formats: "master",
			audit: []string{"-Dalluxio.master.audit.logger.type=MASTER_AUDIT_LOGGER"}, defaults: []string{masterHeap},
		}
		if modern {
			master.defaults = append(master.defaults, metaspace)
		}
		return master, true
	case Worker:
		return program{
			main: "alluxio.worker.AlluxioWorker", logger: "WORKER_LOGGER", formats: "worker",
			defaults: []string{workerHeap, workerExtra},
		}, true
	case Proxy:
		proxy := program{main: "alluxio.proxy.AlluxioProxy", logger: "PROXY_LOGGER"}
		if modern {
			proxy.audit = []string{"-Dalluxio.proxy.audit.logger.type=PROXY_AUDIT_LOGGER"}
		}
		return proxy, true
	case JobMaster:
		return program{
			main: "alluxio.master.AlluxioJobMaster", logger: "JOB_MASTER_LOGGER", job: true,
			audit: []string{"-Dalluxio.job.master.audit.logger.type=JOB_MASTER_AUDIT_LOGGER"},
		}, modern
	case JobWorker:
		return program{main: "alluxio.worker.AlluxioJobWorker", logger: "JOB_WORKER_LOGGER", job: true}, modern
	}
	return program{}, false
}
