# Two commands do everything: `make run` and `make test`. See README.md.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

GOLANGCI_VERSION  := v2.15.0
GOTESTSUM_VERSION := v1.13.0
COBERTURA_VERSION := v1.5.0
ECCHECK_VERSION   := v3.7.0
# The database of vulnerabilities that lint looks into. make audit asks the newest, at vuln.go.dev.
VULNDB_VERSION    := v0.0.0-20261105234957-e22db6528018

GOLANGCI  := .bin/golangci-lint-$(GOLANGCI_VERSION)
GOTESTSUM := .bin/gotestsum-$(GOTESTSUM_VERSION)
COBERTURA := .bin/gocover-cobertura-$(COBERTURA_VERSION)
ECCHECK   := .bin/editorconfig-checker-$(ECCHECK_VERSION)

# The Go that everything is built with, wherever the machine's own is another: go.mod names it, here and nowhere else.
export GOTOOLCHAIN := $(shell sed -n 's/^toolchain //p' go.mod)

VERSION  ?= $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
DATA_DIR ?= data
# $(shell) does not get exported variables.
WASM_EXEC = $(shell GOTOOLCHAIN=$(GOTOOLCHAIN) go env GOROOT)/lib/wasm/go_js_wasm_exec

GO_BUILD := CGO_ENABLED=0 go build -trimpath
LDFLAGS  := -s -w

# The packages that also run as WebAssembly, and so are tested as it.
WASM_PACKAGES := ./app/seal ./app/item ./app/generate ./app/strength ./app/health ./app/transfer/...

# The machine's Node.js if it is new enough, else the one that scripts/node/package-lock.json pins.
ifneq ($(shell node -p 'parseInt(process.versions.node) >= 24' 2>/dev/null),true)
NODE := scripts/node/node_modules/.bin/node
export PATH := $(CURDIR)/$(dir $(NODE)):$(PATH)
endif

PROGRAMS := ./app/cmd/vaultsphered ./app/cmd/vaultsphere

# What the page runs as WebAssembly.
WASM_PROGRAMS := ./app/cmd/vaultsphere-wasm ./app/cmd/vaultsphere-strength-wasm ./app/cmd/vaultsphere-transfer-wasm

.PHONY: help run test integration lint build web bench fmt generate setup clean \
	test-setup go-test race-test wasm-test web-test web-unit-test web-browser-test integration-setup \
	lint-setup lint-go lint-web lint-shell lint-layout lint-prose lint-infra lint-licences lint-vulnerabilities notices audit audit-image \
	screenshots icons pictures image push release synth bootstrap diff preflight shared deploy patch move destroy topology rehearse sonar

help:
	@echo "make run    serve the vault at http://localhost:5001, data under $(DATA_DIR)/"
	@echo "make test   run the tests that need no root; reports/junit*.xml and coverage.xml"
	@echo "make integration  run those that need root: Docker, rollout, AWS emulator, pipeline"
	@echo "make lint   golangci-lint, tsc, Biome, shellcheck, .editorconfig, plain English, govulncheck, licences"
	@echo "make notices  write THIRD_PARTY_NOTICES.txt, after a dependency has changed"
	@echo "make audit  look up known vulnerabilities of Go and npm packages; make audit-image: of the pushed image"
	@echo "make generate  the page's types and calls, and the schemas of the API, from app/protocol"
	@echo "make bench  speed and memory, as a table; BASE=COMMIT compares with that commit"
	@echo "make sonar  analyse the code and the reports of make test, at SONAR_HOST_URL with SONAR_TOKEN"
	@echo
	@echo "make image  the server's image, for this machine: $(IMAGE):COMMIT"
	@echo "make push   the same for all platforms, signed, into the platform's repository or that of IMAGE; which digest is in image.json"
	@echo "make release  serve what was pushed last, on the host or the service"
	@echo "make rehearse  all of it on this machine, from a push to a vault that serves, and back"
	@echo
	@echo "make synth      the platform as CloudFormation templates, in cdk.out/"
	@echo "make bootstrap  prepare the AWS account and region for the CDK, once"
	@echo "make diff       what a deploy would change"
	@echo "make deploy     deploy the platform; what the pipeline needs is in cdk-outputs.json"
	@echo "make shared     deploy what staging shares with production, if it is not there"
	@echo "make patch      replace the host by one with the newest operating system"
	@echo "make move       replace the host by one in the other availability zone"
	@echo "make destroy    remove everything but the data"
	@echo "  Options stand in platform.json, and all of them in docs/operations.md."
	@echo "  DEPLOYMENT=staging is the platform of platform.staging.json, beside production."

run: build
	@DATA_DIR=$(DATA_DIR) exec bin/vaultsphered

# The server speaks HTTP/1.1: TLS and HTTP/2 are the proxy's, and DynamoDB has none. Without it the image is half a megabyte smaller.
build: web
	$(GO_BUILD) -tags nethttpomithttp2 -ldflags '$(LDFLAGS) -X main.version=$(VERSION)' -o bin/ ./app/cmd/vaultsphered
	$(GO_BUILD) -ldflags '$(LDFLAGS) -X main.version=$(VERSION)' -o bin/ ./app/cmd/vaultsphere
	cp THIRD_PARTY_NOTICES.txt bin/

# The page: the client core as WebAssembly, and the view around it.
web: app/web/node_modules/.package-lock.json
	GOOS=js GOARCH=wasm go build -trimpath -ldflags '$(LDFLAGS)' -o app/web/build/core.wasm ./app/cmd/vaultsphere-wasm
	GOOS=js GOARCH=wasm go build -trimpath -ldflags '$(LDFLAGS)' -o app/web/build/strength.wasm ./app/cmd/vaultsphere-strength-wasm
	GOOS=js GOARCH=wasm go build -trimpath -ldflags '$(LDFLAGS)' -o app/web/build/transfer.wasm ./app/cmd/vaultsphere-transfer-wasm
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
	@[ -x $@ ] || { echo "make: error: npm could not fetch Node.js 24 for this machine, or there is none: install it from https://nodejs.org/" >&2; exit 1; }
	@touch $@
endif

# Installs the programs of all tiers. Each tier's own target installs no more than it needs.
setup:
	scripts/setup.sh

# Three tiers. "go test ./..." needs Go alone. The build tag "system" adds tests that need Node.js, Java or a browser; the tag
# "integration" those that need root, Docker, the AWS command line, its emulator, or Groovy.
test: test-setup build go-test race-test wasm-test web-test
	scripts/no-skips.sh reports/junit.xml reports/junit-race.xml reports/junit-race-clients.xml reports/junit-wasm.xml reports/junit-web*.xml

test-setup:
	scripts/setup.sh build test
	internal/testenv/dynamolocal/dynamodb-local.sh install

# The JSON file is what SonarQube reads.
GO_TEST = $(GOTESTSUM) --format pkgname-and-test-fails --junitfile reports/junit$(1).xml --jsonfile reports/go-test$(1).json -- \
	-timeout 30m

PACKAGES := ./...

go-test: $(GOTESTSUM) $(COBERTURA) | $(NODE)
	@mkdir -p reports
	$(call GO_TEST,) -tags system -coverprofile=reports/cover.out -coverpkg=./app/...,./internal/audit/...,./internal/cosign/...,./internal/prose/... $(PACKAGES)
	$(COBERTURA) < reports/cover.out > coverage.xml

# The race detector makes Argon2id and bcrypt ten times as slow, so it watches the tests of what happens at once.
race-test: $(GOTESTSUM)
	@mkdir -p reports
	$(call GO_TEST,-race) -race -tags system ./app/store/sqlite ./app/store/dynamo ./app/vault ./app/server/daemon
	$(call GO_TEST,-race-clients) -race -run 'Concurrent|Lock|Racing|Draining|AtOnce|While' ./app/client ./app/server

# The rollout spends most of its time waiting, so it starts first and runs beside the others.
integration: integration-setup build $(GOTESTSUM) $(COBERTURA) infra/node_modules/.package-lock.json
	@mkdir -p reports
	$(call GO_TEST,-integration) -timeout 60m -tags integration ./scripts/rollout ./scripts/... ./infra/... ./jenkins/... ./internal/...
	scripts/no-skips.sh reports/junit-integration.xml

integration-setup:
	@[ "$$(id -u)" = 0 ] || { echo "make integration: error: its Docker engine has a network of its own, which takes root: sudo make integration" >&2; exit 1; }
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

web-unit-test: app/web/node_modules/.package-lock.json
	npm --prefix app/web run --silent test:unit

web-browser-test: build
	npm --prefix app/web run --silent test:browser

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

# What .editorconfig says. Go's own formatter looks at Go, whose raw strings have any indentation; and continuation lines are
# aligned with what they continue, so the size of an indentation is for editors alone.
lint-layout: $(ECCHECK)
	$(ECCHECK) -disable-indent-size -exclude '\.go$$'

# Plain English: which wording to avoid, and what to write instead, is in internal/prose/rules.go.
lint-prose:
	@go run ./internal/prose

# The golden templates are what a deploy sends, which a test keeps so.
lint-infra: lint-setup
	scripts/python-tool.sh run cfn-lint infra/boundary.json infra/testdata/*/*.json
	scripts/python-tool.sh run checkov --framework cloudformation --directory infra/testdata --quiet --compact --skip-download

AUDIT := .bin/audit

.PHONY: $(AUDIT)
$(AUDIT):
	@go build -o $@ ./internal/audit

NOTICES = $(AUDIT) notices -wasm '$(WASM_PROGRAMS)' -npm app/web/package-lock.json -file THIRD_PARTY_NOTICES.txt

# Our own licence, those of linked and bundled packages, and their texts, which the page carries.
lint-licences: $(AUDIT) app/web/node_modules/.package-lock.json
	@$(AUDIT) licences -wasm '$(WASM_PROGRAMS)' -npm 'app/web/package-lock.json infra/package-lock.json scripts/node/package-lock.json'
	@$(NOTICES) -check $(PROGRAMS)

notices: $(AUDIT) app/web/node_modules/.package-lock.json
	@$(NOTICES) $(PROGRAMS)

AUDIT_CODE = $(AUDIT) code -tags integration,system -wasm '$(WASM_PROGRAMS)'

# Vulnerabilities that our code reaches, as far as the pinned database knows them.
lint-vulnerabilities: $(AUDIT)
	@$(AUDIT_CODE) -database $(VULNDB_VERSION)

# The same with today's data from vuln.go.dev, and npm audit over every package-lock.json.
audit: $(AUDIT)
	@$(AUDIT_CODE)
	@$(AUDIT) npm

# Vulnerabilities in the image that was pushed last, by its SBOM. Asks the image's registry and api.osv.dev.
audit-image: $(AUDIT)
	@$(AUDIT) image

# The platform. Its options stand in platform.json. ARGS are the CDK's own arguments, for a trial: a deploy takes no others.
# DEPLOYMENT=staging is the platform of platform.staging.json, beside production.
CDK = infra/node_modules/.bin/cdk
export DEPLOYMENT ?=
OUTPUTS := cdk-outputs$(if $(DEPLOYMENT),.$(DEPLOYMENT)).json
OPTIONS := platform$(if $(DEPLOYMENT),.$(DEPLOYMENT)).json

synth: infra/node_modules/.package-lock.json
	@$(CDK) synth --quiet $(ARGS)

# Away from cdk.json, so that it needs none of the app's options, and apart from the bootstrap of other apps, which its boundary
# would bind as well: docs/operations.md.
BOOTSTRAP = $$(jq -r '$(1)' cdk.json)

bootstrap: infra/node_modules/.package-lock.json
	@: $${AWS_REGION:?is not set: export AWS_REGION=eu-central-1, or where the vault shall be}
	@account=$$(aws sts get-caller-identity --query Account --output text); \
		qualifier=$(call BOOTSTRAP,.context["@aws-cdk/core:bootstrapQualifier"]); toolkit=$(call BOOTSTRAP,.toolkitStackName); \
		aws cloudformation deploy --region "$$AWS_REGION" --stack-name VaultSphereBoundary --template-file infra/boundary.json \
			--parameter-overrides "Qualifier=$$qualifier" --capabilities CAPABILITY_NAMED_IAM --no-fail-on-empty-changeset; \
		cd infra/node_modules && .bin/cdk bootstrap --show-template=false --qualifier "$$qualifier" --toolkit-stack-name "$$toolkit" \
			--custom-permissions-boundary "password-manager-deployment-$$AWS_REGION" $(ARGS) "aws://$$account/$$AWS_REGION"

# By the templates alone: a change set would be more than looking, and more than a branch may do.
diff: infra/node_modules/.package-lock.json
	@$(CDK) diff --method=template $(ARGS)

# It prints the arguments of "cdk deploy". RELEASE_DIGEST is the image that the service of topology fargate shall run; without it,
# the one that it runs.
PREFLIGHT = bin/infra preflight --seeding $(if $(filter yes,$(REPLACE_HOST)),--replace-host) \
	$(if $(RELEASE_DIGEST),--release '$(RELEASE_DIGEST)') cdk.out

preflight: synth
	@$(PREFLIGHT)

# What was checked is what is deployed: the assembly is made once.
deploy: synth
	@arguments=$$($(PREFLIGHT)); \
		scripts/seed-secrets.sh --region "$$(bin/infra region cdk.out)"; \
		scripts/replace-host.sh --seed; \
		$(CDK) deploy --app cdk.out --require-approval never --outputs-file $(OUTPUTS) $$arguments
	@changed=$$(git status --porcelain -- $(OPTIONS) 2>/dev/null || true); [ -z "$$changed" ] || \
		echo "make deploy: $(OPTIONS) is not committed, so the pipeline would deploy without what has changed in it" >&2

# The repository and the key that signs are in production's data stack, and staging shares them. Where that stack is deployed nothing
# changes, and where it is not, as in a new account, it is deployed alone. cdk-outputs.json then has what production's stacks say.
shared: export override DEPLOYMENT :=
shared: infra/node_modules/.package-lock.json
	@$(MAKE) synth DEPLOYMENT=
	@outputs=$$(bin/infra outputs cdk.out); echo "$$outputs" >cdk-outputs.json; \
		jq -e '."PasswordManager-Data".RepositoryUri' cdk-outputs.json >/dev/null || { $(PREFLIGHT) >/dev/null && \
		$(CDK) deploy --app cdk.out --require-approval never --outputs-file cdk-outputs.json PasswordManager-Data; }

# A host with the newest operating system in place of the one that serves.
patch: infra/node_modules/.package-lock.json
	@scripts/replace-host.sh --newest

# A host in the other availability zone in place of the one that serves.
move: infra/node_modules/.package-lock.json
	@scripts/replace-host.sh --other-zone

# What the vault runs on, as the options say: ec2, fargate, or none for a staging that there is not. Anything else is an error: the
# pipeline asks here whether a release has to serve in staging first.
topology:
	@if [ -n "$(DEPLOYMENT)" ] && [ ! -e $(OPTIONS) ] && [ ! -L $(OPTIONS) ]; then echo none; exit; fi; \
		jq -ers 'if length == 1 then .[0].topology // "ec2" else empty end | select(. == "ec2" or . == "fargate")' $(OPTIONS) || \
		{ echo "make topology: error: $(OPTIONS) does not say whether the vault runs on ec2 or fargate" >&2; exit 1; }

# The data stack and that of its copies are protected, and are not among these.
destroy: infra/node_modules/.package-lock.json
	@$(CDK) destroy $(if $(filter yes,$(FORCE)),--force) $(ARGS) 'PasswordManager-$(if $(DEPLOYMENT),Staging-)!(Data|SecondRegion)'

# The image. What else these two take from the environment, their scripts say with --help.
IMAGE        ?= password-manager
# A BuildKit without an engine beside it has nowhere to load the image to.
IMAGE_OUTPUT ?= $(if $(BUILDKIT_HOST),--output type=cacheonly,--load)

image:
	@scripts/build-image.sh --tag "$(IMAGE):$$(git rev-parse HEAD | cut -c 1-12)" $(IMAGE_OUTPUT)

push:
	@scripts/push-image.sh

release:
	@[ -s image.json ] || { echo "make release: error: there is no image.json, which says what to release: make push" >&2; exit 1; }
	@scripts/deploy.sh "$$(sed -n 's/.*"image": *"\([^"]*\)".*/\1/p' image.json)"

# The whole way from a push to a vault that serves, on this machine: scripts/rehearse.sh --help.
rehearse: integration-setup build $(GOTESTSUM) $(COBERTURA) infra/node_modules/.package-lock.json app/web/node_modules/.package-lock.json
	@scripts/rehearse.sh

sonar:
	@scripts/sonar.sh

fmt: $(GOLANGCI) app/web/node_modules/.package-lock.json
	$(GOLANGCI) fmt ./...
	npm --prefix app/web run --silent format

# What follows from app/protocol: the page's types and calls, the dispatch of its WebAssembly modules, the schemas of the API. And
# what follows from the page's English texts: their types.
# It is checked in, and a test keeps it current.
generate: app/web/node_modules/.package-lock.json
	go generate ./app/protocol
	npm --prefix app/web run --silent generate

# BASE=COMMIT builds that commit too, measures both in turns, and prints ratios.
bench: build
	go run ./bench $(if $(BASE),-base '$(BASE)')

# The icons for phones and desktops, after the drawing has changed. They are checked in.
icons: app/web/node_modules/.package-lock.json
	node app/web/icons.mjs

screenshots: build
	node app/web/e2e/screenshots.mjs reports/screenshots

# The pictures in the README.
pictures: build
	node app/web/e2e/pictures.mjs docs

clean:
	rm -rf bin .bin reports coverage.xml app/web/build app/web/node_modules infra/node_modules scripts/node/node_modules
	find app/web/dist -mindepth 1 ! -name .keep -delete

# A tool is built once into a name that carries its version.
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
