package cache

// Temp is the folder of all stages: the only one below the cache that downloads are
// written to.
func (c *Cache) Temp() string { return c.path(tmpDir) }
