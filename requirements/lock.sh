#!/usr/bin/env bash
# Resolves the *.in files into locks with hashes and without addresses: lock.sh VENV
set -euo pipefail
cd "$(dirname "$0")"
for name in job dev model peers; do
    "../$1/bin/pip-compile" --quiet --generate-hashes --strip-extras --allow-unsafe --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file "$name.txt" "$name.in"
done
