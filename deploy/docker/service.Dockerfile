# One service of the workspace: docker build -f deploy/docker/service.Dockerfile --build-arg SERVICE=loop-auth .
#
# Dependencies are compiled in a layer of their own, which is used again until a manifest or the lock
# file changes. Plain Dockerfile: the classic builder can build it too. All services share every
# stage but the last, so building the second one takes seconds.
#
# PROFILE=dev builds in a third of the time, for a first look: the services are slower then.

# The manifests, and an empty file for every target they may name: everything cargo needs to build
# the dependencies, and nothing that changes with the code.
FROM debian:bookworm-slim AS manifests
COPY . /source
RUN mkdir /manifests && cd /source \
    && find . \( -name Cargo.toml -o -name Cargo.lock -o -name build.rs \) -exec cp --parents {} /manifests \; \
    && find . -regextype posix-extended -regex \
         '\./([^/]+/){1,2}(src/(lib|main)|src/bin/[^/]+(/main)?|(tests|benches|examples)/[^/]+(/main)?)\.rs' \
       | while read -r file; do \
           mkdir -p "/manifests/$(dirname "$file")" \
           && printf '//! Not yet.\nfn main() {}\n' > "/manifests/$file"; \
         done \
    && find /manifests -path '*/src/lib.rs' -exec sh -c 'echo "//! Not yet." > "$1"' sh {} \;

FROM rust:1.95-slim-bookworm AS build
ARG PROFILE=release
RUN apt-get update \
    && apt-get install -y --no-install-recommends libssl-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY --from=manifests /manifests .
RUN cargo build --profile $PROFILE --locked --bins
COPY . .
# The copied files may be older than the empty crates that were just built.
RUN find crates services -name '*.rs' -exec touch {} + \
    && cargo build --profile $PROFILE --locked --bins \
    && ln -s "$([ $PROFILE = dev ] && echo debug || echo $PROFILE)" target/chosen

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libssl3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log \
    && groupadd --system --gid 10001 loop \
    && useradd --system --uid 10001 --gid loop --no-create-home --home-dir /data --shell /usr/sbin/nologin loop \
    && install -d -o loop -g loop -m 0700 /data /web /web/vault /web/private
ARG SERVICE
# The vault's history is git's.
RUN if [ "$SERVICE" = public-api ]; then \
        apt-get update && apt-get install -y --no-install-recommends git \
        && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/apt /var/log/dpkg.log; \
    fi
COPY --from=build /build/target/chosen/${SERVICE} /usr/local/bin/${SERVICE}
RUN ln -s ${SERVICE} /usr/local/bin/service
# Threads that share two heaps leave less unused memory lying about than those with one each.
ENV BIND_ADDRESS=0.0.0.0 MALLOC_ARENA_MAX=2
# A number, so that whoever runs the image can see that it is not root.
USER 10001:10001
WORKDIR /data
HEALTHCHECK --interval=5s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/service", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/service"]
