package spec

import (
	"github.com/alluxio-mesos/alluxio-mesos/alluxio"
)

// vendorJDKs are what agents without a fitting Java download, by architecture as Go names it. Alluxio 2.x gets an 11,
// 1.x an 8, which is all that it runs on. URLs and digests are those of Eclipse Temurin's own image recipes:
// https://github.com/adoptium/containers, 11/jdk/ubuntu/resolute/Dockerfile at 07888bf8fa89 and
// 8/jdk/ubuntu/resolute/Dockerfile at 0d1c6220920a.
func vendorJDKs(v alluxio.Version) map[string]Artifact {
	const (
		java11 = "https://github.com/adoptium/temurin11-binaries/releases/download/jdk-11.0.32%2B9/OpenJDK11U-jdk_"
		java8  = "https://github.com/adoptium/temurin8-binaries/releases/download/jdk8u492-b09/OpenJDK8U-jdk_"
	)
	if !v.AtLeast(2, 0) {
		return map[string]Artifact{
			"amd64": {Source: java8 + "x64_linux_hotspot_8u492b09.tar.gz",
				Checksum: "sha256:da257f161d7f8c6ca5b0e5d9e4090f65ac28c5e398072e68b8ae87988b1d1a2e"},
			"arm64": {Source: java8 + "aarch64_linux_hotspot_8u492b09.tar.gz",
				Checksum: "sha256:3c2253b986909c20f79d6de7a0cb957f89c243df57615897836046e24d2e5257"},
		}
	}
	return map[string]Artifact{
		"amd64": {Source: java11 + "x64_linux_hotspot_11.0.32_9.tar.gz",
			Checksum: "sha256:5906e0339e9322a688b2375eaf40666e00a16e008b0067b0a9f9e4b6c5033720"},
		"arm64": {Source: java11 + "aarch64_linux_hotspot_11.0.32_9.tar.gz",
			Checksum: "sha256:66a7d4af3572d920b0f1b01710ffa79888d4ddd1b784632e33a3d711aa7d1e63"},
	}
}

// fallbacks are the JDKs that an agent may download unasked: none where the operator named a source or a place.
func (r *reader) fallbacks() map[string]Artifact {
	if r.d.JDK.Source != "" || r.d.JDK.Path != "" {
		return nil
	}
	return vendorJDKs(r.d.Version)
}
