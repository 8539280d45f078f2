#!/usr/bin/env bash
# Runs the Jenkinsfile without Jenkins, in a strict double of the declarative DSL. Shell steps are real.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: jenkins/run-pipeline.sh --branch NAME --workspace DIRECTORY [OPTIONS]
       jenkins/run-pipeline.sh --check [--config DIRECTORY] [FILE…]

Runs the Jenkinsfile in the workspace, or only checks that Jenkins would accept
it. Exit status 0 if the build succeeds, 1 if it fails or Jenkins would reject
the file, 2 for a usage error. The log goes to standard error. Standard output
has lines of fields separated by tabs:

  stage NAME SUCCESS|UNSTABLE|FAILURE|ABORTED|SKIPPED WHY
  post OWNER CONDITION     gate STATUS     junit FILES TESTS FAILED
  coverage FILE            archived FILE   mail TO SUBJECT
  clean                    result RESULT
  status pending|success|failure|error         reported for the commit on GitHub
  sh COMMAND               with --check: each shell command of the file
  agent NAME LABEL         agent of a stage
  credential STORE ID TYPE SCOPE, agent NAME LABELS JOBS, job NAME FILE
                           with --check: the content of jenkins.yaml

Options:
  --branch NAME          branch to build
  --workspace DIRECTORY  git checkout; cleanWs does not delete it
  --previous RESULT      result of the previous build (SUCCESS), or NONE
  --gate STATUS          quality gate: OK, ERROR, or NONE for a webhook that
                         never arrives (OK)
  --webhook PORT         wait for the webhook of a real SonarQube at
                         http://127.0.0.1:PORT/sonarqube-webhook/
  --secrets DIRECTORY    files that jenkins.yaml reads ($SECRETS, or else
                         /run/secrets)
  --jenkinsfile FILE     another Jenkinsfile
  --config DIRECTORY     directory of another jenkins.yaml and plugins.txt

Shell steps inherit the environment, which must have the variables that
jenkins.yaml reads. With GITHUB_REPOSITORY the job is on GitHub and reports the
commit's status.
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
[ -z "$gate" ] || [ -z "$webhook" ] || wrong "use either --gate or --webhook"
gate=${gate:-OK}
[ -z "$webhook" ] || { [[ $webhook =~ ^[1-9][0-9]{0,4}$ ]] && [ "$webhook" -le 65535 ]; } || wrong "--webhook is $webhook, not a TCP port"
[[ $gate =~ ^(OK|ERROR|NONE)$ ]] || wrong "--gate is $gate"
if [ -z "$check" ]; then
  [ -n "$branch" ] || wrong "--branch is missing"
  [ -n "$workspace" ] || wrong "--workspace is missing"
  [ -d "$workspace" ] || die "$workspace is not a directory"
  workspace=$(cd "$workspace" && pwd)
  [ ${#files[@]} -gt 0 ] || files=("$workspace/Jenkinsfile")
fi
[ ${#files[@]} -gt 0 ] || files=("$home/../Jenkinsfile")
for file in "${files[@]}"; do [ -f "$file" ] || die "$file is not a file"; done

command -v java >/dev/null 2>&1 || die "java is missing: apt-get install openjdk-17-jre-headless"
command -v groovy >/dev/null 2>&1 || die "groovy is missing: apt-get install groovy"
# Debian's groovy expects Java at a link that another package creates.
java_home=$(readlink -f "$(command -v java)")
export JAVA_HOME=${JAVA_HOME:-${java_home%/bin/java}}

# Runs are too short for the optimizing compiler to pay off.
export JAVA_OPTS="${JAVA_OPTS:-} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

# Compiling the double takes most of a run's time, so cache the classes.
key=$({ cat "$home"/double/*.groovy; stat -L -c "%Y %s %n" "$(command -v groovy)"; } | sha256sum | cut -c 1-12)
classes=${XDG_CACHE_HOME:-$HOME/.cache}/vaultsphere/pipeline/$key
if [ ! -d "$classes" ]; then
  mkdir -p "$(dirname "$classes")"
  part=$(mktemp -d "$classes.XXXXXX")
  groovyc --encoding UTF-8 -d "$part" "$home"/double/*.groovy >&2 || { rm -rf "$part"; die "groovyc could not compile the double"; }
  # If two runs compile at the same time, the first to rename wins.
  mv -T "$part" "$classes" 2>/dev/null || rm -rf "$part"
fi

exec groovy -cp "$classes" -e 'Main.main(args)' "config=$config" "secrets=$secrets" "check=$check" \
  "branch=$branch" "workspace=$workspace" "previous=$previous" "gate=$gate" "webhook=$webhook" "${files[@]/#/jenkinsfile=}"
