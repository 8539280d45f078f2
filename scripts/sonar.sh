#!/usr/bin/env bash
# Analyses the checkout and its reports with SonarQube.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/sonar.sh
       scripts/sonar.sh --landed [COMMIT]
       scripts/sonar.sh --help

Analyses the checkout with SonarQube's scanner, as configured in
sonar-project.properties. Run "make test" first, for the reports. The quality
gate checks new code, which is everything since a baseline:

- On main and master, the baseline is the commit in the file sonar-baseline, the
  last one that was released. --landed writes COMMIT (HEAD) there; commit the
  file with the next change. Until then, the released code still counts as new.
- On a branch, the baseline is the commit where it left main. Each branch has its
  own project: the Community Build does not support branches, and a branch must
  not affect main's quality gate.

If the project does not know its baseline, the baseline is analysed first, with
its own date: a first analysis has no new code and always passes. On main, the
projects of branches that the remote "origin" no longer has are deleted.

The scanner is downloaded from Maven Central into the user's cache, once.

Settings, from the environment:
  SONAR_HOST_URL  address of SonarQube
  SONAR_TOKEN     token of the user "pipeline" (scripts/sonar-setup.sh), or of
                  another user who may analyse, create and administer projects
                  (SONAR_AUTH_TOKEN, which Jenkins sets)
  BRANCH_NAME     branch (the current branch)
USAGE
}

die() { echo "sonar.sh: error: $1" >&2; exit "${2:-1}"; }
say() { echo "sonar.sh: $1" >&2; }
# shellcheck source=scripts/sonar-api.sh
. "$(dirname "$0")/sonar-api.sh"

# renovate: maven org.sonarsource.scanner.cli:sonar-scanner-cli
scanner=8.1.0.6389
project=vaultsphere

landed=""
case "$#:${1:-}" in
  0:) ;;
  1:--help | 1:-h) usage; exit 0 ;;
  1:--landed) landed=HEAD ;;
  2:--landed) landed=$2 ;;
  *) echo "sonar.sh: error: unknown argument: $1" >&2; usage >&2; exit 2 ;;
esac

cd "$(dirname "$0")/.."
command -v git >/dev/null 2>&1 || die "git is missing: apt-get install git"
head=$(git rev-parse --verify --quiet 'HEAD^{commit}') || die "$PWD is not a git checkout with a commit"

if [ -n "$landed" ]; then
  commit=$(git rev-parse --verify --quiet "$landed^{commit}") || die "$landed is not a commit"
  git merge-base --is-ancestor "$commit" HEAD || die "$landed is not in the history of HEAD"
  echo "$commit" >sonar-baseline.part
  mv sonar-baseline.part sonar-baseline
  exit
fi

[ -n "${SONAR_HOST_URL:-}" ] || die "SONAR_HOST_URL is not set: the address of SonarQube, such as http://localhost:9000"
[[ $SONAR_HOST_URL =~ ^https?:// ]] || die "SONAR_HOST_URL is $SONAR_HOST_URL, but must be an http or https URL"
SONAR_TOKEN=${SONAR_TOKEN:-${SONAR_AUTH_TOKEN:-}}
[ -n "$SONAR_TOKEN" ] || die "SONAR_TOKEN is not set: scripts/sonar-setup.sh makes one"
for program in curl:curl java:openjdk-17-jre-headless jq:jq tar:tar; do
  command -v "${program%:*}" >/dev/null 2>&1 || die "${program%:*} is missing: apt-get install ${program#*:}"
done
for report in reports/cover.out reports/lcov.info; do
  [ -s "$report" ] || die "$report is missing: make test"
done
branch=${BRANCH_NAME:-$(git branch --show-current)}
[ -n "$branch" ] || die "no branch is checked out: set BRANCH_NAME"
# Exported, so that no value is in the process list.
export SONAR_TOKEN SONAR_HOST_URL
url=${SONAR_HOST_URL%/} as=$SONAR_TOKEN:

jar=${XDG_CACHE_HOME:-$HOME/.cache}/vaultsphere/sonar-scanner/$scanner.jar
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fetch_scanner() {
  [ -s "$jar" ] && return
  command -v mvn >/dev/null 2>&1 || die "mvn is missing: apt-get install maven"
  # Use a temporary repository, so that nothing stays in Maven's cache.
  if ! mvn -q -B -C "-Dmaven.repo.local=$work/maven" dependency:copy \
    "-Dartifact=org.sonarsource.scanner.cli:sonar-scanner-cli:$scanner:jar" "-DoutputDirectory=$work/scanner" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    die "Maven could not fetch SonarQube's scanner"
  fi
  mkdir -p "$(dirname "$jar")"
  mv "$work/scanner/sonar-scanner-cli-$scanner.jar" "$jar.$$"
  mv "$jar.$$" "$jar"
}

digest() { printf '%s' "$1" | sha256sum | cut -c 1-12; }

# key gives a branch's project. Two branches that differ in what a key cannot hold differ in the digest.
key() { # branch
  local LC_ALL=C slug=${1:0:60}
  echo "$project:${slug//[^A-Za-z0-9_.-]/-}-$(digest "$1")"
}

read_baseline() { # prints the commit in the file, which must be an ancestor of HEAD
  local commit
  [ -s sonar-baseline ] || die "the file sonar-baseline is missing, which names the last released commit: scripts/sonar.sh --landed COMMIT"
  commit=$(cat sonar-baseline)
  [[ $commit =~ ^[0-9a-f]{40}$ ]] || die "sonar-baseline must hold the full hash of one commit"
  git merge-base --is-ancestor "$commit" HEAD 2>/dev/null || die "the commit $commit of sonar-baseline is not in the history of HEAD"
  echo "$commit"
}

fork_point() { # prints the commit where HEAD left main
  local main
  for main in main master; do
    git rev-parse --verify --quiet "refs/remotes/origin/$main" >/dev/null && break
    # A build server may have fetched only its branch.
    git fetch --quiet origin "+refs/heads/$main:refs/remotes/origin/$main" 2>>"$work/fetch" && break
    main=""
  done
  [ -n "$main" ] || die "git could not fetch main, which the branch started from: $(tail -n 1 "$work/fetch")"
  git merge-base "refs/remotes/origin/$main" HEAD || die "the branch $branch and $main have no commit in common"
}

copy() { # commit, directory
  { git clone --quiet --no-checkout . "$2" && git -C "$2" checkout --quiet --detach "$1"; } 2>"$work/log" ||
    die "git could not copy the checkout: $(tail -n 1 "$work/log")"
}

# scan analyses a directory with the settings in $settings (JSON). They go through the environment, because arguments are not
# Unicode on every machine.
scan() { # directory
  (cd "$1" && SONAR_SCANNER_JSON_PARAMS=$settings java -jar "$jar")
}

settings() { # version: sets settings
  settings=$(jq --null-input --ascii-output --compact-output --arg key "$project_key" --arg name "$project_name" --arg version "$1" \
    '{"sonar.projectKey": $key, "sonar.projectName": $name, "sonar.projectVersion": $version}')
}

# analysis_of prints the id of the project's analysis of a commit: "others" if it only has others, "none" if it has none.
analysis_of() { # commit
  call "project_analyses/search?project=$(jq -rn --arg k "$project_key" '$k | @uri')&ps=500"
  [ "$status" = 404 ] && { echo none; return; }
  [ "$status" = 200 ] || die "SonarQube refused project_analyses/search ($status): $(jq -r '[.errors[]?.msg] | join("; ")' "$work/answer" 2>/dev/null)"
  jq -r --arg c "$1" 'if .analyses == [] then "none" else [.analyses[] | select(.revision == $c)][-1].key // "others" end' "$work/answer"
}

analyse_baseline() {
  say "$project_name: analysing the baseline $baseline"
  copy "$baseline" "$work/baseline"
  settings "${baseline:0:12}"
  settings=$(jq -c --arg date "$(date --date="$(git log -1 --format=%cI "$baseline")" +%Y-%m-%dT%H:%M:%S%z)" '. + {"sonar.projectDate": $date}' <<<"$settings")
  scan "$work/baseline" || die "the scanner could not analyse the baseline $baseline"
  local task deadline=$((SECONDS + 600)) state
  task=$(sed -n 's/^ceTaskId=//p' "$work/baseline/.scannerwork/report-task.txt")
  while :; do
    api "ce/task?id=$task"
    state=$(jq -r .task.status "$work/answer")
    case $state in
      SUCCESS) break ;;
      FAILED | CANCELED) die "SonarQube could not process the baseline: $(jq -r '.task.errorMessage // .task.status' "$work/answer")" ;;
    esac
    [ "$SECONDS" -lt "$deadline" ] || die "SonarQube has not processed the baseline in ten minutes"
    sleep 1
  done
}

# Lists the projects before the remote's branches, so a branch that is pushed in between keeps its project.
delete_gone() {
  local page=1 keys=() more heads live=" " here="" name known fetched=""
  while :; do
    api "components/search_projects?ps=500&p=$page&f=analysisDate"
    mapfile -t more < <(jq -r --arg p "$project:" '.components[] | select(.key | startswith($p)) | "\(.key) \(.analysisDate // "1970-01-01")"' \
      "$work/answer")
    keys+=("${more[@]}")
    [ "$((page * 500))" -lt "$(jq .paging.total "$work/answer")" ] || break
    page=$((page + 1))
  done
  [ ${#keys[@]} -gt 0 ] || return 0
  # This cleanup must not stop a release. If the remote requires credentials that only the checkout had, use the branches that the
  # checkout fetched, and keep projects that were analysed since.
  if ! heads=$(GIT_TERMINAL_PROMPT=0 git ls-remote --heads origin 2>"$work/log"); then
    heads=$(git for-each-ref --format='%(objectname)%09%(refname:lstrip=3)' refs/remotes/origin)
    fetched=$(stat --format=%Y "$(git rev-parse --git-path FETCH_HEAD)" 2>/dev/null || true)
    if [ -z "$fetched" ] || [ -z "$heads" ]; then
      say "warning: git could not list the branches of origin, so no project was deleted: $(tail -n 1 "$work/log")"
      return 0
    fi
  fi
  while IFS=$'\t' read -r _ name; do
    name=${name#refs/heads/}
    live+="$(key "$name") "
    [ "$name" != "$branch" ] || here=yes
  done <<<"$heads"
  if [ -z "$here" ]; then
    say "warning: origin has no branch $branch and may be another repository, so no project was deleted"
    return 0
  fi
  for known in "${keys[@]}"; do
    [[ $live != *" ${known% *} "* ]] || continue
    [ -z "$fetched" ] || [ "$(date --date="${known#* }" +%s)" -lt "$fetched" ] || continue
    known=${known% *}
    say "deleting the project $known: its branch no longer exists"
    api projects/delete "project=$known"
  done
}

fetch_scanner
if [ "$(git rev-parse --is-shallow-repository)" = true ]; then
  git fetch --quiet --unshallow origin 2>"$work/log" ||
    die "this clone is shallow, and git could not fetch the history, which determines the new code: $(tail -n 1 "$work/log")"
fi
case $branch in
  main | master) project_key=$project project_name=VaultSphere baseline=$(read_baseline) ;;
  *) project_key=$(key "$branch") project_name="VaultSphere $branch" baseline=$(fork_point) ;;
esac
project_name=${project_name:0:200}

found=$(analysis_of "$baseline")
case $found:$branch in
  none:*) analyse_baseline ;;
  others:main | others:master)
    # Keep the project's history. The newest analysis of a commit before the baseline also works, and is stricter.
    found=""
    while read -r candidate revision; do
      if git merge-base --is-ancestor "$revision" "$baseline" 2>/dev/null; then found=$candidate; break; fi
    done < <(jq -r '.analyses[] | "\(.key) \(.revision // "-")"' "$work/answer")
    [ -n "$found" ] || die "SonarQube has analyses of $project, but none of the baseline $baseline or of a commit before it"
    ;;
  others:*)
    # The branch was rebased or has merged main.
    api projects/delete "project=$project_key"
    analyse_baseline
    ;;
esac
[ "$found" != none ] && [ "$found" != others ] || found=$(analysis_of "$baseline")
api new_code_periods/set "project=$project_key" type=SPECIFIC_ANALYSIS "value=$found"

# Analyse a copy with the tracked files, including changes, and the reports. It contains no secrets of the checkout.
copy "$head" "$work/checkout"
git diff -z --name-only --diff-filter=D HEAD | (cd "$work/checkout" && xargs -0 --no-run-if-empty rm -f --)
{ git diff -z --name-only --diff-filter=d HEAD && find reports -type f -print0; } |
  tar --create --null --files-from=- | tar --extract --directory "$work/checkout"
settings "${head:0:12}"
say "$project_name: analysing $head, against $baseline"
scan "$work/checkout" || die "the scanner could not analyse $head"
# Jenkins reads the task to wait for from this file.
rm -rf .scannerwork
mkdir .scannerwork
cp "$work/checkout/.scannerwork/report-task.txt" .scannerwork/
case $branch in
  main | master) delete_gone ;;
esac
