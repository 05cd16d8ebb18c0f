# Everything is done by the script of the same name in bin/.
# Variables may stand on the command line: make run PORT=8070
export CALLED_FROM := $(PWD)
.DEFAULT_GOAL := help

run: ## a demonstration company on http://127.0.0.1:8069 (PORT=, DB=demo, SERVE=0 ends after the table)
test: ## all tests (FAST=1 without browser and slow ones, TAGS= a part, in Odoo's syntax)
backtest: ## a churn model of the past against what happened (DB=import AT=2019-12-15 HORIZON=90d)
import: ## history of another billing system (FILE=history.csv AS_OF=2024-12-31 DB=import)
shell: ## an Odoo shell (DB=demo); runs a script given on standard input
update: ## bring a database to the state of this checkout (DB=demo)
lint: ## ruff, pylint-odoo, prettier and Odoo's own checks
bench: ## the benchmarks (N= how many subscriptions, ONLY= one part: journeys)
mutants: ## break the code on purpose and see that the tests notice
lock: ## resolve pyproject.toml and package.json into the lock files again
stop: ## end the servers that were started
clean: ## stop, and remove all that was built (downloads are kept)

run test backtest import shell update lint bench mutants lock stop clean:
	@bin/$@

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

.PHONY: run test backtest import shell update lint bench mutants lock stop clean help
