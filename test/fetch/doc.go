// Package fetch tests from outside what befalls a fetch: the real fetchers, built and run
// as the host runs them, over a line that counts every byte, has a speed, and can be cut.
// The result has to be right, and not much may have to move twice.
package fetch
