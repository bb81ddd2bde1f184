// Package offer decides whether the need of an instance fits what one agent offers, from which of the offered resources
// it is taken, and, where it does not fit, why not and what the operator can do about it.
//
// It is pure and knows no Alluxio: a need is amounts and named ports. Which instance goes where, and when an offer is
// declined, is scheduler/plan's.
package offer
