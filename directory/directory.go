// Package directory is the domain of Commonage: initiatives, the seed forms
// they embody, the places they are at, the instances that publish them, and the
// rules that hold for all of these. It does no I/O and imports nothing of ours.
//
// The words are those of FEDERATION.md: an instance is one server; an
// initiative belongs to the instance that published it, its origin; an entry is
// an initiative's record in a directory, own or carried.
package directory
