# An image with one static program in it.
#
#   docker build -t commonage .
#   docker run -p 8080:8080 -v commonage:/data -e COMMONAGE_HOST=commons.example.org commonage

# The scripts and the base map of the pages.
FROM --platform=$BUILDPLATFORM node:22-bookworm-slim AS assets
WORKDIR /src/templates/assets
COPY templates/assets/package.json templates/assets/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY templates/assets/ ./
RUN npm run build

# The program, cross-compiled where the image is for another processor.
FROM --platform=$BUILDPLATFORM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=assets /src/templates/assets/dist/ templates/assets/dist/
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=
ARG COMMIT=
# timetzdata puts the time zones into the program: the image has no files of them.
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -tags timetzdata \
      -ldflags "-s -w -X main.version=$VERSION -X main.commit=$COMMIT" \
      -o /image/commonage ./cmd/commonage \
 && mkdir -p /image/etc/ssl/certs /owned/data \
 && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
 && mkdir -m 1777 /owned/tmp

FROM scratch
LABEL org.opencontainers.image.title="Commonage" \
      org.opencontainers.image.description="A federated directory of commons initiatives" \
      org.opencontainers.image.source="https://codeberg.org/commonage/commonage" \
      org.opencontainers.image.licenses="AGPL-3.0-or-later"
COPY --from=build /image/ /
# /data, and with it a volume that begins as a copy of it, is the user's; so is /tmp.
COPY --from=build --chown=65532:65532 /owned/ /

USER 65532:65532
WORKDIR /data
VOLUME /data
ENV COMMONAGE_DATA_DIR=/data \
    COMMONAGE_LISTEN=:8080 \
    COMMONAGE_LOG_FORMAT=json
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["/commonage", "health"]
ENTRYPOINT ["/commonage"]
CMD ["serve"]
