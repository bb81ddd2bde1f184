package executor

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/executor/steps"
	"github.com/alluxio-mesos/alluxio-mesos/plugins/host"
	launchv1 "github.com/alluxio-mesos/alluxio-mesos/proto/launch/v1"
)

// contract is the version of the launch message that this executor understands.
const contract = 1

// sweep is the process of a task that only removes what an instance left.
const sweep = "sweep"

// launch is a task's message in our own words.
type launch struct {
	order    steps.Order
	cache    string
	bytes    int64 // that the cache keeps at most
	nodePlug string
	plugins  []host.Plugin
	fetchers map[string]string
}

func decode(data []byte) (launch, error) {
	var m launchv1.Launch
	if err := proto.Unmarshal(data, &m); err != nil {
		return launch{}, fmt.Errorf("cannot read the task's launch message: %w", err)
	}
	if m.GetContract() != contract {
		return launch{}, fmt.Errorf("the scheduler speaks version %d of the launch message, this executor version %d: "+
			"restart the scheduler, so that it ships the executor of its own version", m.GetContract(), contract)
	}
	if m.GetFolders().GetNode() == "" {
		return launch{}, errors.New("the task's launch message names no node folder")
	}
	l := launch{
		order:    order(&m),
		cache:    m.GetFolders().GetCache(),
		bytes:    m.GetFolders().GetCacheBytes(),
		nodePlug: m.GetFolders().GetPlugins(),
		plugins:  shipped(m.GetPlugins()),
		fetchers: m.GetFetchers(),
	}
	return l, l.order.Validate()
}

func order(m *launchv1.Launch) steps.Order {
	return steps.Order{
		Framework:    m.GetFramework(),
		Instance:     m.GetInstance(),
		Process:      alluxio.Process(m.GetProcess()),
		Sweep:        m.GetProcess() == sweep,
		Alluxio:      software(m.GetAlluxio()),
		JDK:          software(m.GetJdk()),
		VendorJDK:    software(m.GetJdkFallbacks()[runtime.GOARCH]),
		Version:      m.GetAlluxioVersion(),
		Properties:   alluxio.FromMap(m.GetProperties()),
		JVMOptions:   m.GetJvmOptions(),
		ConfFiles:    m.GetConfFiles(),
		Node:         m.GetFolders().GetNode(),
		RootUFS:      m.GetFolders().GetRootUfs(),
		Ramdisk:      steps.Ramdisk{Plugin: m.GetRamdisk().GetPlugin(), Path: m.GetRamdisk().GetPath(), Size: m.GetRamdisk().GetSizeBytes()},
		Journal:      steps.Journal{Needed: m.GetJournal().GetNeeded(), Expected: m.GetJournal().GetExpected()},
		StartTimeout: time.Duration(m.GetStartTimeoutMillis()) * time.Millisecond,
	}
}

func software(a *launchv1.Artifact) steps.Software {
	return steps.Software{Source: a.GetSource(), Checksum: a.GetChecksum(), Path: a.GetPath()}
}
