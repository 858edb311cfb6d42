# ENV is the environment to synth, diff or deploy: dev, staging or prod.
# FLAGS is passed to the CDK command line, the local cloud, the operator or the benchmark.
# STOCK is what run and receive receive: SKU=QUANTITY, more of them with spaces between.
# STACK names a stack in AWS for console, receive, watch, order, dlq, redrive, discard, replay,
# audit, record, balance, erase and rotate; without it they work with what make run has started.
# QUEUE is a dead-letter queue, as dlq names it. ORDER is an order for order, record and
# replay. TO is the context that a replay is for, FROM and UNTIL are times. CUSTOMER is the id of a customer for balance and erase.
# MODULE is the new module path for rename.
# VERSION is the version of the libraries that release prepares.
# RACE=-race runs the tests with the race detector (needs a C compiler).
# ORDERS is how many orders the benchmark places, and how many original places, and how.
# SOURCE is the checkout whose handlers original runs.
# PREVIOUS is the release that upgrade runs beside the working tree, and compat compares
# with it, as git names it; without it that is the one in acceptance/previous-release.
# PACKAGES are the guarded packages for mutants: 'pkg/event services/order'; SINCE is a commit.
# DEBUG are functions, by their construct paths, that run builds and runs for a debugger: 'Order/Api Order/Worker'.
# REPO is the GitHub repository whose workflows deploy ENV: owner/name.
ENV   ?= dev
FLAGS ?=
STOCK ?= 123=1000000
STACK ?=
QUEUE ?=
TO    ?=
ORDER ?=
FROM  ?=
UNTIL ?=
CUSTOMER ?=
RACE  ?=
REPO  ?=
# A variable of the shell with this name is for other programs.
DEBUG := $(if $(filter command,$(origin DEBUG)),$(DEBUG))

# Every command in services/*/cmd is a Lambda function: order/api is services/order/cmd/api.
FUNCTIONS  := $(subst /cmd/,/,$(patsubst services/%/main.go,%,$(wildcard services/*/cmd/*/main.go)))
PROGRAMS   := $(FUNCTIONS:%=dist/local/%/bootstrap)
ASSEMBLY   := cdk.out/local/manifest.json
GOLANGCI   := .bin/golangci-lint-2.15.0
ACTIONLINT := .bin/actionlint-1.7.12
ZIZMOR     := .bin/zizmor-1.32.0/bin/zizmor
LINTER     := .bin/linttemplates
OPENAPI    := .bin/lintopenapi
EMULATOR   := .bin/trydeploy

# The synthesized templates: the tests hold the golden files to be what is synthesized.
TEMPLATES := $(filter-out infra/testdata/dashboard%,$(wildcard infra/testdata/*.golden.json)) \
             $(wildcard infra/bootstrap/*.json)

# Licences that require no more than to be named. Packages that only tests use are
# not shipped, and not checked.
# htmx, which the console embeds, is 0BSD.
LICENCES := Apache-2.0,MIT,BSD-2-Clause,BSD-3-Clause,ISC,0BSD

# The sources of the synthesized templates; everything else is an asset.
INFRA := cdk.json package-lock.json infra/go.mod infra/go.sum \
         $(shell find infra pkg/contract pkg/event pkg/ijson pkg/jsonschema pkg/keyring pkg/language -name '*.go' ! -name '*_test.go') \
         $(shell find pkg/contract pkg/event -name '*.json')

# With -trimpath the build cache also serves copies of the repository in other folders,
# which some tests make. A debugger needs the paths.
export GOFLAGS := $(filter-out -trimpath,$(GOFLAGS)) $(if $(DEBUG),,-trimpath)
# Node 20 is past its end of life. It still works, and would warn at every synthesis.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export CDK_DISABLE_VERSION_CHECK := 1
export CDK_DISABLE_CLI_TELEMETRY := 1
export PYTHONDONTWRITEBYTECODE := 1

CDK := node_modules/.bin/cdk
# The modules. Those of APART are not in the workspace.
MODULES := $(patsubst %/go.mod,%,$(wildcard */go.mod services/*/go.mod examples/*/go.mod))
APART   := tools $(filter examples/%,$(MODULES))
# A program is built in its own module and without the workspace, in which Go takes
# the highest version that any module requires: so the versions in go.mod ship.
# Only a debugger needs the symbols, without which it is linked in a third less time.
GO_BUILD := GOWORK=off go build -buildvcs=false -tags lambda.norpc $(if $(DEBUG),,-ldflags=-s)

READY    := .local/ready.json
OPERATOR := dist/local/operator
CHECK    := dist/local/deployable
QUOTA    := dist/local/quota
FIRST    := dist/local/firstdeployment
COMMENT  := dist/local/diffcomment
COMPAT   := dist/local/compat
MUTANTS  := dist/local/mutants
WHERE    := $(if $(STACK),-stack $(STACK),-ready-file $(READY))

# What run does once the local cloud is up: it receives the stock, and prints how to
# use the saga.
SETUP = $(if $(STOCK),$(OPERATOR) receive -ready-file "$$LOCALCLOUD_READY_FILE" $(STOCK) && )$(OPERATOR) examples -ready-file "$$LOCALCLOUD_READY_FILE"

# The colours of events: failures, cancellations, compensations, and steps forward.
COLORS := --highlight 'red=unavailable|declined|rejected|failed|refused' --highlight magenta=cancel \
          --highlight 'yellow=released|refunded|revoked' --highlight green=.

# What is printed beside every message that moves to a dead-letter queue.
SHOW_DLQ := --dead-letter-command 'make dlq QUEUE={queue}'

# What a function has failed to handle comes back after a second at most. On AWS that takes
# minutes, and so it does with FLAGS='--redeliver-after 0'.
SOON := --redeliver-after 1s

# The packages whose resources are all in the stacks that the tests of the other packages of
# infra validate too. To load the CDK's rules takes 8 CPU seconds in each process.
PARTS := resource notification observability

.PHONY: help run console reload original receive test test-localcloud test-infra test-modules test-examples lint lint-templates lint-asyncapi lint-openapi compat mutants build synth try-deploy diff deploy github deployable quota diff-comment golden sim explore outages soak chaos upgrade bench capacity screenshots idle-cost guide watch order dlq letters redrive discard replay audit record balance erase rotate site licences vulns rename release host FORCE

help: ## List the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' Makefile

run: host $(ASSEMBLY) ## Run the whole saga on this machine.
	@echo "Starting the local cloud …"
	@mkdir -p $(dir $(READY))
	@$(OPERATOR) console -ready-file $(READY) -with-run & exec dist/local/localcloud up --assembly $(dir $(ASSEMBLY)) --ready-file $(READY) --setup '$(SETUP)' $(COLORS) $(SHOW_DLQ) $(SOON) $(DEBUG:%=--debug %) $(FLAGS)

console: $(OPERATOR) ## Show the saga in a browser; in AWS read-only, unless FLAGS=-write.
	@$(OPERATOR) console $(WHERE) $(FLAGS)

reload: $(PROGRAMS) ## Build the functions that have changed: make run uses each from its next invocation on.

receive: $(OPERATOR) ## Receive STOCK='123=10 …' into the warehouse.
	$(if $(filter file,$(origin STOCK)),$(error STOCK is missing: make receive STOCK='123=10'))
	@$(OPERATOR) receive $(WHERE) $(FLAGS) $(STOCK)

# For the CDK: with a thread for each core its Node needs a sixth more CPU time. The first
# option is what jsii sets if there are none.
test: export NODE_OPTIONS := --max-old-space-size=4069 --v8-pool-size=1
test: host $(ASSEMBLY) ## Run all tests.
	@echo "Testing each module (a first run compiles the CDK, 1 to 2 minutes) …"
	@$(MAKE) --no-print-directory -j2 test-infra test-localcloud test-modules test-examples
	@echo "Placing orders through the real programs …"
	go test $(RACE) -count=1 -timeout 20m -parallel 5 ./acceptance/...
	@for browser in chromium chromium-browser google-chrome google-chrome-stable; do command -v $$browser >/dev/null && exit; done; \
		echo "Skipped: the tests of the console in a browser. There is no Chromium or Chrome."

original: dist/local/localcloud ## Run the JavaScript handlers that this saga replaces, from SOURCE, and count the orders that they lose.
	@acceptance/original/assemble $(or $(SOURCE),acceptance/original/handlers) .local/original
	@exec dist/local/localcloud up --assembly .local/original --ready-file .local/original.json --setup 'node acceptance/original/place.mjs $(or $(ORDERS),20 together)' $(FLAGS)

test-localcloud: ## Test the local cloud: its units, and how it conforms to AWS.
	go test $(RACE) $$(go list ./localcloud/... | grep -v /conformance)
	go test $(RACE) -count=1 ./localcloud/conformance/...

test-infra:
	go test $$(go list ./infra/... | grep -v $(PARTS:%=-e /%$$))
	CDK_VALIDATION=false go test $(PARTS:%=./infra/%)

test-modules:
	go test $(RACE) $$(go list work | grep -v -e /infra -e /acceptance -e /localcloud)
	cd tools && GOWORK=off go test $(RACE) ./...

test-examples:
	@for example in $(filter-out examples/hotel,$(filter examples/%,$(MODULES))); do (cd $$example && GOWORK=off go test ./...) || exit 1; done
	@$(MAKE) --no-print-directory -C examples/hotel test

lint: $(GOLANGCI) $(ACTIONLINT) $(ZIZMOR) licences lint-templates lint-openapi lint-asyncapi ## Check style, architecture, workflows, templates, policies, the API documents, licences, and that each module builds alone.
	@echo "Linting all modules …"
	$(ACTIONLINT) -shellcheck= -pyflakes=
	$(ZIZMOR) --offline --quiet .github
	$(GOLANGCI) run $(patsubst %,./%/...,$(filter-out $(APART),$(MODULES)))
	@for module in $(APART); do (cd $$module && GOWORK=off "$(CURDIR)/$(GOLANGCI)" run ./...) || exit 1; done
	@for module in $(MODULES); do (cd $$module && GOWORK=off go vet ./...) || exit 1; done

lint-templates: $(LINTER)/installed ## Check the synthesized templates with cfn-lint, and every policy in them with parliament.
	@echo "Linting the templates …"
	@cd tools/linttemplates && ../../$(LINTER)/bin/python -m unittest --quiet test_linttemplates
	$(LINTER)/bin/python tools/linttemplates/linttemplates.py $(TEMPLATES)

lint-openapi: $(OPENAPI)/installed ## Check the OpenAPI document of the order API with openapi-spec-validator.
	@$(OPENAPI)/bin/openapi-spec-validator --schema 3.1 services/order/httpapi/openapi.json

lint-asyncapi: tools/asyncapi/node_modules ## Check docs/asyncapi.json with AsyncAPI's own parser.
	@node --test --test-reporter=dot tools/asyncapi/*.test.mjs
	node tools/asyncapi/validate.mjs docs/asyncapi.json

compat: $(COMPAT) ## List what breaks clients of the order API, consumers of events or importers of the libraries since the last release, or since PREVIOUS.
	@$(COMPAT) $(PREVIOUS:%=-previous %)

mutants: $(MUTANTS) ## Change the guarded packages in small ways, one at a time, and list the changes that no test notices: all, PACKAGES, or those changed since SINCE.
	@$(MUTANTS) $(SINCE:%=-since %) $(PACKAGES)

licences: .bin/go-licenses ## Check the licences of everything that the programs are built from.
	@export GOWORK=off; for module in $(filter-out $(APART),$(MODULES)); do (cd $$module && \
		packages=$$(go list -f '{{if .GoFiles}}{{.ImportPath}}{{end}}' ./...) && test -z "$$packages" || \
		"$(CURDIR)/$<" check --ignore example.com/saga --allowed_licenses=$(LICENCES) $$packages \
		) 2>.bin/licences.log || { cat .bin/licences.log; exit 1; }; done

vulns: .bin/govulncheck ## Look for known vulnerabilities that our code reaches (reads vuln.go.dev).
	@for module in $(MODULES); do (cd $$module && GOWORK=off "$(CURDIR)/$<" -test ./...) || exit 1; done

build: $(FUNCTIONS:%=dist/lambda/%/bootstrap) ## Build the Lambda functions for AWS.

synth: node_modules build ## Synthesize the template of ENV into cdk.out/ENV.
	$(CDK) synth -c env=$(ENV) --output cdk.out/$(ENV) --build '' --quiet $(FLAGS)

try-deploy: $(EMULATOR)/installed node_modules build ## Deploy dev to an emulator of AWS on this machine, change it and remove it.
	@echo "Compiling the CDK app (a first run takes 1 to 2 minutes) …"
	@go build -o dist/local/infra ./infra
	@$(EMULATOR)/bin/python tools/trydeploy/trydeploy.py dist/local/infra .local/try-deploy.log

diff: deployable node_modules ## Show what a deployment would change in ENV.
	$(CDK) diff -c env=$(ENV) $(FLAGS)

# A protected stack is created without what prevents its deletion, so that a creation
# that fails can be repeated. The second deployment adds it.
deploy: deployable quota node_modules $(FIRST) ## Deploy ENV to the AWS account of your credentials.
	@$(FIRST) "$(ENV)" "saga-$(ENV)" $(CDK) deploy -c env=$(ENV) -c protection=later $(FLAGS)
	$(CDK) deploy -c env=$(ENV) $(FLAGS)

github: deployable node_modules $(FIRST) ## Allow the workflows of REPO to review and deploy ENV.
	$(if $(REPO),,$(error REPO is missing: make github ENV=$(ENV) REPO=owner/name))
	@$(FIRST) "$(ENV)" "saga-$(ENV)-github" $(CDK) deploy -c env=$(ENV) -c protection=later -c github=$(REPO) --build '' $(FLAGS)
	$(CDK) deploy -c env=$(ENV) -c github=$(REPO) --build '' $(FLAGS)

# Missing settings are reported before anything is built.
deployable: $(CHECK)
	@$(CHECK) "$(ENV)"

# Whether Lambda would run as much at once in the account as ENV needs. It reads the
# --profile of the CDK in FLAGS.
quota: deployable $(QUOTA)
	@$(QUOTA) "$(ENV)" $(FLAGS)

# Formats the output of make diff for a pull request: make diff | make -s diff-comment.
diff-comment: $(COMMENT)
	@$(COMMENT)

golden: ## Accept templates, permissions and the generated parts of documents as they are now: read the diff before you commit it.
	cp docs/runbooks/dead-letters.md operator/runbook/dead-letters.txt
	go test ./infra -run 'Reviewed|TestNothingThatKeepsDataIsReplaced' -update
	go test ./acceptance/simulation -run 'TestTheStateTablesInTheDocsAreThoseOfTheCode|TestEveryReachableState|TestEveryMistake|WhenAServiceFails' -update
	go test ./acceptance/document -run Generated -update
	go test ./acceptance/capacity -run Generated -update
	go test ./services/order/httpapi -run Generated -update
	go test ./localcloud -run Generated -update
	go test -count=1 ./localcloud/conformance -update

sim: ## Simulate 1,000 seeds of 50 orders in memory; SEED=n repeats a run.
	SEEDS=$${SEEDS:-1000} go test $(RACE) -count=1 -timeout 60m -v ./acceptance/simulation -run TestEveryOrderEnds

explore: ## Explore every state that one order, and two that compete, can reach; with batches of two events, too.
	BATCHES=1 go test -count=1 -timeout 60m -v ./acceptance/simulation -run TestEveryReachableState

outages: ## Simulate that a whole service fails, and write the table of docs/proof.md.
	go test -count=1 -v ./acceptance/simulation -run WhenAServiceFails -update

soak: ## Simulate until it is stopped, or fails.
	SOAK=1 go test $(RACE) -count=1 -timeout 0 -v ./acceptance/simulation -run TestEveryOrderEnds

guide: host $(ASSEMBLY) ## Follow docs/adding-a-context.md on a copy, to the end: all tests pass there too.
	GUIDE_TESTS=1 go test -count=1 -timeout 60m -v ./acceptance/document -run TestFollowingTheGuide

chaos: host $(ASSEMBLY) ## Run 500 orders under each fault, and write docs/proof.md.
	CHAOS_ORDERS=500 go test -count=1 -timeout 60m -v ./acceptance -run TestNoFault -update

upgrade: host $(ASSEMBLY) ## Run 500 orders under all faults through the previous release and the working tree at once, then roll back.
	CHAOS_ORDERS=500 go test -count=1 -timeout 30m -v ./acceptance -run 'TestOldAndNew.*/with_the_previous_release'

bench: host $(ASSEMBLY) ## Measure what an order costs, beside docs/cost.md; FLAGS=-update writes it there.
	@go test -count=1 -timeout 30m -run '^$$' -bench '^BenchmarkOrder$$' -benchtime 1x ./acceptance $(FLAGS)

capacity: ## Simulate AWS at up to 10,000 orders a second, and an overload; write docs/capacity.md.
	go test ./acceptance/capacity -run Generated -update
	CAPACITY=1 go test -count=1 -timeout 60m -v ./acceptance/capacity -run Simulated -update

screenshots: host $(ASSEMBLY) ## Make the pictures of the console in the README (needs Chromium or Chrome).
	@SCREENSHOTS="$(CURDIR)/docs/images" CI=true go test -count=1 ./acceptance/console -run TestScreenshots

idle-cost: ## Print what each environment costs in a month without orders, from its golden template.
	@go run ./acceptance/cost/idle $(patsubst %,infra/testdata/%.golden.json,dev staging prod)

watch: $(OPERATOR) ## Show the events of all orders while they happen.
	@$(OPERATOR) watch $(WHERE) $(FLAGS)

order: $(OPERATOR) ## Show why ORDER ended, or where it stands and why.
	@$(OPERATOR) order $(WHERE) $(FLAGS) -- '$(ORDER)'

dlq: $(OPERATOR) ## Show the dead-letter queues, or the dead letters in QUEUE.
	@$(OPERATOR) dlq $(WHERE) $(FLAGS) $(QUEUE)

letters: dlq

redrive: $(OPERATOR) ## Send the dead letters in QUEUE to their original destinations.
	@$(OPERATOR) redrive $(WHERE) $(FLAGS) $(QUEUE)

discard: $(OPERATOR) ## Print the dead letters in QUEUE and remove them: first with FLAGS=-dry-run.
	@$(OPERATOR) discard $(WHERE) $(FLAGS) $(QUEUE)

replay: $(OPERATOR) ## Send the events of ORDER, or FROM a time UNTIL another, to TO again.
	@$(OPERATOR) replay $(WHERE) $(if $(TO),-to $(TO)) $(if $(ORDER),-order $(ORDER)) $(if $(FROM),-from $(FROM)) $(if $(UNTIL),-until $(UNTIL)) $(FLAGS)

audit: $(OPERATOR) ## Check the invariants of the saga.
	@$(OPERATOR) audit $(WHERE) $(FLAGS)

record: $(OPERATOR) ## Show the records of ORDER in every context, as JSON.
	@$(OPERATOR) record $(WHERE) $(FLAGS) -- '$(ORDER)'

balance: $(OPERATOR) ## Print the points of CUSTOMER.
	@$(OPERATOR) balance $(WHERE) $(FLAGS) -- '$(CUSTOMER)'

erase: $(OPERATOR) ## Erase the orders and the points of CUSTOMER: first with FLAGS=-dry-run.
	@$(OPERATOR) erase $(WHERE) $(FLAGS) -- '$(CUSTOMER)'

rotate: $(OPERATOR) ## Replace the key of the notification endpoint: first without, then with FLAGS=-finish; that of orders with FLAGS='-key orders'.
	@$(OPERATOR) rotate $(WHERE) $(FLAGS)

site: $(OPERATOR) ## Write the catalogue of events and the order API as static pages into dist/site.
	@$(OPERATOR) site -template infra/testdata/prod.golden.json $(FLAGS) dist/site
	@echo "Wrote dist/site/index.html."

rename: ## Change the module path: MODULE=github.com/acme/shop.
	$(if $(MODULE),,$(error MODULE is missing: make rename MODULE=github.com/acme/shop))
	@cd tools && $(GO_BUILD) -o ../dist/local/rename ./rename
	@dist/local/rename $(FLAGS) $(MODULE)

release: ## Prepare VERSION=v0.1.0 of the libraries, and print the commands that publish it.
	$(if $(VERSION),,$(error VERSION is missing: make release VERSION=v0.1.0))
	@cd tools && $(GO_BUILD) -o ../dist/local/release ./release
	@dist/local/release $(VERSION)

# The same programs, built for this machine: the local cloud runs them.
host: $(PROGRAMS) dist/local/localcloud $(OPERATOR)

dist/lambda/%/bootstrap: FORCE
	@echo "Building $(*D)/$(*F) for AWS Lambda …"
	@cd services/$(*D) && CGO_ENABLED=0 GOOS=linux GOARCH=arm64 $(GO_BUILD) -trimpath -ldflags '-s -w' -o "$(CURDIR)/$@" ./cmd/$(*F)

# A program is replaced in one step, and only if it has changed: the local cloud starts
# new processes of it then.
dist/local/%/bootstrap: FORCE
	@cd services/$(*D) && $(GO_BUILD) $(if $(DEBUG),-gcflags 'all=-N -l') -o "$(CURDIR)/dist/built/$*" ./cmd/$(*F)
	@cmp -s dist/built/$* $@ || { echo "Built $(*D)/$(*F)."; mkdir -p $(@D) && cp dist/built/$* dist/built/$*.new && mv dist/built/$*.new $@; }

dist/local/localcloud: FORCE
	@echo "Building the local cloud …"
	@cd localcloud && $(GO_BUILD) -o ../$@ .

$(OPERATOR): FORCE
	@cd operator && $(GO_BUILD) -o ../$@ .

$(CHECK) $(QUOTA) $(FIRST) $(COMMENT): FORCE
	@cd infra && $(GO_BUILD) -o ../$@ ./cmd/$(@F)

$(COMPAT) $(MUTANTS): FORCE
	@cd tools && $(GO_BUILD) -o ../$@ ./$(@F)

# Without the shell's settings for AWS: with credentials the CDK would call AWS for the account.
OFFLINE := env $(patsubst %,-u %,$(filter AWS_%,$(.VARIABLES))) \
           AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true

# The assembly has the path of this folder: in another, as in a copy, it is synthesized again.
.local/folder: FORCE
	@mkdir -p $(@D)
	@pwd | cmp -s - $@ || pwd >$@

# Assets are not copied, so that a changed function needs no new synthesis. Tests
# validate the template, not each synthesis.
$(ASSEMBLY): $(INFRA) .local/folder | node_modules $(PROGRAMS)
	@echo "Synthesizing the local environment (a first run compiles the CDK, 1 to 2 minutes) …"
	@$(OFFLINE) CDK_VALIDATION=false $(CDK) synth -c env=local --output cdk.out/local --build '' --no-staging --no-notices --quiet
	@touch $@

node_modules: package.json package-lock.json
	@echo "Installing the CDK command line …"
	@npm ci --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error
	@touch $@

# The parser is for make lint alone: make run installs nothing of it.
tools/asyncapi/node_modules: tools/asyncapi/package.json tools/asyncapi/package-lock.json
	@echo "Installing AsyncAPI's parser …"
	@npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --no-progress --loglevel=error
	@touch $@

$(GOLANGCI):
	@echo "Installing golangci-lint (compiles for some minutes) …"
	@GOBIN="$(CURDIR)/.bin" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	@mv .bin/golangci-lint $@

$(ACTIONLINT):
	@echo "Installing actionlint …"
	@GOBIN="$(CURDIR)/.bin" go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
	@mv .bin/actionlint $@

$(ZIZMOR):
	@command -v python3 >/dev/null || { echo "make lint needs python3, for zizmor, which checks the workflows." >&2; exit 1; }
	@echo "Installing zizmor …"
	@python3 -m venv .bin/zizmor-1.32.0
	@.bin/zizmor-1.32.0/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps zizmor==1.32.0

# The Python tools, each in an environment of its own with exactly the packages in its requirements.txt.
.bin/%/installed: tools/%/requirements.txt
	@command -v python3 >/dev/null || { echo "make lint and make try-deploy need python3." >&2; exit 1; }
	@echo "Installing the Python packages of tools/$* …"
	@python3 -m venv --clear $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all: --no-deps --require-hashes -r $<
	@touch $@

.bin/go-licenses .bin/govulncheck: tools/go.mod tools/go.sum
	@echo "Building the tools that check dependencies …"
	@cd tools && GOWORK=off go build -o ../.bin/ github.com/google/go-licenses/v2 golang.org/x/vuln/cmd/govulncheck
