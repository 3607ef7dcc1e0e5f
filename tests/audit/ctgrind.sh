#!/usr/bin/env bash
#
# Runs the kernel natively under Valgrind's memcheck with every secret marked as
# undefined memory, and fails when a branch or an address depends on one, or when
# a leak that was made on purpose is not found. Needs Valgrind, on x86-64.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../wasm"

if ! command -v valgrind >/dev/null; then
  echo "ctgrind: there is no valgrind; install it (Debian: apt-get install valgrind)" >&2
  exit 1
fi

# WebAssembly has no instructions for AES and SHA: without these flags the crates
# would use the processor's, and their code for everyone else would not be run.
export RUSTFLAGS='--cfg aes_backend="soft" --cfg sha1_backend="soft" --cfg sha2_backend="soft"'
# The code is optimised as it is in a release, but can say where it is from.
export CARGO_PROFILE_RELEASE_STRIP=none CARGO_PROFILE_RELEASE_DEBUG=line-tables-only
cargo build --quiet --locked --release --features ctgrind --example ctgrind \
  --target-dir target/ctgrind

memcheck() {
  valgrind --quiet --leak-check=no --expensive-definedness-checks=yes --error-limit=no \
    --read-inline-info=yes --num-callers=20 "$@"
}

readonly PROGRAM=target/ctgrind/release/examples/ctgrind
echo "Leaks made on purpose:"
memcheck --log-file=/dev/null "$PROGRAM" controls
echo "The kernel:"
memcheck "$PROGRAM"
