// Package spec turns what the operator wrote (site properties and -D overrides) into a Deployment, or into every
// problem at once, each naming the key, the value and the way out (Read); and a Deployment with a placement into the
// launch message for one process of one instance (Bind). What only placement can decide, host names, ports and master
// addresses, is decided in Bind and nowhere else.
//
// It is pure. It knows nothing of offers (scheduler/offer) nor of when something is launched (scheduler/plan).
package spec
