package inspect

import (
	"errors"
	"fmt"

	"auth-api/infra/localaws"
)

// Moment is a local AWS that lives for the moment, with a stack's resources in it.
type Moment struct {
	AWS     *localaws.Server
	Account string   // that the stack is of; in AWS it is localaws.Account
	Notes   []string // what is not considered
	// Stage is the one that the output apiUrl leads to, as API-ID/STAGE. It is empty where
	// the state does not tell: as planned, and where the API has a domain of its own.
	Stage string
	// Users are those that the stack declares, who are not in AWS: nobody signs in there.
	Users map[string]User
}

// User is one that a stack declares.
type User struct {
	Attributes map[string]string // such as email and custom:team
	Groups     []string
}

// UseDeployed lets use ask a local AWS in which a stack is as its state says (see
// Deployed). It returns ErrNotDeployed when no REST API is deployed.
func UseDeployed(export []byte, use func(Moment) error) error {
	err := deployed(export, use)
	if err != nil && !errors.Is(err, ErrNotDeployed) {
		return fmt.Errorf("reading the stack's state: %w", err)
	}
	return err
}

// UsePlanned lets use ask a local AWS in which a stack is as its program and its stack
// file would have it (see Planned).
func UsePlanned(root, name string, use func(Moment) error) error {
	if err := planned(root, name, use); err != nil {
		return fmt.Errorf("reading what stack %s would be: %w", name, err)
	}
	return nil
}

// person takes note of a resource that is a user, or a user's membership in a group, and
// reports whether it is one. Values that are secret are left out.
func (m *Moment) person(token string, input func(key string) any) bool {
	name, _ := input("username").(string)
	if token != "aws:cognito/user:User" && token != "aws:cognito/userInGroup:UserInGroup" {
		return false
	}
	if name == "" {
		return true
	}
	if m.Users == nil {
		m.Users = map[string]User{}
	}
	u := m.Users[name]
	if group, is := input("groupName").(string); is && token == "aws:cognito/userInGroup:UserInGroup" {
		u.Groups = append(u.Groups, group)
	}
	attributes, _ := input("attributes").(map[string]any)
	for key, value := range attributes {
		if text, is := value.(string); is {
			if u.Attributes == nil {
				u.Attributes = map[string]string{}
			}
			u.Attributes[key] = text
		}
	}
	m.Users[name] = u
	return true
}
