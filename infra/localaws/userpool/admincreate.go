package userpool

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/triggers"
)

// NewUser is a user that an administrator makes.
type NewUser struct {
	Username          string
	Attributes        map[string]string
	TemporaryPassword string   // made up when empty
	MessageAction     string   // "", RESEND for a new invitation to a user who is there, or SUPPRESS for none
	Mediums           []string // EMAIL and SMS: how to invite; by what the user has when empty
	ForceAlias        bool     // take a verified address from a user who has it as an alias
}

// errAccountExists is UsernameExistsException as AdminCreateUser words it.
var errAccountExists = Refuse("UsernameExistsException", "User account already exists")

// CreateUser makes a user with a temporary password, which the invitation holds, or
// sends the invitation again.
//
// https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
func (a Admin) CreateUser(in NewUser) (User, error) {
	if in.TemporaryPassword != "" {
		if err := a.pool.checkPassword(in.TemporaryPassword); err != nil {
			return User{}, err
		}
	}
	for _, check := range []error{
		oneOf("messageAction", some(in.MessageAction), []string{"RESEND", "SUPPRESS"}),
		oneOf("desiredDeliveryMediums", in.Mediums, []string{"SMS", "EMAIL"}),
	} {
		if check != nil {
			return User{}, Invalid("1 validation error detected: %s", check)
		}
	}
	if in.MessageAction == "RESEND" {
		return a.inviteAgain(in)
	}
	u, err := a.newUser(in.Username, in.Attributes)
	if err != nil {
		return User{}, err
	}
	if _, err := u.reach(in); err != nil {
		return User{}, err
	}
	if err := a.service.free(a.pool, u); err != nil {
		return User{}, exists(err)
	}
	if _, err := a.service.preSignUp(a.pool, a.call, triggers.SourceAdminCreateUser, triggers.NoClient, u); err != nil {
		return User{}, err // what else the function asks for is ignored, as on AWS
	}
	var password string
	if password, u.Password, err = a.temporary(u.Username, in.TemporaryPassword); err != nil {
		return User{}, err
	}
	err = a.service.cfg.Store.Update(func(tx *store.Tx) error {
		if _, found, err := users.Get(tx, a.pool.userKey(u.Username)); err != nil {
			return err
		} else if found {
			return errAccountExists
		}
		if in.ForceAlias {
			if err := a.service.takeAliases(tx, a.pool, u); err != nil {
				return err
			}
		}
		err := a.service.saveUser(tx, a.pool, u)
		var alias aliasTaken
		if len(a.pool.UsernameAttributes) > 0 && errors.As(err, &alias) {
			return addressTaken(alias)
		}
		if err = taken(err); err != nil {
			return err
		}
		u, _, err = users.Get(tx, a.pool.userKey(u.Username))
		return err
	})
	if err != nil {
		return User{}, err
	}
	return u.view(), a.invite(u, in, password)
}

// newUser makes a user of what an administrator gave, without a password.
func (a Admin) newUser(name string, attributes map[string]string) (user, error) {
	p := a.pool
	if err := checkUsername(name); err != nil {
		return user{}, err
	}
	if len(p.UsernameAttributes) == 0 && slices.Contains(p.AliasAttributes, "email") && strings.Contains(name, "@") {
		return user{}, Invalid("Username cannot be of email format, since user pool is configured for email alias.")
	}
	attributes = lowerBooleans(attributes)
	if err := a.checkAttributes(attributes); err != nil {
		return user{}, err
	}
	u, err := a.service.newUser(p, name, attributes)
	if err != nil {
		return user{}, err
	}
	maps.DeleteFunc(u.Attributes, func(_, value string) bool { return value == "" })
	if err := checkFormats(u.Attributes); err != nil {
		return user{}, err
	}
	u.Status = statusForceChange
	return u, verifiedNeedsValue(u.Attributes)
}

// exists gives UsernameExistsException the words of AdminCreateUser.
func exists(err error) error {
	if errors.Is(err, errUserExists) {
		return errAccountExists
	}
	return err
}

// temporary makes what is kept of a temporary password, and the password when none is given.
func (a Admin) temporary(username, password string) (string, credential, error) {
	if password == "" {
		var err error
		if password, err = a.pool.policy().Temporary(a.service.random); err != nil {
			return "", credential{}, err
		}
	}
	c, err := a.service.newCredential(a.pool, username, password)
	return password, c, err
}

// inviteAgain gives a user who never chose a password a new temporary one. What else
// the call says of the user is ignored.
func (a Admin) inviteAgain(in NewUser) (User, error) {
	found, err := a.User(in.Username)
	if err != nil {
		return User{}, err
	}
	password, next, err := a.temporary(found.Username, in.TemporaryPassword)
	if err != nil {
		return User{}, err
	}
	var u user
	err = a.change(found.Username, func(tx *store.Tx, current user) error {
		if current.Sub != found.Sub {
			return errNoUser.because("the user was deleted and made anew meanwhile")
		}
		if current.Status != statusForceChange {
			return Refuse("UnsupportedUserStateException", "Resend not possible. "+current.Username+" status is not FORCE_CHANGE_PASSWORD")
		}
		if _, err := current.reach(in); err != nil {
			return err
		}
		current.setPassword(a.pool, next)
		if err := a.service.saveUser(tx, a.pool, current); err != nil {
			return err
		}
		u, _, err = users.Get(tx, a.pool.userKey(current.Username))
		return err
	})
	if err != nil {
		return User{}, err
	}
	return u.view(), a.invite(u, in, password)
}

// reach returns the attributes that an invitation goes to: those asked for, which the
// user must have, or the user's phone number or else email address, if any.
func (u user) reach(in NewUser) ([]string, error) {
	if in.MessageAction == "SUPPRESS" {
		return nil, nil
	}
	var out []string
	for _, attribute := range []string{"phone_number", "email"} {
		asked := slices.Contains(in.Mediums, medium(attribute))
		switch has := u.Attributes[attribute] != ""; {
		case asked && !has:
			return nil, Invalid("Cannot send the invitation by %s: the user has no %s.", medium(attribute), attribute)
		case asked, len(in.Mediums) == 0 && has && len(out) == 0:
			out = append(out, attribute)
		}
	}
	return out, nil
}

// invite sends the temporary password to the user.
func (a Admin) invite(u user, in NewUser, password string) error {
	to, err := u.reach(in)
	for _, attribute := range to {
		a.service.deliver(a.call.context(), &Message{
			PoolID: a.pool.ID, Username: u.Username, Medium: medium(attribute), Destination: u.Attributes[attribute], Kind: MailInvitation,
			Code: password, Expires: a.pool.PasswordPolicy.TemporaryExpires(u.Password.Set),
		})
	}
	return err
}
