# A fresh machine needs only Node 20.19 or newer. These targets install everything else.
.PHONY: help dev demo test install build clean

help:
	@echo "make dev    run everything here: Postgres, Temporal with its Web UI, API, worker (Ctrl-C stops, the next start resumes)"
	@echo "make demo   the same, with the examples, a real alert and a timeline of what happens (CI=1: ends by itself)"
	@echo "make test   every check and every test"

dev: build
	@exec node dist/src/cli/main.js dev

demo: build
	@exec node dist/src/cli/main.js demo $(if $(CI),--ci)

test: install
	@exec node scripts/ci.mjs

install: node_modules/.installed

build: install dist/.built

node_modules/.installed: package-lock.json
	@node -e 'const [a, b] = process.versions.node.split("."); if (a < 20 || (a == 20 && b < 19)) { console.error("Node 20.19 or newer is needed, this is " + process.version); process.exit(1); }'
	@echo "installing packages"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

SOURCES := $(shell find src bench console drizzle scripts/build.mjs tsconfig.json package.json -type f ! -name '*.test.ts' 2>/dev/null)
dist/.built: node_modules/.installed $(SOURCES)
	@echo "building"
	@node scripts/build.mjs bundle console
	@touch $@

clean:
	rm -rf dist node_modules/.cache
