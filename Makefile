# Everything that is done with this project. make help lists it.
#
# Needs Go, git and make, and a Go module proxy. Pulumi is used where it is on PATH,
# else built once into bin/.

STACK ?= local
# Port of the local AWS; empty means the one it runs on, or ran on last, or 4566 at first.
LOCAL_PORT ?=
# Who calls, for make call and make explain; make knows an AS of its own, the assembler.
ifeq ($(origin AS),default)
AS :=
endif
# -race for tests with the race detector, which needs a C compiler.
RACE ?=
# How long make fuzz runs each fuzzer.
FUZZTIME ?= 3s
# More arguments for pulumi, such as ARGS=--yes.
ARGS ?=
# A plan: preview keeps its own there, and up then does exactly that.
PLAN ?=
# Where preview-comment writes, and pr-comment reads; empty is standard output.
FILE ?=
# The number of a pull request, and the stack that its own is made from.
PR ?=
FROM ?= dev
# The project's new name, for make rename.
NAME ?=

# Where the checkout is goes neither into what is built nor into the keys of Go's build
# cache: a further checkout of the same code compiles nothing anew.
ifeq (,$(findstring -trimpath,$(GOFLAGS)))
export GOFLAGS := $(strip -trimpath $(GOFLAGS))
endif

SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

stack = bin/stack $(1) --stack '$(STACK)' $(if $(LOCAL_PORT),--port '$(LOCAL_PORT)') $(2) $(if $(ARGS),-- $(ARGS))

.PHONY: help up preview access outputs refresh destroy down logs call tools toolchain test bench ci check fmt vet staticcheck vulncheck web-check e2e fuzz clean web-config explain verify preview-comment drift pr-comment pr-stack actionlint rename

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { line = sprintf("  make %-16s", $$1); n = split($$2, words, " "); \
	   for (i = 1; i <= n; i++) { if (words[i] == "make" || length(line) + 1 + length(words[i]) > 80) { print line; line = sprintf("%23s", "") } line = line " " words[i] } print line }' $(MAKEFILE_LIST)
	@printf '\n  STACK=NAME chooses the stack (Pulumi.NAME.yaml; local by default, on the local\n  AWS). LOCAL_PORT=N chooses the port of the local AWS, and is kept; ARGS="..."\n  goes to pulumi, or to the tool. All tools and their exit codes:\n  infra/cmd/README.md.\n'

up: tools ## bring the stack up (STACK=local), or change it
	@$(call stack,up,$(if $(PLAN),--plan '$(PLAN)'))

preview: tools ## show what up would change, and of who may call what
	@$(call stack,preview,$(if $(PLAN),--plan '$(PLAN)'))

preview-comment: tools ## the preview as Markdown, for a pull request (FILE=comment.md, PLAN=plan.json)
	@$(call stack,comment,$(if $(PLAN),--plan '$(PLAN)') $(if $(FILE),--file '$(FILE)'))

pr-comment: ## write the comment of a pull request, or change it: make pr-comment PR=123 FILE=comment.md
	@go run ./infra/cmd/pr comment --number '$(PR)' --file '$(FILE)'

pr-stack: ## write the stack file of a pull request: make pr-stack PR=123 (FROM=dev)
	@go run ./infra/cmd/pr stack --number '$(PR)' --from '$(FROM)'

rename: ## give the project another name, in Pulumi.yaml and the stack files: make rename NAME=my-api
	@go run ./infra/cmd/rename --name '$(NAME)'

access: tools ## who may call what: make access STACK=dev ARGS="--why" (--changes, --planned, --json, --markdown)
	@bin/access --stack '$(STACK)' $(ARGS)

explain: tools ## why somebody may call a route or not: make explain ROUTE="GET /require-auth" AS=guest (REQUEST=ID, MESSAGE="...", ARGS="--planned")
	@bin/explain --stack '$(STACK)' $(if $(AS),--as '$(AS)') $(if $(REQUEST),--request '$(REQUEST)') $(if $(MESSAGE),--message "$$MESSAGE") $(if $(ROUTE),'$(ROUTE)') $(ARGS)

outputs: tools ## print the stack's outputs as JSON, secrets in the clear
	@bin/stack outputs --stack '$(STACK)'

web-config: tools ## print what a client in a browser needs: make web-config ARGS="--prefix VITE_" (--json, --amplify)
	@bin/stack web-config --stack '$(STACK)' $(ARGS)

refresh: tools ## compare the stack's state with what stands
	@$(call stack,refresh)

drift: tools ## what somebody changed by hand since the last up: resources, and what the API serves
	@$(call stack,drift)

destroy: tools ## delete everything that the stack made
	@$(call stack,destroy)

down: tools ## stop the local AWS; what it holds is kept
	@bin/local stop

logs: ## follow the local AWS's log: each request, the decision and why
	@tail -n 50 -f .auth-api/local/local-aws.log

call: tools ## call a route: make call AS=demouser ROUTE="GET /require-auth"
	@bin/call --stack '$(STACK)' $(if $(AS),--as '$(AS)') $(ROUTE)

verify: tools ## attack a deployed stack on purpose: make verify STACK=dev ARGS="--verbose" (--only, --json, --list)
	@bin/verify --stack '$(STACK)' $(ARGS)

# The program and the project's own commands. Go builds only what has changed.
tools: toolchain
	@mkdir -p bin
	@[ -x bin/infra ] || { \
	   echo "Compiling the program, its tools and the handlers; the first time this takes about a minute and a half." >&2; \
	   CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags lambda.norpc ./functions/...; \
	 }
	@go build -buildvcs=false -o bin/ ./infra ./infra/cmd/local ./infra/cmd/stack ./infra/cmd/call ./infra/cmd/access ./infra/cmd/explain ./infra/cmd/verify

# The Pulumi CLI and its Go language host, unless both are on PATH.
toolchain:
	@if command -v pulumi >/dev/null 2>&1 && command -v pulumi-language-go >/dev/null 2>&1; then exit 0; fi; \
	 mkdir -p bin; \
	 if [ ! -x bin/pulumi ] || [ infra/toolchain/go.mod -nt bin/pulumi ]; then \
	   echo "There is no Pulumi on PATH: building its CLI into bin/, once. This takes about 4 minutes on two cores." >&2; \
	   start=$$(date +%s); \
	   go -C infra/toolchain build -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$$(go -C infra/toolchain list -m -f '{{.Version}}' github.com/pulumi/pulumi/pkg/v3)" -o ../../bin/pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi; \
	   touch bin/pulumi; \
	   echo "Built bin/pulumi in $$(( $$(date +%s) - start )) s." >&2; \
	 fi; \
	 go -C infra/toolchain build -ldflags "-s -w" -o ../../bin/pulumi-language-go ./pulumi-language-go

# What serves many at once, which the race detector looks at with RACE=-race. The rest are
# programs of one thread, whole stacks that were deployed, tests in browsers and by clients,
# and those of large requests and kills, which it makes three times as slow. The network is
# a module of its own, which would compile all of aws/ec2 once more.
concurrent = /functions/|/infra/client$$|/infra/localaws($$|/a[^w]|/[bd-rt-z]|/clock$$|/s[^t]|/store$$)

test: ## run the tests
ifeq ($(RACE),)
	@go test ./...
else
	@go test $(RACE) $$(go list ./... | grep -E '$(concurrent)')
	@go test $(RACE) -run TestLoad ./infra/localaws/stress
	@go test -skip '^TestLoad$$' $$(go list ./... | grep -vE '$(concurrent)')
endif
	@go -C infra/network test ./...
	@missing=; \
	 has() { for c in "$$@"; do if command -v "$$c" >/dev/null 2>&1; then return 0; fi; done; return 1; }; \
	 has chromium chromium-browser google-chrome || missing="$$missing, a browser (Chromium)"; \
	 has npm || missing="$$missing, the clients from npm"; \
	 has curl || missing="$$missing, curl"; \
	 has aws || missing="$$missing, the AWS CLI"; \
	 if [ -n "$$missing" ]; then echo "NOT TRIED, as it is not on PATH: $${missing#, }. Everything else was tested." >&2; fi

bench: ## measure the local AWS beside serverless-offline and claudia-api-builder (ARGS=-markdown, -json, -check)
	@go test -run '^$$' -bench . -benchmem $(addprefix ./infra/localaws/,sigv4 authz iam gateway lambda) >&2
	@go run ./infra/localaws/bench $(ARGS)

fuzz: ## run every fuzzer for a short while (FUZZTIME=3s)
	@go run ./infra/cmd/fuzz -time '$(FUZZTIME)' $(ARGS)

ci: fmt vet staticcheck actionlint vulncheck ## what CI runs: formatting, vet, staticcheck, actionlint, govulncheck, the types of the web client, tests with -race, the fuzzers for a short while, and one run with the real CLI
	@CI=true $(MAKE) web-check
	@CI=true $(MAKE) test RACE=-race
	@$(MAKE) fuzz FUZZTIME=500ms ARGS=-fresh
	@$(MAKE) e2e SHORT=-short

e2e: tools ## bring local stacks up with the real Pulumi CLI and use them, in folders of their own (SHORT=-short)
	@go test -tags e2e -count=1 -timeout 30m $(SHORT) ./infra/cmd/e2e

fmt:
	@unformatted=$$(gofmt -l functions infra); \
	 if [ -n "$$unformatted" ]; then echo "Not formatted (gofmt -w mends it):"; echo "$$unformatted"; exit 1; fi

vet:
	@go vet ./...
	@go vet -tags e2e ./infra/cmd/e2e
	@go -C infra/network vet ./...
	@go -C infra/toolchain vet ./pulumi-language-go

staticcheck:
	@mkdir -p bin
	@go -C infra/toolchain build -ldflags "-s -w" -o ../../bin/staticcheck honnef.co/go/tools/cmd/staticcheck
	@bin/staticcheck ./...
	@cd infra/network && ../../bin/staticcheck ./...

# Without what else it would run, where that happens to be on PATH: the result is the same
# everywhere.
actionlint:
	@go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 -shellcheck= -pyflakes=

# Exit code 3 means that a vulnerability was found. Where the database of
# vulnerabilities cannot be reached this says so and goes on: the check is then left
# to a run that can.
vulncheck:
	@code=0; check="run golang.org/x/vuln/cmd/govulncheck@v1.3.0 ./..."; \
	 out=$$({ go $$check && go -C infra/network $$check; } 2>&1) || code=$$?; \
	 case "$$code:$$out" in \
	   0:*) echo "govulncheck: no vulnerabilities" ;; \
	   3:*) echo "$$out"; exit 1 ;; \
	   *"no such host"* | *"connection refused"* | *"i/o timeout"* | *"network is unreachable"* | *"server misbehaving"*) \
	     echo "govulncheck: NOT RUN, its database cannot be reached from here" ;; \
	   *) echo "$$out"; exit 1 ;; \
	 esac

# TypeScript and ESLint are npm's, and no part of what is deployed. They are installed
# once for each lockfile, outside the source tree, and look at a copy of the sources.
web-check: ## type-check and lint the web client; needs npm, which nothing else of it does
	@src=functions/web/client; \
	 tmp= work=; trap '[ -z "$$tmp$$work" ] || rm -rf "$$tmp" "$$work"' EXIT; \
	 not_checked() { echo "web-check: NOT CHECKED: $$1" >&2; if [ -n "$${CI:-}" ]; then exit 1; fi; exit 0; }; \
	 command -v npm >/dev/null 2>&1 || not_checked "there is no npm on PATH; install the package npm (apt-get install npm)"; \
	 dir=.auth-api/npm/web-$$(cat $$src/package-lock.json $$src/package.json | git hash-object --stdin | cut -c 1-16); \
	 if [ ! -d $$dir ]; then \
	   mkdir -p .auth-api/npm; tmp=$$(mktemp -d .auth-api/npm/web.XXXXXX); \
	   cp $$src/package.json $$src/package-lock.json $$src/.npmrc $$tmp; \
	   npm ci --prefix $$tmp --ignore-scripts --no-audit --no-fund --no-update-notifier --fetch-retries=1 --fetch-retry-mintimeout=1000 --loglevel=error >$$tmp/log 2>&1 || { \
	     if grep -Eq 'code (ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT)' $$tmp/log; then not_checked "npm reached no registry"; fi; \
	     cat $$tmp/log >&2; exit 1; \
	   }; \
	   mv $$tmp $$dir 2>/dev/null || [ -d $$dir ]; \
	 fi; \
	 work=$$PWD/$$(mktemp -d $$dir/work.XXXXXX); cp $$src/*.ts $$src/tsconfig.json $$src/eslint.config.js $$work; cd $$work; \
	 ../node_modules/.bin/tsc --project . && ../node_modules/.bin/eslint --max-warnings 0 . && echo "web-check: the web client is well typed"

clean: ## remove what was built; the stacks' state and the local AWS's store are kept
	@rm -rf bin .auth-api/artifacts .auth-api/npm
