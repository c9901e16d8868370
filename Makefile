# The only command surface. Each target says what it does; `make` lists them.
.DEFAULT_GOAL := help
.PHONY: help run test bench fuzz soak soak-proxy soak-vault lint fmt clean
.NOTPARALLEL:

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Build, start everything behind http://localhost:8082 and stay (settings: deploy/make/run.sh)
	@exec deploy/make/run.sh

test: ## Install what the tests need and run all of them (plain `cargo test --workspace` runs most)
	@exec deploy/make/test.sh

bench: ## Measure loop-auth, the vault and auth-proxy beside peers and the machine's limits (minutes; settings: deploy/make/bench*.sh)
	@deploy/make/bench.sh
	@deploy/make/bench-proxy.sh
	@services/exec-api/bench.sh # private:line

fuzz: ## Attack the handlers of loop-auth and public-api with mutated requests, messages and notes: make fuzz CASES=1000000 (for each target; an hour or two)
	TMPDIR=$(or $(wildcard /dev/shm),/tmp) LOOP_FUZZ_CASES=$(or $(CASES),1000000) cargo test --locked --profile measured -p loop-auth --lib tests::fuzz -- --nocapture
	TMPDIR=$(or $(wildcard /dev/shm),/tmp) LOOP_FUZZ_CASES=$(or $(CASES),1000000) cargo test --locked --profile measured -p public-api --test it odd_ -- --nocapture

soak: ## Mixed traffic for long; memory must stay level: make soak MINUTES=60
	@exec deploy/make/soak.sh "$(or $(MINUTES),60)"

soak-vault: ## Change and read a vault for long; no stale answer, level memory: make soak-vault MINUTES=30
	@exec deploy/make/soak-vault.sh "$(or $(MINUTES),30)"

soak-proxy: ## Open and leave sessions with auth-proxy; nothing may stay behind: make soak-proxy SESSIONS=10000
	@exec deploy/make/soak-proxy.sh "$(or $(SESSIONS),10000)"

lint: ## Formatting, clippy, licences and advisories, shell scripts
	@exec deploy/make/lint.sh

fmt: ## Format the code
	cargo fmt --all

# private:begin
.PHONY: public-tree exec-tree
public-tree: ## Write, build and test the team's tree: make public-tree OUT=folder
	@exec services/exec-api/public-tree.sh "$(OUT)"
exec-tree: ## Write, build and test the private repository: make exec-tree OUT=folder PUBLIC=public-tree
	@exec services/exec-api/exec-tree.sh "$(OUT)" "$(PUBLIC)"
# private:end

clean: ## Remove what was built (./data stays)
	cargo clean
