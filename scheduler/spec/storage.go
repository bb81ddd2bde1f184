package spec

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
	"github.com/alluxio-mesos/alluxio-mesos/fetchers/redact"
)

const (
	ramdiskSizeKey = "alluxio.worker.ramdisk.size"
	blockSizeKey   = "alluxio.user.block.size.bytes.default"
	tierAliasKey   = "alluxio.worker.tieredstore.level0.alias"
	tierPathKey    = "alluxio.worker.tieredstore.level0.dirs.path"
	tierQuotaKey   = "alluxio.worker.tieredstore.level0.dirs.quota"
	storeTypeKey   = "alluxio.worker.block.store.type"
	rootUFSKey     = "alluxio.master.mount.table.root.ufs"
)

// ramdisk reads the memory tier. Where the operator put something else at tier 0 there is none.
func (r *reader) ramdisk() {
	d := &r.d.Ramdisk
	if alias := r.text(tierAliasKey, "MEM"); !strings.EqualFold(alias, "MEM") {
		r.note("%s=%s: no ramdisk is made, %s is used as it is", tierAliasKey, alias, tierPathKey)
		return
	}
	if strings.EqualFold(r.text(storeTypeKey, "FILE"), "PAGE") {
		r.note("%s=PAGE: no ramdisk is made", storeTypeKey)
		return
	}
	d.Plugin = r.plugin(Prefix+"ramdisk", "tmpfs")
	d.Dir = r.folder(Prefix+"ramdisk.dir", "/mnt/alluxio-mesos")
	if _, set := r.site.Get(ramdiskSizeKey); !set {
		// Alluxio's own default is two thirds of the memory of whichever machine reads it.
		r.note("%s is not set: each worker's ramdisk has 1GB", ramdiskSizeKey)
	}
	d.Size = r.size(ramdiskSizeKey, 1024*MB)
	// A worker allocates whole blocks: below one, every write fails.
	if block := r.size(blockSizeKey, 64*MB); d.Size < block {
		r.refuse(ramdiskSizeKey, "one block ("+alluxio.FormatSize(block)+") does not fit in it, so every write would fail",
			"give at least "+alluxio.FormatSize(block)+", better several times that, or lower "+blockSizeKey)
	}
	r.tierPath()
}

func (r *reader) tierPath() {
	if value := r.text(tierPathKey, ""); value != "" {
		r.note("%s=%s is not used: each worker's ramdisk lies below %s", tierPathKey, shown(tierPathKey, value), r.d.Ramdisk.Dir)
	}
	if value := r.text(tierQuotaKey, ""); value != "" && r.size(tierQuotaKey, 0) != r.d.Ramdisk.Size {
		r.note("%s=%s is not used: it is the ramdisk's size, %s", tierQuotaKey, value, alluxio.FormatSize(r.d.Ramdisk.Size))
	}
}

// rootUFS resolves the root storage once, for all.
func (r *reader) rootUFS() {
	u := &r.d.UFS
	u.Shared = r.boolean(Prefix + "ufs.shared")
	raw, _ := r.site.Get(rootUFSKey)
	// The default as 1.8 and 2.9 write it names the work folder, which every instance has for itself.
	if slices.Contains([]string{"", "${alluxio.work.dir}/underFSStorage", "${alluxio.home}/underFSStorage"}, strings.TrimSpace(raw)) {
		u.URI, u.Local, u.Default = path.Join(r.d.Folders.Node, r.d.Name, "underFSStorage"), true, true
		r.note("%s is not set: %s on the hosts themselves", rootUFSKey, u.URI)
	} else {
		u.URI = r.text(rootUFSKey, "")
		u.Local = localUFS(u.URI)
		r.relativeUFS()
		r.openUFS()
	}
	if u.OneHost() && r.d.WorkerCount > 1 {
		r.problem(fmt.Errorf("%s=%s is a folder of one host, and %sworker.count=%d wants workers on several: %s",
			rootUFSKey, u.URI, Prefix, r.d.WorkerCount, u.WayOut()))
	}
}

func (r *reader) relativeUFS() {
	if !strings.Contains(r.d.UFS.URI, "://") && !strings.HasPrefix(r.d.UFS.URI, "/") {
		r.refuse(rootUFSKey, "this is neither a URI nor an absolute path", "write for example hdfs://namenode:9000/alluxio, s3://bucket/alluxio or /mnt/shared")
	}
}

// openUFS refuses credentials in the URI: Alluxio shows it in its logs and on its web page, as does status.
func (r *reader) openUFS() {
	if redact.Reveals(r.d.UFS.URI) {
		r.refuse(rootUFSKey, "Alluxio shows this URI to everybody, and it holds what may be credentials",
			"take them out, and give them as properties of their own, such as aws.accessKeyId and aws.secretKey")
	}
}

// WayOut says what to do where a local root UFS keeps workers off other hosts.
func (u RootUFS) WayOut() string {
	return "set " + rootUFSKey + " to storage that all hosts reach (hdfs://..., s3://..., a mounted share), and if it is a mounted share say " +
		Prefix + "ufs.shared=true"
}

func localUFS(uri string) bool {
	return strings.HasPrefix(uri, "/") || strings.HasPrefix(uri, "file:")
}

// The whole launch message travels through the Mesos master, which keeps tasks in memory.
const maxShipped = 512 << 10

// confFiles reads the further files of the conf folder.
func (r *reader) confFiles() {
	key := Prefix + "conf.files"
	r.d.ConfFiles = map[string][]byte{}
	total := 0
	for _, name := range strings.Split(r.text(key, ""), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		data := r.confFile(key, name)
		total += len(data)
	}
	if total > maxShipped {
		r.refuse(key, fmt.Sprintf("the files have %d bytes, and travel with every task", total),
			"ship at most 512KB, and name larger files by paths that exist on the agents")
	}
}

func (r *reader) confFile(key, name string) []byte {
	base := path.Base(name)
	if _, twice := r.d.ConfFiles[base]; twice || base == "alluxio-site.properties" {
		r.refuse(key, base+" would be written twice", "name each file once; the site file is always shipped")
		return nil
	}
	if r.options.ReadFile == nil {
		r.refuse(key, "files cannot be read here", "leave it out")
		return nil
	}
	file := name
	if !path.IsAbs(file) {
		file = path.Join(r.options.ConfDir, file)
	}
	data, err := r.options.ReadFile(file)
	if err != nil {
		r.refuse(key, err.Error(), "name files of "+r.options.ConfDir+", or absolute paths on the scheduler's host")
		return nil
	}
	r.d.ConfFiles[base] = data
	return data
}
