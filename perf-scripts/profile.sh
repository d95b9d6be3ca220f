#!/bin/sh
# Shows where the time of one process of a workload goes: with perf, or, where perf may not or cannot, with
# callgrind, which counts instructions and needs no permission.
#
# perf's data file is kept if PERF_DATA names one. CALL_GRAPH=dwarf adds call chains.
set -eu
. "$(dirname "$0")/lib.sh"

[ $# -ge 1 ] && [ $# -le 4 ] || fail "usage: profile.sh WORKLOAD [PEER] [sender|receiver] [perf|callgrind]; workloads: $workloads"
peer=${2:-ring}
side=${3:-sender}
tool=${4:-perf}
choose_workload "$1"
make_scratch

case $tool in
    perf)
        need perf "it comes in the package linux-perf, or linux-tools"
        data=${PERF_DATA:-$scratch/perf.data}
        perf record -q -e cpu-clock -o "$scratch/try" true >/dev/null 2>&1 ||
            fail "perf may not record here; try sysctl kernel.perf_event_paranoid=1, or callgrind as fourth word"
        prefix="perf record -q -F 4999 -o $data ${CALL_GRAPH:+--call-graph $CALL_GRAPH} --"
        messages=$((messages * 5))
        ;;
    callgrind)
        need valgrind "it comes in the package valgrind"
        data=$scratch/callgrind.out
        prefix="valgrind --quiet --tool=callgrind --callgrind-out-file=$data"
        messages=$((messages / 20))
        ;;
    *) fail "there is no tool $tool: perf or callgrind" ;;
esac

find_bench
case $side in
    sender) run_bench "$peer" "$messages" "$prefix" "" >"$scratch/table" ;;
    receiver) run_bench "$peer" "$messages" "" "$prefix" >"$scratch/table" ;;
    *) fail "there is no $side: sender or receiver" ;;
esac

printf '\n%s, %s, %s, by %s\n\n' "$1" "$peer" "$side" "$tool"
case $tool in
    perf) # Its speed is nearly that of a run without perf; that of a run under callgrind would mean nothing.
        sed -n '/ peer /,/^$/p' "$scratch/table"
        perf report --stdio --no-children --fields overhead,dso,symbol --percent-limit 0.5 -i "$data" 2>/dev/null |
        sed -e '/^#/d' -e '/^$/d' | head -n 60 ;;
    callgrind) callgrind_annotate "$data" | sed -e "s|$root/||" -e 's/ *\[[^]]*\]$//' | head -n 60 ;;
esac
