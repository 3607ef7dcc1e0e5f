#!/usr/bin/env bash
#
# Compares the kernel, as it is compiled for a release but natively, with the
# plain crates on a million random cases. IRONFERN_SEED repeats a run; without it
# each run has a seed of its own, which is printed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../wasm"

cargo test --quiet --locked --release --test oracle -- --ignored --nocapture
