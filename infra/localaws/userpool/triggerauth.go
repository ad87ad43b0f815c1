package userpool

import (
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool/triggers"
)

// preAuthentication asks the pool's function whether whoever has this name may try to
// sign in, before anything is proved. It is not asked about a name that is locked, nor
// about one that nobody has unless the client hides that.
func (s *Service) preAuthentication(app App, name string) error {
	arn := app.pool.lambdaConfig().PreAuthentication
	if arn == "" {
		return nil
	}
	var u user
	var found, locked bool
	err := s.cfg.Store.View(func(tx *store.Tx) (err error) {
		if u, found, err = app.pool.findUser(tx, name); err != nil {
			return err
		}
		if !found {
			u = user{Username: name, Attributes: map[string]string{}}
		}
		count, err := s.attemptsOf(tx, s.attemptKey(app.pool, u.Username))
		locked = s.now().Before(count.Locked)
		return err
	})
	if err != nil || locked || !found && !app.client.hidesUsers() {
		return err // what is wrong with the name is said by what comes next
	}
	r := s.eventFor(app.pool, app.call, triggers.SourcePreAuthentication, app.client.ID, u)
	if !found {
		r.UserAttributes = map[string]string{}
	}
	event, err := triggers.PreAuthenticationEvent(r, app.call.ValidationData, found)
	if err != nil {
		return err
	}
	payload, err := s.callFunction(app.pool, app.call, triggers.PreAuthentication, arn, event)
	if err != nil {
		return err
	}
	return invalidAnswer(triggers.PreAuthentication, triggers.ReadAuthentication(payload))
}

// postAuthentication tells the pool's function that the user has signed in. When it
// fails there are no tokens, and no browser session.
func (s *Service) postAuthentication(in admission) error {
	arn := in.app.pool.lambdaConfig().PostAuthentication
	if arn == "" || in.first {
		return nil
	}
	event, err := triggers.PostAuthenticationEvent(s.eventFor(in.app.pool, in.app.call, triggers.SourcePostAuthentication, in.app.client.ID, in.grant.user))
	if err != nil {
		return err
	}
	payload, err := s.callFunction(in.app.pool, in.app.call, triggers.PostAuthentication, arn, event)
	if err != nil {
		return err
	}
	return invalidAnswer(triggers.PostAuthentication, triggers.ReadAuthentication(payload))
}
