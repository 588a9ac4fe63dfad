package directory

import (
	"regexp"
	"time"
)

// User is somebody who runs this instance, named on the about page and in
// NodeInfo.
type User struct {
	Name    string // unique here, [a-z0-9_]
	Display string // as shown
	Contact string // a fediverse address, an e-mail address or a web page; public
	Role    UserRole
	Created time.Time
}

// UserRole says what a user answers for.
type UserRole string

// The roles of users.
const (
	Admin  UserRole = "admin"  // the instance as a whole
	Editor UserRole = "editor" // its entries
)

// UserRoles lists every role of users.
func UserRoles() []UserRole { return []UserRole{Admin, Editor} }

var contactPattern = regexp.MustCompile(`^(https?://\S+|@?[^\s@]+@[^\s@]+)$`)

// Validate returns an *Invalid for the first field that breaks a rule, or nil.
func (u *User) Validate() error {
	switch {
	case !handlePattern.MatchString(u.Name):
		return Invalidf("name", "%q must be 1 to 30 of a-z, 0-9 and _", u.Name)
	case u.Contact != "" && !contactPattern.MatchString(u.Contact):
		return Invalidf("contact", "%q is not a web address, a fediverse address or an e-mail address", u.Contact)
	}
	_, err := ParseWord("role", string(u.Role), UserRoles())
	return err
}
