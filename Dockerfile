# The image of the server: a static binary, CA certificates, and the files that a host needs to deploy the release. "make image" builds
# it for this machine, "make push" for all platforms.
ARG GO_IMAGE=golang:1.26.11-bookworm
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

# The page and its WebAssembly are the same on every platform, so they are built once, on the platform of the builder.
FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS source
WORKDIR /src
ENV CGO_ENABLED=0
COPY go.mod go.sum ./
COPY app app

FROM source AS wasm
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    app/web/wasm.sh /out

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS page
WORKDIR /src/app/web
COPY app/web/package.json app/web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund --loglevel=error
# wasm_exec.js must come from the Go version that compiled the WebAssembly.
ENV GOROOT=/usr/local/go
COPY --from=source /usr/local/go/lib/wasm/wasm_exec.js /usr/local/go/lib/wasm/
COPY app/web ./
COPY --from=wasm /out build
COPY THIRD_PARTY_NOTICES.txt /src/
RUN npm run build

FROM source AS server
COPY --from=page /src/app/web/dist app/web/dist
ARG TARGETOS TARGETARCH VERSION=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -tags nethttpomithttp2 \
    -gcflags=github.com/...=-l -gcflags=google.golang.org/...=-l -gcflags=github.com/vaultsphere/vaultsphere/app/chain= -gcflags=github.com/vaultsphere/vaultsphere/app/store/sqlite= \
    -ldflags "-s -w -X main.version=$VERSION" -o /out/vaultsphered ./app/cmd/vaultsphered && \
    mkdir /out/data

FROM scratch
COPY --from=source /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# A new volume inherits the owner of this folder.
COPY --from=server --chown=65532:65532 /out/data /data
COPY --chmod=0644 docker-compose.yml Caddyfile /deploy/
COPY --chmod=0755 scripts/fetch-env.sh scripts/rollout.sh /deploy/
COPY --from=server /out/vaultsphered /vaultsphered
# Listen on all addresses at PORT: the container has its own network.
ENV DATA_DIR=/data LISTEN_ADDR=:
USER 65532:65532
EXPOSE 5001
HEALTHCHECK --interval=30s --timeout=10s --start-period=5s --retries=3 CMD ["/vaultsphered", "health"]
ENTRYPOINT ["/vaultsphered"]
ARG VERSION=unknown REVISION=unknown
LABEL org.opencontainers.image.title="VaultSphere" \
      org.opencontainers.image.description="A password manager whose server cannot decrypt" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://github.com/vaultsphere/vaultsphere" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
