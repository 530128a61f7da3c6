#!/bin/bash
# ./test            the whole check
# ./test quick      restore, build, unit tests and house rules: what to run before each commit
# ./test STAGE...   only these stages: restore build format unit tidy fuzz e2e
# ./test count      runs nothing: adds up the reports that are there
#
# A failed stage hides no other's results. Each leaves a JUnit report in artifacts/test-results. The last line counts
# the tests of all of them; what fails without tests of its own (a build, a format check) counts as one failure.
# With CI=true a skipped test is a failure.
set -uo pipefail
cd "$(dirname -- "$(readlink -f -- "$0")")/.." || exit 3 # ./test is a link to this file

all='restore build format unit tidy fuzz e2e'
case ${1-all} in
    all) stages=$all ;;
    quick) stages='restore build unit tidy' ;;
    count) stages= ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
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
results=$PWD/artifacts/test-results
passed=0 failed=0 skipped=0
failures=()

say() { printf '\n== %s\n' "$*"; }

program() { echo "$PWD/artifacts/bin/$1/${configuration,,}/$1"; }

# Writes the report of a stage that is not a test program: NAME=ok or NAME=failed for each thing it did.
report() { # STAGE RESULT...
    local stage=$1 result bad=0
    shift
    for result; do [[ $result = *=ok ]] || bad=$((bad + 1)); done
    {
        echo '<?xml version="1.0" encoding="utf-8"?>'
        echo "<testsuites><testsuite name=\"$stage\" tests=\"$#\" failures=\"$bad\" errors=\"0\" skipped=\"0\">"
        for result; do
            echo "<testcase classname=\"$stage\" name=\"${result%=*}\">$([[ $result = *=ok ]] || echo '<failure message="see the log"/>')</testcase>"
        done
        echo '</testsuite></testsuites>'
    } >"$results/$stage.xml"
}

# Adds a report to the sums. One that is missing or empty means that its program died.
count() { # FILE
    local name=${1##*/} total=0 bad=0 skip=0 suite suites=0
    while read -r suite; do
        suites=$((suites + 1))
        total=$((total + $(attribute tests "$suite")))
        bad=$((bad + $(attribute failures "$suite") + $(attribute errors "$suite")))
        skip=$((skip + $(attribute skipped "$suite")))
    done < <(grep -ohE '<testsuite [^>]*>' "$1" 2>/dev/null)
    if [ "$suites" = 0 ]; then
        bad=1 total=1
        failures+=("${name%.xml}: left no report")
    elif [ "$bad" -gt 0 ]; then
        failures+=("${name%.xml}: $bad failed")
    fi
    passed=$((passed + total - bad - skip)) failed=$((failed + bad)) skipped=$((skipped + skip))
}

attribute() { # NAME ELEMENT
    [[ $2 =~ [[:space:]]$1=\"([0-9]+)\" ]] && echo "${BASH_REMATCH[1]}" || echo 0
}

# Runs a test program. Its report counts; a program that fails with a report that shows no failure has failed itself.
assembly() { # STAGE NAME
    local code=0 report=$results/$1.xml
    say "$2"
    "$(program "$2")" -noLogo -noAutoReporters -noColor -jUnit "$report" </dev/null || code=$?
    if [ "$code" != 0 ] && ! grep -qE '<testsuite [^>]*(failures|errors)="[1-9]' "$report" 2>/dev/null; then
        echo "$2 ended with $code, though no test failed" >&2
        report "$1.program" "$2=failed"
    fi
}

# What only can fail reports no test where it does not.
check() { # STAGE NAME COMMAND...
    local stage=$1 name=$2
    shift 2
    "$@" </dev/null || checks+=("$name=failed")
    if [ ${#checks[@]} -gt 0 ]; then report "$stage" "${checks[@]}"; fi
}

stage_restore() {
    say restore
    check restore restore dotnet restore Cairn.slnx --locked-mode -nologo -v:q
}

stage_build() {
    say "build ($configuration)"
    check build build dotnet build Cairn.slnx -c "$configuration" --no-restore -nologo -v:q -clp:NoSummary -nr:false
}

# Style is checked by each build.
stage_format() {
    say format
    check format whitespace dotnet format whitespace Cairn.slnx --no-restore --verify-no-changes
}

stage_unit() { assembly unit Cairn.Tests; }
stage_tidy() { assembly tidy Cairn.Tidy; }

stage_fuzz() {
    local fuzz target outcomes=()
    fuzz=$(program Cairn.Fuzz)
    say Cairn.Fuzz
    for target in $("$fuzz" --help | sed -n 's/^  \([a-z][a-z0-9-]*\)$/\1/p'); do
        if "$fuzz" "$target" --seed 1 --iterations 20000 --seconds 30 </dev/null; then
            outcomes+=("$target=ok")
        else
            outcomes+=("$target=failed")
        fi
    done
    report fuzz "${outcomes[@]-targets=failed}"
}

stage_e2e() {
    say './cairn'
    check e2e ./cairn eng/launcher.sh
    if [ ${#checks[@]} = 0 ]; then
        CAIRN_BINARY=$PWD/artifacts/launcher/current/cairn assembly e2e Cairn.EndToEnd
    fi
}

[ "${CAIRN-}" != true ] || . eng/machine.sh
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1
mkdir -p "$results"
case ${1-all} in
    all | quick | restore) rm -f "$results"/*.xml ;;
esac
[ -z "$stages" ] || eng/bootstrap.sh test || exit 3

started=$SECONDS
for stage in $stages; do
    rm -f "$results/$stage".*xml
    checks=()
    "stage_$stage"
    case $stage in
        restore | build | format) ;; # no report means that nothing failed
        *) [ -e "$results/$stage.xml" ] || : >"$results/$stage.xml" ;;
    esac
done
shopt -s nullglob
for stage in ${stages:-$all}; do
    for file in "$results/$stage".*xml; do count "$file"; done
done

say "$((SECONDS - started)) s"
if [ "${CI-}" = true ] && [ "$skipped" -gt 0 ]; then
    failures+=("$skipped skipped: with CI=true every test must run")
fi
for failure in ${failures[@]+"${failures[@]}"}; do echo "FAILED  $failure"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ ${#failures[@]} = 0 ]
