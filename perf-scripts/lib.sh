# What the scripts in this directory share: the program they run, the workloads they know by name, and how they
# say what is missing. To be sourced, not run.

root=$(cd "$(dirname "$0")/.." && pwd)

# Ends the script with a message.
fail() {
    printf '%s: %s\n' "$(basename "$0")" "$1" >&2
    exit 1
}

# Ends the script unless a command is there: need COMMAND "WHERE IT COMES FROM".
need() {
    command -v "$1" >/dev/null 2>&1 || fail "$1 is needed; $2"
}

# Sets `bench` to the program: the one in RINGMQ_BENCH, or else a fresh release build.
find_bench() {
    if [ -n "${RINGMQ_BENCH:-}" ]; then
        [ -x "$RINGMQ_BENCH" ] || fail "RINGMQ_BENCH=$RINGMQ_BENCH is not a program"
        bench=$RINGMQ_BENCH
        return
    fi
    need cargo "see rustup.rs, or name a built ringmq-bench in RINGMQ_BENCH"
    cargo build --quiet --release --manifest-path "$root/Cargo.toml" -p ringmq-bench
    bench=${CARGO_TARGET_DIR:-$root/target}/release/ringmq-bench
}

# The workloads, for usage texts.
workloads="flood-16 flood-64 flood-1k flood-64k ping-pong"

# Sets `exercise`, `size` and `messages` to those of a workload. A flood goes one way, as fast as it goes; in
# ping-pong each message waits for the answer to the one before.
choose_workload() {
    exercise=throughput
    case $1 in
        flood-16) size=16 messages=2000000 ;;
        flood-64) size=64 messages=2000000 ;;
        flood-1k) size=1K messages=500000 ;;
        flood-64k) size=64K messages=10000 ;;
        ping-pong) exercise=latency size=16 messages=20000 ;;
        *) fail "no workload is called $1; there are: $workloads" ;;
    esac
}

# Runs the chosen workload once: run_bench PEER MESSAGES SENDER_PREFIX RECEIVER_PREFIX. A traced peer is slow, so
# that the deadline is long.
run_bench() {
    "$bench" "$exercise" --peer "$1" --size "$size" --count "$2" --repeat 1 --deadline 600 \
        --sender-prefix "$3" --receiver-prefix "$4"
}

# Makes a directory in `scratch` that goes when the script ends.
make_scratch() {
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
}
