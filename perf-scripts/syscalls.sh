#!/bin/sh
# Counts the system calls that a workload takes per message, in the sending and in the receiving process.
#
# A run with a single message is taken off, so that start and end of the processes do not count. strace slows every
# call down: the counts are right, the speed is not, and a slower kernel makes batches larger or smaller than they
# are without it.
set -eu
. "$(dirname "$0")/lib.sh"

[ $# -ge 1 ] && [ $# -le 2 ] || fail "usage: syscalls.sh WORKLOAD [PEER]; workloads: $workloads; peers: ring (if none is named), shim, libzmq, raw"
peer=${2:-ring}
choose_workload "$1"
need strace "it comes in the package strace"
find_bench
make_scratch

trace() { # trace MESSAGES NAME
    run_bench "$peer" "$1" \
        "strace -f -c -U name,calls -o $scratch/$2.sender" \
        "strace -f -c -U name,calls -o $scratch/$2.receiver" >"$scratch/$2.table"
}

# Lines of "name calls", the most frequent first, without what a run of a single message takes too.
difference() { # difference SIDE
    awk '
        $2 !~ /^[0-9]+$/ || $1 == "total" { next }
        FNR == NR { base[$1] = $2; next }
        $2 > base[$1] { print $1, $2 - base[$1] }
    ' "$scratch/one.$1" "$scratch/many.$1" | sort -k2 -rn
}

trace 1 one
trace "$messages" many

# A flood warms up with a fifth more messages; a round trip is one message out and one back for each process.
if [ "$exercise" = throughput ]; then
    counted=$((messages + messages / 5))
    unit=message
else
    counted=$messages
    unit="round trip"
fi
printf '%s, %s, %s: system calls per %s\n' "$1" "$peer" "$size" "$unit"
for side in sender receiver; do
    difference "$side" >"$scratch/difference"
    awk -v side="$side" -v counted="$counted" '
        { total += $2; if (NR <= 6) list = list sprintf("    %-20s %12.6f  (%d)\n", $1, $2 / counted, $2) }
        END { printf "\n  %s: %.6f\n%s", side, total / counted, list }
    ' "$scratch/difference"
done
