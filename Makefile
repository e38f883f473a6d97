PYTHON := .venv/bin/python

.PHONY: generate generate-check

generate: ## Generate the Python code of the contracts from protos/**/*.proto into protos/gen.
	@$(PYTHON) protos/generate.py

generate-check: ## Fail when protos/gen is not exactly what the protos say.
	@$(PYTHON) protos/generate.py --check
