SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

GOLANGCI_VERSION  := v2.15.0
GOTESTSUM_VERSION := v1.13.0
COBERTURA_VERSION := v1.5.0
ECCHECK_VERSION   := v3.7.0
# The vulnerability database of make lint. make audit asks the current one, at vuln.go.dev.
VULNDB_VERSION    := v0.0.0-20261105234957-e22db6528018

GOLANGCI  := .bin/golangci-lint-$(GOLANGCI_VERSION)
GOTESTSUM := .bin/gotestsum-$(GOTESTSUM_VERSION)
COBERTURA := .bin/gocover-cobertura-$(COBERTURA_VERSION)
ECCHECK   := .bin/editorconfig-checker-$(ECCHECK_VERSION)

# Everything is built with the Go version that go.mod names.
export GOTOOLCHAIN := $(shell sed -n 's/^toolchain //p' go.mod)

VERSION  ?= $(shell cat VERSION)+$(shell git describe --always --exclude="*" --dirty --abbrev=12 2>/dev/null || echo unknown)
DATA_DIR ?= data
# $(shell) does not see exported variables.
WASM_EXEC = $(shell GOTOOLCHAIN=$(GOTOOLCHAIN) go env GOROOT)/lib/wasm/go_js_wasm_exec

GO_BUILD := CGO_ENABLED=0 go build -trimpath
NO_INLINING := -gcflags=github.com/...=-l -gcflags=google.golang.org/...=-l -gcflags=github.com/vaultsphere/vaultsphere/app/chain= -gcflags=github.com/vaultsphere/vaultsphere/app/store/sqlite=
LDFLAGS  := -s -w

# The packages that also run as WebAssembly, and are tested there too.
WASM_PACKAGES := ./app/chain ./app/seal/... ./app/item ./app/generate ./app/strength ./app/health ./app/transfer/... ./app/client/directory

# The machine's Node.js if it is new enough, otherwise the version that scripts/node/package-lock.json pins.
ifneq ($(shell node -p 'parseInt(process.versions.node) >= 24' 2>/dev/null),true)
NODE := scripts/node/node_modules/.bin/node
export PATH := $(CURDIR)/$(dir $(NODE)):$(PATH)
endif

PROGRAMS := ./app/cmd/vaultsphered ./app/cmd/vaultsphere

# The page's WebAssembly modules.
WASM_PROGRAMS := ./app/cmd/vaultsphere-wasm ./app/cmd/vaultsphere-strength-wasm ./app/cmd/vaultsphere-transfer-wasm

.PHONY: help run test integration lint build web bench fmt generate setup clean \
	test-setup go-test race-test wasm-test web-test web-unit-test web-browser-test integration-setup \
	lint-setup lint-go lint-web lint-shell lint-layout lint-prose lint-infra lint-licences lint-vulnerabilities notices audit audit-image \
	attack model screenshots icons pictures image push release synth bootstrap diff preflight shared deploy patch move destroy topology rehearse sonar

help:
	@echo "make run    serve the vault at http://localhost:5001, with its data in $(DATA_DIR)/"
	@echo "make build  build the server, with the page, and the command line into bin/"
	@echo "make setup  install the programs that the tests need"
	@echo "make test   run the tests that need no root; writes reports/junit*.xml and coverage.xml"
	@echo "make integration  run the tests that need root: Docker, rollout, AWS emulator, pipeline"
	@echo "make lint   golangci-lint, tsc, Biome, shellcheck, .editorconfig, plain English, govulncheck, licences"
	@echo "make fmt    format Go and the page"
	@echo "make notices  write THIRD_PARTY_NOTICES.txt; run it after a dependency has changed"
	@echo "make audit  look up known vulnerabilities of Go and npm packages; make audit-image does so for the pushed image"
	@echo "make generate  write the page's types and calls, and the schemas of the API, from app/protocol"
	@echo "make attack  attack the command line and the page with hostile servers and thieves; ONLY=erase limits it to one attack"
	@echo "make model  explore the vault's protocol with every attacker of docs/model; without each check, it finds the attack"
	@echo "make bench  measure speed and memory; BASE=COMMIT compares with that commit"
	@echo "make sonar  analyse the code and the reports of make test on SONAR_HOST_URL, with SONAR_TOKEN"
	@echo
	@echo "make image  build the server's image for this machine: $(IMAGE):COMMIT"
	@echo "make push   build it for all platforms, sign it, push it to the platform's repository or to IMAGE; writes image.json"
	@echo "make release  switch the host or the service to the image in image.json"
	@echo "make rehearse  run all of this on one machine: push, deploy, release, roll back"
	@echo
	@echo "make synth      write the CloudFormation templates to cdk.out/"
	@echo "make bootstrap  prepare the AWS account and region for the CDK, once"
	@echo "make diff       show what a deploy would change"
	@echo "make deploy     deploy the platform; writes cdk-outputs.json"
	@echo "make shared     deploy what staging shares with production, if it does not exist yet"
	@echo "make patch      replace the host with one that has the newest operating system"
	@echo "make move       replace the host with one in the other availability zone"
	@echo "make destroy    remove everything except the data"
	@echo "  Options are in platform.json; docs/operations.md lists all of them."
	@echo "  DEPLOYMENT=staging selects the platform of platform.staging.json, beside production."

run: build
	@DATA_DIR=$(DATA_DIR) exec bin/vaultsphered

# The server speaks HTTP/1.1: the proxy handles HTTP/2, and DynamoDB does not offer it. This makes the image half a megabyte smaller;
# compiling all but the rules and the embedded store without inlining saves as much. The Dockerfile has the same flags.
build: web
	$(GO_BUILD) -tags nethttpomithttp2 $(NO_INLINING) -ldflags '$(LDFLAGS) -X main.version=$(VERSION)' -o bin/ ./app/cmd/vaultsphered
	$(GO_BUILD) -ldflags '$(LDFLAGS) -X main.version=$(VERSION)' -o bin/ ./app/cmd/vaultsphere
	cp THIRD_PARTY_NOTICES.txt bin/

# The page, with the client core as WebAssembly.
web: app/web/node_modules/.package-lock.json
	app/web/wasm.sh app/web/build
	npm --prefix app/web run --silent build

app/web/node_modules/.package-lock.json: app/web/package.json app/web/package-lock.json | $(NODE)
	npm --prefix app/web ci --no-audit --no-fund --loglevel=error
	@touch $@

# The CDK command line.
infra/node_modules/.package-lock.json: infra/package.json infra/package-lock.json | $(NODE)
	npm --prefix infra ci --no-audit --no-fund --loglevel=error
	@touch $@

ifdef NODE
$(NODE): scripts/node/package.json scripts/node/package-lock.json
	npm --prefix scripts/node ci --no-audit --no-fund --loglevel=error
	@[ -x $@ ] || { echo "make: error: npm could not download Node.js 24 for this machine: install it from https://nodejs.org/" >&2; exit 1; }
	@touch $@
endif

# Installs the programs of all tiers. Each tier's target only installs what it needs.
setup:
	scripts/setup.sh

# There are three tiers. "go test ./..." needs only Go. The build tag "system" adds tests that need Node.js, Java or a browser; the
# tag "integration" adds tests that need root, Docker, the AWS command line, its emulator, or Groovy.
test: test-setup build go-test race-test wasm-test web-test
	scripts/no-skips.sh reports/junit.xml reports/junit-race.xml reports/junit-race-clients.xml reports/junit-wasm.xml reports/junit-web*.xml

test-setup:
	scripts/setup.sh build test
	scripts/python-tool.sh install verifier
	internal/testenv/dynamolocal/dynamodb-local.sh install

# SonarQube reads the JSON file.
GO_TEST = $(GOTESTSUM) --format pkgname-and-test-fails --junitfile reports/junit$(1).xml --jsonfile reports/go-test$(1).json -- \
	-timeout $(or $(2),30m)

PACKAGES := ./...

go-test: $(GOTESTSUM) $(COBERTURA) | $(NODE)
	@mkdir -p reports
	$(call GO_TEST,) -tags system -coverprofile=reports/cover.out -coverpkg=./app/...,./internal/audit/...,./internal/cosign/...,./internal/prose/...,./docs/model $(PACKAGES)
	$(COBERTURA) < reports/cover.out > coverage.xml

# The race detector makes SQLite, Argon2id and bcrypt ten times slower and shows nothing about our code there, so these packages are
# compiled without. None of them may have generic functions, of which the linker takes one copy for all packages.
RACE := -race $(foreach package,modernc.org/sqlite/lib $(addprefix golang.org/x/crypto/,argon2 blake2b blowfish),-gcflags=$(package)=-race=false)

# Only on tests of concurrent code.
race-test: $(GOTESTSUM)
	@mkdir -p reports
	$(call GO_TEST,-race) $(RACE) -tags system ./app/store/sqlite ./app/store/dynamo ./app/vault ./app/server/daemon
	$(call GO_TEST,-race-clients) $(RACE) -run 'Concurrent|Lock|Racing|Drain|AtOnce|While|During|HashQueue' ./app/client ./app/server

# The longest packages start first.
integration: integration-setup build $(GOTESTSUM) $(COBERTURA) infra/node_modules/.package-lock.json
	@mkdir -p reports
	$(call GO_TEST,-integration,60m) -tags integration ./scripts/rollout ./infra ./attack ./jenkins ./scripts/... ./infra/... ./jenkins/... ./internal/... ./docs/...
	scripts/no-skips.sh reports/junit-integration.xml

integration-setup:
	@[ "$$(id -u)" = 0 ] || { echo "make integration: error: its Docker engine creates a network, which needs root: sudo make integration" >&2; exit 1; }
	scripts/setup.sh build integration
	internal/testenv/dynamolocal/dynamodb-local.sh install
	internal/testenv/emulator/aws-emulator.sh install
	internal/testenv/engine/docker-engine.sh install
	internal/testenv/sonarqube/sonarqube.sh install
	scripts/python-tool.sh install aws

wasm-test: $(GOTESTSUM) | $(NODE)
	@mkdir -p reports
	GOOS=js GOARCH=wasm $(GOTESTSUM) --format pkgname-and-test-fails --junitfile reports/junit-wasm.xml -- \
		-exec='$(WASM_EXEC)' $(WASM_PACKAGES)

web-test: web-unit-test web-browser-test
	npm --prefix app/web run --silent coverage

# TESTS=unit/route.test.mjs limits these two to some files.
TESTS :=

web-unit-test: app/web/node_modules/.package-lock.json
	npm --prefix app/web run --silent test:unit -- $(TESTS)

web-browser-test: build
	npm --prefix app/web run --silent test:browser -- $(TESTS)

lint: lint-go lint-web lint-shell lint-layout lint-prose lint-infra lint-licences lint-vulnerabilities

lint-go: $(GOLANGCI)
	$(GOLANGCI) run ./...
	GOOS=js GOARCH=wasm go vet $(WASM_PROGRAMS)
	go mod tidy -diff
	go -C internal/testenv/engine/parts mod tidy -diff
	go -C jenkins/session-manager-plugin mod tidy -diff

lint-web: app/web/node_modules/.package-lock.json
	npm --prefix app/web run --silent lint

lint-setup:
	scripts/setup.sh build lint

lint-shell: lint-setup
	shellcheck $$(git ls-files '*.sh' ':!infra/host/user-data.sh') .ci/run

# Checks the rules of .editorconfig. Go has its own formatter, and its raw strings may have any indentation. Continuation lines are
# aligned, so the size of an indentation is not checked.
lint-layout: $(ECCHECK)
	$(ECCHECK) -disable-indent-size -exclude '\.go$$'

# Finds wording that we avoid. internal/prose/rules.go lists it with what to write instead.
lint-prose:
	@go run ./internal/prose

# The golden templates equal what a deploy sends; a test checks that.
lint-infra: lint-setup
	scripts/python-tool.sh run cfn-lint infra/boundary.json infra/testdata/*/*.json
	scripts/python-tool.sh run checkov --framework cloudformation --directory infra/testdata --quiet --compact --skip-download

AUDIT := .bin/audit

.PHONY: $(AUDIT)
$(AUDIT):
	@go build -o $@ ./internal/audit

NOTICES = $(AUDIT) notices -wasm '$(WASM_PROGRAMS)' -npm app/web/package-lock.json -file THIRD_PARTY_NOTICES.txt

# Checks our own licence, the licences of linked and bundled packages, and the notices with their texts.
lint-licences: $(AUDIT) app/web/node_modules/.package-lock.json
	@$(AUDIT) licences -wasm '$(WASM_PROGRAMS)' -npm 'app/web/package-lock.json infra/package-lock.json scripts/node/package-lock.json'
	@$(NOTICES) -check $(PROGRAMS)

notices: $(AUDIT) app/web/node_modules/.package-lock.json
	@$(NOTICES) $(PROGRAMS)

AUDIT_CODE = $(AUDIT) code -tags integration,system -wasm '$(WASM_PROGRAMS)'

# Vulnerabilities in the pinned database that our code reaches.
lint-vulnerabilities: $(AUDIT)
	@$(AUDIT_CODE) -database $(VULNDB_VERSION)

# The same with current data from vuln.go.dev, and npm audit for every package-lock.json.
audit: $(AUDIT)
	@$(AUDIT_CODE)
	@$(AUDIT) npm

# Vulnerabilities in the image that was pushed last, from its SBOM. Asks the image's registry and api.osv.dev.
audit-image: $(AUDIT)
	@$(AUDIT) image

# The platform, with the options of platform.json. ARGS are further arguments of the CDK, for a trial; a deploy does not use them.
# DEPLOYMENT=staging selects the platform of platform.staging.json, beside production.
CDK = infra/node_modules/.bin/cdk
export DEPLOYMENT ?=
OUTPUTS := cdk-outputs$(if $(DEPLOYMENT),.$(DEPLOYMENT)).json
OPTIONS := platform$(if $(DEPLOYMENT),.$(DEPLOYMENT)).json

synth: infra/node_modules/.package-lock.json
	@$(CDK) synth --quiet $(ARGS)

# Runs outside the folder of cdk.json, so it does not need the app's options. It is separate from the bootstrap of other apps,
# because its boundary would limit those too: docs/operations.md.
BOOTSTRAP = $$(jq -r '$(1)' cdk.json)

bootstrap: infra/node_modules/.package-lock.json
	@: $${AWS_REGION:?is not set: export AWS_REGION=eu-central-1, or the region of your vault}
	@account=$$(aws sts get-caller-identity --query Account --output text); \
		qualifier=$(call BOOTSTRAP,.context["@aws-cdk/core:bootstrapQualifier"]); toolkit=$(call BOOTSTRAP,.toolkitStackName); \
		aws cloudformation deploy --region "$$AWS_REGION" --stack-name VaultSphereBoundary --template-file infra/boundary.json \
			--parameter-overrides "Qualifier=$$qualifier" --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset; \
		cd infra/node_modules && .bin/cdk bootstrap --show-template=false --qualifier "$$qualifier" --toolkit-stack-name "$$toolkit" \
			--custom-permissions-boundary "password-manager-deployment-$$AWS_REGION" $(ARGS) "aws://$$account/$$AWS_REGION"

# Compares templates only: a change set would modify the account, and a branch may not create one.
diff: infra/node_modules/.package-lock.json
	@$(CDK) diff --method=template $(ARGS)

# Prints the arguments of "cdk deploy". RELEASE_DIGEST is the image for the service (topology fargate); by default the service keeps
# its image.
PREFLIGHT = bin/infra preflight --seeding $(if $(filter yes,$(REPLACE_HOST)),--replace-host) \
	$(if $(RELEASE_DIGEST),--release '$(RELEASE_DIGEST)') cdk.out

preflight: synth
	@$(PREFLIGHT)

# The assembly is built once, so the deploy uses exactly what the preflight checked.
deploy: synth
	@arguments=$$($(PREFLIGHT)); \
		scripts/seed-secrets.sh --region "$$(bin/infra region cdk.out)"; \
		scripts/replace-host.sh --seed; \
		$(CDK) deploy --app cdk.out --require-approval never --outputs-file $(OUTPUTS) $$arguments
	@changed=$$(git status --porcelain -- $(OPTIONS) 2>/dev/null || true); [ -z "$$changed" ] || \
		echo "make deploy: $(OPTIONS) is not committed, so the pipeline would deploy without your changes to it" >&2

# Staging shares the repository and the signing key in production's data stack. If that stack exists, nothing changes; otherwise, as in
# a new account, only that stack is deployed. Then cdk-outputs.json has the outputs of production's stacks.
shared: export override DEPLOYMENT :=
shared: infra/node_modules/.package-lock.json
	@$(MAKE) synth DEPLOYMENT=
	@outputs=$$(bin/infra outputs cdk.out); echo "$$outputs" >cdk-outputs.json; \
		jq -e '."PasswordManager-Data".RepositoryUri' cdk-outputs.json >/dev/null || { $(PREFLIGHT) >/dev/null && \
		$(CDK) deploy --app cdk.out --require-approval never --outputs-file cdk-outputs.json PasswordManager-Data; }

# Replaces the host with one that has the newest operating system.
patch: infra/node_modules/.package-lock.json
	@scripts/replace-host.sh --newest

# Replaces the host with one in the other availability zone.
move: infra/node_modules/.package-lock.json
	@scripts/replace-host.sh --other-zone

# Prints the topology in the options: ec2, fargate, or none if there is no staging. Anything else is an error, because the pipeline
# uses this to decide whether a release must serve in staging first.
topology:
	@if [ -n "$(DEPLOYMENT)" ] && [ ! -e $(OPTIONS) ] && [ ! -L $(OPTIONS) ]; then echo none; exit; fi; \
		jq -ers 'if length == 1 then .[0].topology // "ec2" else empty end | select(. == "ec2" or . == "fargate")' $(OPTIONS) || \
		{ echo "make topology: error: $(OPTIONS) does not say whether the vault runs on ec2 or fargate" >&2; exit 1; }

# Does not include the data stack and the stack of its copies, which are protected.
destroy: infra/node_modules/.package-lock.json
	@$(CDK) destroy $(if $(filter yes,$(FORCE)),--force) $(ARGS) 'PasswordManager-$(if $(DEPLOYMENT),Staging-)!(Data|SecondRegion)'

# The image. The scripts list their other variables with --help.
IMAGE        ?= password-manager
# BuildKit alone, without a Docker engine, cannot load the image anywhere.
IMAGE_OUTPUT ?= $(if $(BUILDKIT_HOST),--output type=cacheonly,--load)

image:
	@scripts/build-image.sh --tag "$(IMAGE):$$(git rev-parse HEAD | cut -c 1-12)" $(IMAGE_OUTPUT)

push:
	@scripts/push-image.sh

release:
	@[ -s image.json ] || { echo "make release: error: there is no image.json, which names the image to release: make push" >&2; exit 1; }
	@scripts/deploy.sh "$$(sed -n 's/.*"image": *"\([^"]*\)".*/\1/p' image.json)"

# Runs the pipeline on this machine, from a push to a serving vault: scripts/rehearse.sh --help.
rehearse: integration-setup build $(GOTESTSUM) $(COBERTURA) infra/node_modules/.package-lock.json app/web/node_modules/.package-lock.json
	@scripts/rehearse.sh

sonar:
	@scripts/sonar.sh

fmt: $(GOLANGCI) app/web/node_modules/.package-lock.json
	$(GOLANGCI) fmt ./...
	npm --prefix app/web run --silent format

# Generates from app/protocol: the page's types and calls, the dispatch of its WebAssembly modules, the schemas of the API; and
# from the page's English texts: their types. From app/item: the page's lists of fields. The output is checked in, and a test fails if it
# is out of date.
generate: app/web/node_modules/.package-lock.json
	go generate ./app/protocol ./app/item
	npm --prefix app/web run --silent generate

# In its own folder, go test prints the table of what the clients said.
attack: build
	@cd attack && go test -count=1 -timeout 60m -tags integration$(if $(ONLY), -run '/^$(ONLY)$$')

# make integration does the same in the tests of docs/model.
model:
	@go run ./docs/model

# BASE=COMMIT builds that commit too, measures both alternately, and prints ratios.
bench: build
	go run ./bench $(if $(BASE),-base '$(BASE)')

# Draws the icons for phones and desktops again after the drawing has changed. They are checked in.
icons: app/web/node_modules/.package-lock.json
	node app/web/icons.mjs

screenshots: build
	node app/web/e2e/screenshots.mjs reports/screenshots

# Takes the pictures for the README.
pictures: build
	node app/web/e2e/pictures.mjs docs

clean:
	rm -rf bin .bin reports coverage.xml app/web/build app/web/node_modules infra/node_modules scripts/node/node_modules
	find app/web/dist -mindepth 1 ! -name .keep -delete

# Builds a tool once, into a file whose name contains the version.
define go_tool
$(1):
	@mkdir -p .bin
	GOBIN=$$(CURDIR)/.bin/tmp-$$(notdir $(1)) go install $(2)
	@mv .bin/tmp-$$(notdir $(1))/* $(1) && rmdir .bin/tmp-$$(notdir $(1))
endef
$(eval $(call go_tool,$(GOLANGCI),github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)))
$(eval $(call go_tool,$(GOTESTSUM),gotest.tools/gotestsum@$(GOTESTSUM_VERSION)))
$(eval $(call go_tool,$(COBERTURA),github.com/boumenot/gocover-cobertura@$(COBERTURA_VERSION)))
$(eval $(call go_tool,$(ECCHECK),github.com/editorconfig-checker/editorconfig-checker/v3/cmd/editorconfig-checker@$(ECCHECK_VERSION)))
