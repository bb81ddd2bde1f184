// Package api answers over HTTP what the scheduler knows, as JSON, and takes the requests to stop and to change plugins.
// It turns the plan's view into the wire types and guards them: it listens on loopback unless told otherwise, refuses
// foreign Host headers, wants the token of the state folder for whatever changes something, bounds what a slow client can
// hold, and has no secrets to tell.
package api
