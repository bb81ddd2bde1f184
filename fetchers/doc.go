// Package fetchers holds, in its folders, what every fetch shares: source (how a
// source is written; pure), unpack (archives as they arrive) and cache (what the node
// keeps), and the built-in fetchers localfetch, httpfetch and s3fetch, with what the latter
// two share (transfer, netconf, headers). A fetcher only moves bytes into a file, or names
// folders that lie on the node already; hashing, unpacking, caching and trying again are
// the host's (plugins/host), so that each is done in one place.
package fetchers
