package plugins

// ServeFetcher makes the process a fetcher plugin: it answers the host that started it
// and returns when the host is done with it or gone. It is all that a fetcher's main does.
func ServeFetcher(f Fetcher) { serve(kindFetcher, &FetcherPlugin{Impl: f}, f.Shutdown) }

// ServeRamdisk makes the process a ramdisk plugin, as ServeFetcher does for a fetcher.
func ServeRamdisk(r Ramdisk) { serve(kindRamdisk, &RamdiskPlugin{Impl: r}, r.Shutdown) }
