package plugins

import "context"

const kindFetcher, kindRamdisk = "fetcher", "ramdisk"

type FetcherPlugin struct{ Impl Fetcher }
type RamdiskPlugin struct{ Impl Ramdisk }

func serve(kind string, p any, shutdown func(context.Context) error) {}
