#!/bin/bash
# ./test            the whole check
# ./test quick      restore, build, unit tests and house rules: what to run before each commit
# ./test STAGE...   only these stages: restore build format unit tidy fuzz e2e
#
# A failed stage hides no other's results. JUnit reports go to artifacts/test-results. The last line counts the tests of
# all assemblies; a stage that fails without tests of its own (a build, a format check) counts as one failure.
# With CI=true a skipped test is a failure.
set -uo pipefail
cd "$(dirname -- "$(readlink -f -- "$0")")/.." || exit 3 # ./test is a link to this file

all='restore build format unit tidy fuzz e2e'
case ${1-all} in
    all) stages=$all ;;
    quick) stages='restore build unit tidy' ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *)
        stages=$*
        for stage in $stages; do
            case " $all " in
                *" $stage "*) ;;
                *) echo "test: no stage \`$stage\`: there are $all" >&2; exit 2 ;;
            esac
        done
        ;;
esac

configuration=Release
bin=$PWD/artifacts/bin
results=$PWD/artifacts/test-results
passed=0 failed=0 skipped=0
declare -a failures=()

say() { printf '\n== %s\n' "$*"; }

fail() { # WHAT
    failed=$((failed + 1))
    failures+=("$1")
}

# Adds up the attributes of a JUnit report's test suites. A report that is missing or empty means that the runner died.
count() { # FILE
    local total=0 bad=0 skip=0 suites=0 line
    [ -s "$1" ] || return 1
    while read -r line; do
        suites=$((suites + 1))
        total=$((total + $(attribute tests "$line")))
        bad=$((bad + $(attribute failures "$line") + $(attribute errors "$line")))
        skip=$((skip + $(attribute skipped "$line")))
    done < <(grep -oE '<testsuite [^>]*>' "$1")
    [ "$suites" -gt 0 ] || return 1
    passed=$((passed + total - bad - skip))
    failed=$((failed + bad))
    skipped=$((skipped + skip))
    counted=$bad
}

attribute() { # NAME LINE
    local value=0
    [[ $2 =~ [[:space:]]$1=\"([0-9]+)\" ]] && value=${BASH_REMATCH[1]}
    echo "$value"
}

assembly() { # NAME [OPTION...]
    local name=$1 program=$bin/$1/${configuration,,}/$1 report=$results/$1.xml code=0
    shift
    say "$name"
    rm -f "$report"
    if [ ! -x "$program" ]; then
        echo "$name is not built"
        fail "$name: not built"
        return
    fi
    "$program" -noLogo -noAutoReporters -noColor -jUnit "$report" "$@" </dev/null || code=$?
    counted=0
    if ! count "$report"; then
        fail "$name: ended with $code and left no report"
    elif [ "$counted" -gt 0 ]; then
        failures+=("$name: $counted failed")
    elif [ "$code" -ne 0 ]; then
        fail "$name: ended with $code"
    fi
}

stage_restore() {
    say restore
    dotnet restore Cairn.slnx --locked-mode -nologo -v:q </dev/null || fail restore
}

stage_build() {
    say "build ($configuration)"
    dotnet build Cairn.slnx -c "$configuration" --no-restore -nologo -v:q -clp:NoSummary -nr:false </dev/null || fail build
}

stage_format() {
    say format
    dotnet format whitespace Cairn.slnx --no-restore --verify-no-changes </dev/null || fail 'format: run `dotnet format whitespace`'
    dotnet format style Cairn.slnx --no-restore --verify-no-changes </dev/null || fail 'format: run `dotnet format style`'
}

stage_unit() { assembly Cairn.Tests; }
stage_tidy() { assembly Cairn.Tidy; }

stage_fuzz() {
    local program=$bin/Cairn.Fuzz/${configuration,,}/Cairn.Fuzz target targets
    say Cairn.Fuzz
    if ! targets=$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z][a-z0-9-]*\)$/\1/p') || [ -z "$targets" ]; then
        echo 'Cairn.Fuzz is not built, or lists no targets'
        fail 'Cairn.Fuzz: no targets'
        return
    fi
    for target in $targets; do
        if "$program" "$target" --seed 1 --iterations 20000 --seconds 30 </dev/null; then
            passed=$((passed + 1))
        else
            fail "Cairn.Fuzz: $target"
        fi
    done
}

stage_e2e() {
    say 'the command line, as ./cairn builds it'
    if ! eng/launcher.sh; then
        fail 'e2e: ./cairn does not build'
        return
    fi
    CAIRN_BINARY=$PWD/artifacts/launcher/current/cairn assembly Cairn.EndToEnd
}

eng/bootstrap.sh test || exit 3
mkdir -p "$results"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
started=$SECONDS
for stage in $stages; do
    "stage_$stage"
done

say "$((SECONDS - started)) s"
for failure in "${failures[@]-}"; do
    [ -z "$failure" ] || echo "FAILED  $failure"
done
bad=$failed
if [ "${CI-}" = true ] && [ "$skipped" -gt 0 ]; then
    echo "FAILED  $skipped skipped: with CI=true every test must run"
    bad=$((bad + skipped))
fi
echo "$passed passed, $failed failed, $skipped skipped"
[ "$bad" -eq 0 ]
