// Package testers is what a tester needs of the local AWS and AWS does not have, under
// the address /_local: messages, requests with their decisions, users, tokens' ids,
// usage, a clock that moves, and a way back to how everything was after it was declared.
// No secret is in its answers but the codes in the mailbox.
//
// The endpoints are one table, which routing, the address's own description, the answer
// for what is not there and TESTING.md are made from.
package testers

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/clock"
	"auth-api/infra/localaws/declared"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/lambda"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/userpool"
)

// Config is what a Service looks into. All of it is required.
type Config struct {
	Region string
	URL    func() string // such as http://localhost:4566

	Log           *slog.Logger
	Clock         *clock.Clock
	Store         *store.Store
	UserPools     *userpool.Service
	IdentityPools *identitypool.Service
	Lambda        *lambda.Service
	Gateway       *gateway.Service
	Mailbox       *Mailbox
	Requests      *audit.Requests
	Tokens        *Tokens
	Gate          *Gate
}

// Service serves testers. It is safe for use by many goroutines.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service { return &Service{cfg: cfg} }

// Health says that a local AWS runs, and which.
type Health struct {
	PID    int       `json:"pid"`
	Region string    `json:"region"`
	URL    string    `json:"url"`
	Time   time.Time `json:"time"` // by the local AWS's clock
	// ClockOffset is how far that clock is ahead of the real one, such as 6m0s; left out
	// when it is not. A restart goes back to real time.
	ClockOffset string `json:"clockOffset,omitempty"`
}

// Health says that the local AWS runs, and which.
func (s *Service) Health() Health {
	h := Health{PID: os.Getpid(), Region: s.cfg.Region, URL: s.cfg.URL(), Time: s.cfg.Clock.Now().UTC()}
	if offset := s.cfg.Clock.Offset(); offset != 0 {
		h.ClockOffset = offset.String()
	}
	return h
}

// Resources returns the ids of all that is declared, or of what the stack PROJECT/STACK
// declared, by kind. Kinds that begin with recorded.Prefix are recorded only: nothing
// enforces them.
func (s *Service) Resources(stack string) (inventory map[string][]string, err error) {
	err = s.cfg.Store.View(func(tx *store.Tx) (err error) {
		if stack != "" {
			inventory, err = declared.InventoryOf(tx, stack)
			return err
		}
		inventory = declared.Inventory(tx)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what is declared: %w", err)
	}
	return inventory, nil
}

// ClockView is what the local AWS's clock shows.
type ClockView struct {
	Now    time.Time `json:"now"`
	Real   time.Time `json:"real"`   // the clock beneath it, the host's unless a test gave another
	Offset string    `json:"offset"` // by how much now is ahead of real, such as 6m0s or -10m0s
	Moved  bool      `json:"moved"`
}

func (s *Service) clockView() ClockView {
	real, offset := s.cfg.Clock.Real(), s.cfg.Clock.Offset()
	return ClockView{Now: real.Add(offset).UTC(), Real: real.UTC(), Offset: offset.String(), Moved: offset != 0}
}

// clockMoved logs what a tester did to the clock, as everything that is dated follows it.
func (s *Service) clockMoved() {
	v := s.clockView()
	if !v.Moved {
		s.cfg.Log.Info("the clock shows real time again", slog.Time("now", v.Now))
		return
	}
	s.cfg.Log.Warn("the clock was moved and runs on from there, until it is reset or the local AWS restarts", slog.Time("now", v.Now), slog.String("offset", v.Offset))
}

// resetPatience is how long a reset waits, of real time, for requests under way.
const resetPatience = 10 * time.Second

// errBusy means that requests under way did not end in time for a reset.
var errBusy = errors.New("the local AWS is busy")

// Reset brings the local AWS back to how it was just after its stack was brought up:
// users who were not declared are gone, with every code, session, refresh token and
// identity; declared ones are as declared. Usage, buckets, what authorizers answered,
// the mailbox, functions' logs, the record of requests and tokens are empty, and the
// clock shows real time. What is declared stays, and so do running functions.
//
// Every other request sees the local AWS before or after it; one that waits for a
// function goes on after it. When it fails nothing has changed: also when requests
// under way do not end within ten seconds.
func (s *Service) Reset(ctx context.Context) error {
	patient, cancel := context.WithTimeout(ctx, resetPatience)
	defer cancel()
	err := s.cfg.Gate.Alone(patient, s.reset)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(errBusy, err)
	}
	if err != nil {
		return fmt.Errorf("resetting the local AWS, of which nothing has changed: %w", err)
	}
	s.cfg.Log.Info("the local AWS was reset")
	return nil
}

func (s *Service) reset() error {
	// First of all: users must not be made at a time that is yet to come.
	moved := s.cfg.Clock.Offset()
	s.cfg.Clock.Reset()
	var before int // messages; those after them are to users whom the reset makes anew
	err := s.cfg.Gateway.Reset(func(dropUsage func(*store.Tx) error) error {
		return s.cfg.Store.Update(func(tx *store.Tx) error {
			before = s.cfg.Mailbox.count()
			for _, step := range []func(*store.Tx) error{dropUsage, s.cfg.IdentityPools.Reset, s.cfg.UserPools.Reset} {
				if err := step(tx); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		s.cfg.Mailbox.drop(func(m Mail) bool { return m.number > before })
		return errors.Join(err, s.cfg.Clock.Advance(moved))
	}
	s.cfg.Mailbox.drop(func(m Mail) bool { return m.number <= before })
	s.cfg.Requests.Clear()
	s.cfg.Tokens.clear()
	s.cfg.Lambda.ClearLogs()
	return nil
}
