#!/usr/bin/env bash
# Weakens each memory ordering of the pipe and its memory, one at a time, and checks that a loom test turns red.
#
#   tests/orderings.sh            every site
#   tests/orderings.sh pool.rs    only sites whose `file:line code` contains the argument
#
# A site is an Acquire, Release, AcqRel or SeqCst, which becomes Relaxed, or a fence, which goes. An ordering that
# no test needs is wrong: either it does nothing and goes from the code, or a test is missing. The shipped files
# are copied into one small crate, so that a run builds them and nothing else, and builds incrementally.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
filter=${1:-}
scratch=$root/target/orderings
src=$root/engine/src

rm -rf "$scratch/src" "$scratch/shipped"
mkdir -p "$scratch/src" "$scratch/shipped"
cp -r "$src/sync.rs" "$src/memory" "$src/pipe" "$scratch/shipped/"
cp -r "$scratch/shipped/." "$scratch/src/"
printf '%s\n' '#![allow(dead_code, unused_imports)]' 'mod memory;' 'mod pipe;' 'mod sync;' \
    > "$scratch/src/lib.rs"
# The versions are those of the engine's own manifest.
version() { sed -n "s/^$1 = \"\(.*\)\"/\1/p" "$root/engine/Cargo.toml" | head -n 1; }
cat > "$scratch/Cargo.toml" <<EOF
[package]
name = "orderings"
version = "0.0.0"
edition = "2024"
[workspace]
[dependencies]
ringmq-driver = { path = "$root/engine/driver" }
bytes = "$(version bytes)"
crossbeam-utils = "$(version crossbeam-utils)"
crossbeam-queue = "$(version crossbeam-queue)"
[target.'cfg(loom)'.dependencies]
loom = "$(version loom)"
[profile.release]
incremental = true
codegen-units = 16
EOF

# Runs the loom tests on the scratch copy; the output goes to $scratch/log.
explore() {
    RUSTFLAGS="--cfg loom -Awarnings" CARGO_TARGET_DIR=$scratch/target RUST_BACKTRACE=0 \
        timeout 300 cargo test --quiet --release --manifest-path "$scratch/Cargo.toml" --lib loom_ \
        > "$scratch/log" 2>&1
}

explore || { cat "$scratch/log"; echo "the loom tests are red before anything is weakened"; exit 1; }
grep -q 'running [1-9]' "$scratch/log" || { echo "there are no loom tests"; exit 1; }

# What to weaken: `path:line:code` of every ordering outside of comments and tests.
sites=$(cd "$scratch/shipped" && grep -rnE 'Ordering::(Acquire|Release|AcqRel|SeqCst)' memory pipe --include='*.rs' |
    grep -vE '^pipe/(tests|loom_tests)/|^memory/tests' | grep -vE '^[^:]*:[0-9]+: *//' | sort -t: -k1,1 -k2,2n)

weakened=0 survived=0
while IFS= read -r site; do
    path=${site%%:*} rest=${site#*:}
    line=${rest%%:*} code=$(sed 's/^ *//' <<< "${rest#*:}")
    label="$path:$line $code"
    [[ $label == *"$filter"* ]] || continue
    if [[ $code == fence* ]]; then
        sed -i "${line}s/fence(Ordering::[A-Za-z]*);//" "$scratch/src/$path"
    else
        sed -i -E "${line}s/Ordering::(Acquire|Release|AcqRel|SeqCst)/Ordering::Relaxed/" "$scratch/src/$path"
    fi
    weakened=$((weakened + 1))
    if explore; then
        survived=$((survived + 1))
        echo "SURVIVED  $label"
    elif red=$(grep -E 'FAILED|panicked' "$scratch/log" | grep -oE 'loom_tests::[a-z_:0-9]+' | head -n 1) &&
        [[ -n $red ]]; then
        echo "red       $label  <- ${red#loom_tests::}"
    else
        cat "$scratch/log"
        echo "BROKEN    $label: the weakened copy neither passes nor fails a test"
        exit 1
    fi
    cp "$scratch/shipped/$path" "$scratch/src/$path"
done <<< "$sites"

echo "$weakened weakened, $survived survived"
[[ $weakened -gt 0 && $survived -eq 0 ]]
