// Package localaws is AWS as this project uses it, in one process on one loopback
// port: hosted sign-in and user pool API, identity pool, STS, API Gateway, usage
// plans and the Lambda functions themselves. It enforces what AWS enforces, from the
// resources that were declared to it (package provider), and says no when in doubt.
//
// Addresses, below http://localhost:PORT:
//
//	/execute-api/API/STAGE/...       the REST APIs
//	/auth/PREFIX/...                 hosted sign-in of the user pool domain PREFIX
//	/POOL/.well-known/...            keys and metadata of a user pool
//	/ with X-Amz-Target or Action    cognito-idp, cognito-identity, ssm, logs and sts
//	/2015-03-31/functions/...        Lambda's API: invoking functions and looking at them
//	/usageplans/PLAN/usage           API Gateway's GetUsage
//	/restapis/API/stages/STAGE...    API Gateway's GetStage and GetExport
//	/_runtime/...                    the Lambda Runtime API, for the functions alone
//	/_local/...                      what a tester needs and AWS does not have
package localaws

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"auth-api/infra/localaws/audit"
	"auth-api/infra/localaws/authz"
	"auth-api/infra/localaws/clock"
	"auth-api/infra/localaws/gateway"
	"auth-api/infra/localaws/iam"
	"auth-api/infra/localaws/identitypool"
	"auth-api/infra/localaws/lambda"
	lambdaapi "auth-api/infra/localaws/lambda/api"
	logsapi "auth-api/infra/localaws/lambda/logs/api"
	"auth-api/infra/localaws/ssm"
	"auth-api/infra/localaws/store"
	"auth-api/infra/localaws/testers"
	"auth-api/infra/localaws/userpool"
	"auth-api/infra/localaws/userpool/api"
	"auth-api/infra/localaws/userpool/hosted"
)

// Account is the account id of every local AWS. AWS gives no account this id, so a
// program can tell the two apart.
const Account = "000000000000"

// DefaultPort is the port that a local AWS listens on unless told otherwise.
const DefaultPort = 4566

// Config says what a local AWS is to be. Its zero value, but for Dir, is usable.
type Config struct {
	// Dir is the folder of the store and of the functions' code. Required.
	Dir string
	// Port to listen on, on loopback. Zero means a free one.
	Port int
	// Region that is served; us-west-2 when empty.
	Region string
	// Log takes one line a request and the functions' output; nil discards them.
	Log *slog.Logger
	// Now is the clock beneath the local AWS's own (Server.Clock); time.Now when nil.
	Now func() time.Time
	// Rand is the source of ids, keys and codes; crypto/rand when nil.
	Rand io.Reader
	// Bounds keep slow and large requests from holding the server.
	Bounds Bounds
	// The key pair of the account's administrator; both empty means test and test.
	AdminAccessKeyID, AdminSecretAccessKey string
	// Tune changes the rooms' settings before they are opened, for tests that need
	// weaker password hashing, another idle time, or functions of their own (the
	// gateway's Lambda). May be nil.
	Tune func(*Rooms)
}

// Rooms are the settings of the rooms that a caller may tune.
type Rooms struct {
	UserPool *userpool.Config
	Lambda   *lambda.Config
	Gateway  *gateway.Config
}

// Server is a running local AWS. Its fields are for the provider and the fixtures.
type Server struct {
	Account, Region string
	Now             func() time.Time // of Clock
	Clock           *clock.Clock     // what every room goes by; lambda's idle time alone is real time
	Store           *store.Store
	IAM             *iam.Service
	UserPools       *userpool.Service
	IdentityPools   *identitypool.Service
	Lambda          *lambda.Service
	SSM             *ssm.Service
	Gateway         *gateway.Service
	Mailbox         *Mailbox

	userAPI   *api.API
	hosted    *hosted.Server
	lambdaAPI *lambdaapi.API
	logsAPI   *logsapi.API
	usageAPI  *gateway.UsageAPI

	describeAPI *gateway.DescribeAPI

	testers  *testers.Service
	requests audit.Requests
	tokens   testers.Tokens
	gate     testers.Gate

	log      *slog.Logger
	rand     io.Reader
	bounds   Bounds
	held     atomic.Int64 // bytes of request bodies
	listener net.Listener
	http     *http.Server
	served   chan error
}

// Start opens the store in cfg.Dir and serves what is declared there. Close stops it.
func Start(cfg Config) (*Server, error) {
	if cfg.Region == "" {
		cfg.Region = "us-west-2"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if cfg.Port < 0 || cfg.Port > 65535 {
		return nil, fmt.Errorf("starting the local AWS: the port is %d; legal are 1 to 65535, and 0 for a free one", cfg.Port)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.Port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("starting the local AWS: port %d is taken by another program; choose one that is free, such as LOCAL_PORT=%d", cfg.Port, cfg.Port+1)
	}
	if err != nil {
		return nil, fmt.Errorf("starting the local AWS: %w", err)
	}
	clk := clock.New(cfg.Now)
	s := &Server{
		Account: Account, Region: cfg.Region, Clock: clk, Now: clk.Now, Mailbox: testers.NewMailbox(clk.Now),
		log: cfg.Log, rand: cfg.Rand, bounds: cfg.Bounds.withDefaults(), listener: listener, served: make(chan error, 1),
	}
	if err := s.open(cfg); err != nil {
		_ = s.closeRooms() // the error that matters is the first
		_ = listener.Close()
		return nil, fmt.Errorf("starting the local AWS: %w", err)
	}
	s.http = &http.Server{
		Handler: s.handler(),
		// A slow client may not hold a connection for ever. There is no WriteTimeout, as
		// a function waits for its next event with a request that stays open: answers
		// have their time from when they begin (recorder).
		ReadHeaderTimeout: s.bounds.Header,
		ReadTimeout:       s.bounds.Body,
		IdleTimeout:       s.bounds.Idle,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(cfg.Log.Handler(), slog.LevelWarn),
	}
	go func() { s.served <- s.http.Serve(listener) }()
	return s, nil
}

// open opens the rooms, each on the shoulders of the ones before it.
func (s *Server) open(cfg Config) (err error) {
	if s.Store, err = store.Open(filepath.Join(cfg.Dir, "local-aws.db")); err != nil {
		return err
	}
	userPools := userpool.Config{
		Store: s.Store, Now: s.Now, Rand: s.rand, Account: s.Account, Region: s.Region, Mail: s.mail, Issued: s.tokens.Add,
		Invoke: s.invokeTrigger,
	}
	functions := lambda.Config{
		Store: s.Store, Now: s.Now, Rand: s.rand, Log: s.log, Account: s.Account, Region: s.Region,
		Dir: filepath.Join(cfg.Dir, "functions"), Address: s.listener.Addr().String,
		Credentials: func(roleARN, sessionName string) (iam.Credentials, error) {
			return s.IAM.AssumeServiceRole(roleARN, "lambda.amazonaws.com", sessionName)
		},
		Authorize: func(roleARN, sessionName string, want iam.Request) authz.Decision {
			return s.IAM.AuthorizeServiceRole(roleARN, sessionName, want)
		},
		OnLog: s.logFunction,
	}
	apis := gateway.Config{Store: s.Store, Now: s.Now, Rand: s.rand, Log: s.log, Account: s.Account, Region: s.Region}
	if cfg.Tune != nil {
		cfg.Tune(&Rooms{UserPool: &userPools, Lambda: &functions, Gateway: &apis})
	}
	if s.IAM, err = iam.New(iam.Config{
		Store: s.Store, Now: s.Now, Rand: s.rand, Account: s.Account, Region: s.Region,
		AdminAccessKeyID: cfg.AdminAccessKeyID, AdminSecretAccessKey: cfg.AdminSecretAccessKey,
	}); err != nil {
		return err
	}
	if s.UserPools, err = userpool.New(userPools); err != nil {
		return err
	}
	s.userAPI, s.hosted = api.New(s.UserPools), hosted.New(s.UserPools, s.URL)
	s.userAPI.Admit = s.admitUserPools
	if s.IdentityPools, err = identitypool.New(identitypool.Config{
		Store: s.Store, Now: s.Now, Rand: s.rand, Account: s.Account, Region: s.Region, IAM: s.IAM, Tokens: s.UserPools,
	}); err != nil {
		return err
	}
	s.IdentityPools.Admit = s.admitIdentityPools
	s.IAM.TrustWebIdentities(s.IdentityPools.VerifyOpenIDToken)
	if s.Lambda, err = lambda.New(functions); err != nil {
		return err
	}
	s.lambdaAPI = lambdaapi.New(s.Lambda, s.IAM)
	s.logsAPI = logsapi.New(s.Lambda, s.IAM, s.Account, s.Region)
	if s.SSM, err = ssm.New(ssm.Config{Store: s.Store, Now: s.Now, Rand: s.rand, Account: s.Account, Region: s.Region, IAM: s.IAM}); err != nil {
		return err
	}
	apis.IAM, apis.Tokens = s.IAM, s.UserPools
	if apis.Lambda == nil {
		apis.Lambda = s.Lambda
	}
	if s.Gateway, err = gateway.New(apis); err != nil {
		return err
	}
	s.usageAPI, s.describeAPI = gateway.NewUsageAPI(s.Gateway, s.IAM), gateway.NewDescribeAPI(s.Gateway, s.IAM)
	s.testers = testers.New(testers.Config{
		Region: s.Region, URL: s.URL, Log: s.log, Clock: s.Clock, Store: s.Store, UserPools: s.UserPools, IdentityPools: s.IdentityPools,
		Lambda: s.Lambda, Gateway: s.Gateway, Mailbox: s.Mailbox, Requests: &s.requests, Tokens: &s.tokens, Gate: &s.gate,
	})
	return nil
}

// URL is the base of every address, such as http://localhost:4566. Browsers treat
// localhost as a secure context, and Cognito takes it as a callback without TLS.
func (s *Server) URL() string {
	return "http://localhost:" + strconv.Itoa(s.listener.Addr().(*net.TCPAddr).Port)
}

// Declared is called by the provider after a change is on disk, so that what is no
// longer declared does not linger: old code, and processes that ran it.
func (s *Server) Declared() {
	if err := s.Lambda.Prune(); err != nil {
		s.log.Warn("removing code that is no longer used", "error", err)
	}
}

// Close lets running requests end for as long as ctx allows, stops the functions and
// closes the store.
func (s *Server) Close(ctx context.Context) error {
	// Functions wait on open requests of their own: end them first, so that Shutdown
	// need not wait for them.
	err := s.closeRooms()
	return errors.Join(s.http.Shutdown(ctx), err, s.closeStore())
}

// Wait returns when the server has stopped serving, with the reason unless it was closed.
func (s *Server) Wait() error {
	if err := <-s.served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the local AWS: %w", err)
	}
	return nil
}

func (s *Server) closeRooms() error {
	var errs []error
	if s.Gateway != nil {
		errs = append(errs, s.Gateway.Close())
	}
	if s.Lambda != nil {
		errs = append(errs, s.Lambda.Close())
	}
	return errors.Join(errs...)
}

func (s *Server) closeStore() error {
	if s.Store == nil {
		return nil
	}
	return s.Store.Close()
}
