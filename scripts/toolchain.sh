#!/usr/bin/env bash
#
# Installs what is missing to build the kernel: a Rust compiler with a standard
# library for WebAssembly, a linker, wasm-bindgen and wasm-pack.
set -euo pipefail

readonly TARGET=wasm32-unknown-unknown
readonly WASM_PACK=0.15.1
# Debian's compiler made the committed module: another one makes other bytes.
readonly DEBIAN_RUSTC=/usr/bin/rustc
readonly DEBIAN_LINKER=wasm-ld-22

cd "$(dirname "${BASH_SOURCE[0]}")/../wasm"
# First, as an older wasm-bindgen elsewhere must not win over the installed one.
PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

say() {
  echo "toolchain: $*" >&2
}

fail() {
  say "$*"
  exit 1
}

has() {
  command -v "$1" >/dev/null
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

apt_install() {
  local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@")
  # The second try is for package lists that are absent or out of date.
  as_root "${install[@]}" || { as_root apt-get update && as_root "${install[@]}"; }
}

# Whether compiler $1 makes a module for the target, with linker $2 if given.
links() {
  "$1" --target "$TARGET" --crate-type cdylib ${2:+-C "linker=$2"} \
    -o "$scratch/probe.wasm" - <<<'' >/dev/null 2>&1
}

# The version of rustc-web that apt's lists have, if any.
candidate() {
  apt-cache policy rustc-web | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# Whether apt can install a compiler that is new enough for the kernel.
debian_offers_rustc() {
  { [[ $EUID -eq 0 ]] || has sudo; } || return
  # A fresh container has no package lists.
  [[ -n $(candidate) ]] || links rustc || as_root apt-get update
  dpkg --compare-versions "$(candidate)" ge "$(
    awk -F '"' '/^rust-version/ { print $2 }' Cargo.toml
  )"
}

install_debian_rustc() {
  say "installing Debian's rustc-web, rust-web-src and lld-22"
  apt_install rustc-web rust-web-src lld-22
  has cargo || apt_install cargo-web
  links "$DEBIAN_RUSTC" "$DEBIAN_LINKER" || install_debian_std
  links "$DEBIAN_RUSTC" "$DEBIAN_LINKER" ||
    fail "$DEBIAN_RUSTC still cannot link for $TARGET; please report this"
}

# Debian has the standard library's sources, but not built for the target.
install_debian_std() {
  local crate="$scratch/empty" libdir
  libdir=$("$DEBIAN_RUSTC" --target "$TARGET" --print target-libdir)
  say "building the standard library for $TARGET"
  mkdir -p "$crate/src"
  touch "$crate/src/lib.rs"
  cat >"$crate/Cargo.toml" <<'TOML'
[package]
name = "empty"
edition = "2024"

[lib]
crate-type = ["cdylib"]
TOML
  (
    cd "$crate"
    unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_TARGET
    # Building the standard library is an unstable option, which a stable
    # compiler takes with RUSTC_BOOTSTRAP only.
    RUSTC_BOOTSTRAP=1 RUSTC="$DEBIAN_RUSTC" \
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER="$DEBIAN_LINKER" \
      cargo build --quiet --release --target "$TARGET" --target-dir "$scratch/target" \
      -Z build-std=std,panic_abort
  )
  # A library left by an earlier compiler would be found and refused.
  as_root rm -rf "$libdir"
  as_root install -D -m 644 -t "$libdir" "$scratch/target/$TARGET/release/deps/"lib*.rlib
}

add_rustup_target() {
  has rustup || fail "there is no rustup, nor Debian's apt and the right to use it;" \
    "install Rust with a standard library for $TARGET, then run this again"
  say "adding $TARGET with rustup"
  # Where rustup's servers are out of reach, it would try for minutes.
  timeout 60 rustup target add "$TARGET" || fail "rustup could not add $TARGET;" \
    "check that its servers are within reach, then run this again"
}

# Installs command $1 from crate $2 in version $3.
install_tool() {
  [[ $("$1" --version 2>/dev/null) != "$1 $3" ]] || return 0
  say "installing $1 $3 (some minutes)"
  cargo install --quiet --locked "$2@$3"
}

is_debian() {
  grep -qs '^ID=debian$' /etc/os-release
}

if links "$DEBIAN_RUSTC" "$DEBIAN_LINKER"; then
  rustc=$DEBIAN_RUSTC
elif is_debian && debian_offers_rustc; then
  install_debian_rustc
  rustc=$DEBIAN_RUSTC
else
  links rustc || add_rustup_target
  rustc=rustc
fi

has cargo || fail "there is a Rust compiler but no cargo; install it, then run this again"
wasm_bindgen=$(awk -F '"' '/^name = "wasm-bindgen"$/ { getline; print $2 }' Cargo.lock)
install_tool wasm-bindgen wasm-bindgen-cli "$wasm_bindgen"
install_tool wasm-pack wasm-pack "$WASM_PACK"

say "ready: $("$rustc" --version), wasm-bindgen $wasm_bindgen, wasm-pack $WASM_PACK"
