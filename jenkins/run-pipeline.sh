#!/usr/bin/env bash
# Runs the Jenkinsfile without a Jenkins: a strict double of the declarative DSL, a real shell.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: jenkins/run-pipeline.sh --branch NAME --workspace DIRECTORY [OPTIONS]
       jenkins/run-pipeline.sh --check [--config DIRECTORY] [FILE…]

Runs the workspace's Jenkinsfile there, or only checks that Jenkins would take
it. Exit status 0 if the build is a success, 1 if it is not or Jenkins refuses
the file, 2 for a wrong call. The log goes to standard error. Standard output
has lines of words that a tab separates:

  stage NAME SUCCESS|UNSTABLE|FAILURE|ABORTED|SKIPPED WHY
  post OWNER CONDITION     gate STATUS     junit FILES TESTS FAILED
  coverage FILE            archived FILE   mail TO SUBJECT
  clean                    result RESULT
  status pending|success|failure|error         of the commit, on GitHub
  sh COMMAND               with --check: every shell command of the file
  agent NAME LABEL         that a stage runs on
  credential STORE ID TYPE SCOPE, agent NAME LABELS JOBS, job NAME FILE
                           with --check: those of jenkins.yaml

Options:
  --branch NAME          branch that is built
  --workspace DIRECTORY  a git checkout; cleanWs leaves it as it is
  --previous RESULT      how the build before it ended (SUCCESS), or NONE
  --gate STATUS          SonarQube's answer: OK, ERROR or NONE, which is no
                         webhook until the time is up (OK)
  --webhook PORT         SonarQube itself answers: its webhook comes to
                         http://127.0.0.1:PORT/sonarqube-webhook/
  --secrets DIRECTORY    the files that jenkins.yaml reads ($SECRETS, else
                         /run/secrets)
  --jenkinsfile FILE     another Jenkinsfile
  --config DIRECTORY     another jenkins.yaml and plugins.txt

The environment is passed on; jenkins.yaml says which variables it has to have.
With GITHUB_REPOSITORY the job is one on GitHub, which is told the status.
USAGE
}

die() { echo "run-pipeline.sh: error: $1" >&2; exit "${2:-1}"; }
wrong() { echo "run-pipeline.sh: error: $1" >&2; usage >&2; exit 2; }

home=$(cd "$(dirname "$0")" && pwd)
branch="" workspace="" previous=SUCCESS gate="" webhook="" config=$home secrets=${SECRETS:-/run/secrets} check="" files=()
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) usage; exit 0 ;;
    --check) check=yes; shift; continue ;;
    --branch | --workspace | --previous | --gate | --webhook | --secrets | --jenkinsfile | --config)
      [ $# -ge 2 ] || wrong "$1 needs a value"
      ;;
    -*) wrong "unknown option: $1" ;;
    *)
      [ -n "$check" ] || wrong "unknown argument: $1"
      files+=("$1"); shift; continue
      ;;
  esac
  case "$1" in
    --branch) branch=$2 ;;
    --workspace) workspace=$2 ;;
    --previous) previous=$2 ;;
    --gate) gate=$2 ;;
    --webhook) webhook=$2 ;;
    --secrets) secrets=$2 ;;
    --jenkinsfile) files=("$2") ;;
    --config) config=$2 ;;
  esac
  shift 2
done

[[ $previous =~ ^(SUCCESS|UNSTABLE|FAILURE|ABORTED|NOT_BUILT|NONE)$ ]] || wrong "--previous is $previous"
[ -z "$gate" ] || [ -z "$webhook" ] || wrong "--gate and --webhook: the answer comes from one of them"
gate=${gate:-OK}
[ -z "$webhook" ] || { [[ $webhook =~ ^[1-9][0-9]{0,4}$ ]] && [ "$webhook" -le 65535 ]; } || wrong "--webhook is $webhook, not a TCP port"
[[ $gate =~ ^(OK|ERROR|NONE)$ ]] || wrong "--gate is $gate"
if [ -z "$check" ]; then
  [ -n "$branch" ] || wrong "--branch is missing"
  [ -n "$workspace" ] || wrong "--workspace is missing"
  [ -d "$workspace" ] || die "$workspace is no directory"
  workspace=$(cd "$workspace" && pwd)
  [ ${#files[@]} -gt 0 ] || files=("$workspace/Jenkinsfile")
fi
[ ${#files[@]} -gt 0 ] || files=("$home/../Jenkinsfile")
for file in "${files[@]}"; do [ -f "$file" ] || die "$file is no file"; done

command -v java >/dev/null 2>&1 || die "java is missing: apt-get install openjdk-17-jre-headless"
command -v groovy >/dev/null 2>&1 || die "groovy is missing: apt-get install groovy"
# Debian's groovy looks for Java where another package puts a link.
java_home=$(readlink -f "$(command -v java)")
export JAVA_HOME=${JAVA_HOME:-${java_home%/bin/java}}

# Nothing here runs long enough for the second compiler to pay.
export JAVA_OPTS="${JAVA_OPTS:-} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

# Groovy takes most of a run's time to compile the double, so that is done once.
key=$({ cat "$home"/double/*.groovy; stat -L -c "%Y %s %n" "$(command -v groovy)"; } | sha256sum | cut -c 1-12)
classes=${XDG_CACHE_HOME:-$HOME/.cache}/vaultsphere/pipeline/$key
if [ ! -d "$classes" ]; then
  mkdir -p "$(dirname "$classes")"
  part=$(mktemp -d "$classes.XXXXXX")
  groovyc --encoding UTF-8 -d "$part" "$home"/double/*.groovy >&2 || { rm -rf "$part"; die "groovyc could not compile the double"; }
  # Two at once: the first to rename wins, the other's copy goes.
  mv -T "$part" "$classes" 2>/dev/null || rm -rf "$part"
fi

exec groovy -cp "$classes" -e 'Main.main(args)' "config=$config" "secrets=$secrets" "check=$check" \
  "branch=$branch" "workspace=$workspace" "previous=$previous" "gate=$gate" "webhook=$webhook" "${files[@]/#/jenkinsfile=}"
