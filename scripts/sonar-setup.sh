#!/usr/bin/env bash
# Configures SonarQube for the pipeline, through its web API.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: scripts/sonar-setup.sh --secrets DIRECTORY --webhook URL
       scripts/sonar-setup.sh --help

Configures SonarQube for the pipeline. You can run it again at any time: it
corrects every setting that differs.

- The password of admin is set to the content of SONAR_ADMIN_PASSWORD.
- The user "pipeline", who cannot log in with a password, may create projects,
  and analyse and administer all of them: main's builds delete those of deleted
  branches. Its token is in SONAR_TOKEN.
- The user "branches" may create projects, and analyse and administer only the
  projects that it created. Its token is in SONAR_BRANCHES_TOKEN.
- The project "vaultsphere", for main, belongs to "pipeline".
- Tokens that no longer work are replaced.
- The webhook "pipeline" calls URL, signed with SONAR_WEBHOOK_SECRET.
- The quality gate is "Sonar way", and new code is everything since the previous
  version.

SONAR_ADMIN_PASSWORD, SONAR_WEBHOOK_SECRET, SONAR_TOKEN and SONAR_BRANCHES_TOKEN
are files in DIRECTORY. Missing files are created, readable only by their owner.

Settings, from the environment:
  SONAR_HOST_URL  address of SonarQube (http://localhost:9000)
USAGE
}

die() { echo "sonar-setup.sh: error: $1" >&2; exit "${2:-1}"; }
# shellcheck source=scripts/sonar-api.sh
. "$(dirname "$0")/sonar-api.sh"
wrong() { echo "sonar-setup.sh: error: $1" >&2; usage >&2; exit 2; }

secrets="" webhook=""
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h) usage; exit 0 ;;
    --secrets | --webhook) [ $# -ge 2 ] || wrong "$1 needs a value" ;;
    *) wrong "unknown argument: $1" ;;
  esac
  case "$1" in
    --secrets) secrets=$2 ;;
    --webhook) webhook=$2 ;;
  esac
  shift 2
done
[ -n "$secrets" ] || wrong "--secrets is missing"
[ -n "$webhook" ] || wrong "--webhook is missing"
url=${SONAR_HOST_URL:-http://localhost:9000}
url=${url%/}
[[ $url =~ ^https?:// ]] || die "SONAR_HOST_URL is $url, but must be an http or https URL"
[[ $webhook =~ ^https?://[^/]+/ ]] || die "--webhook is $webhook, but must be an http or https URL with a path"
for program in curl jq openssl; do
  command -v "$program" >/dev/null 2>&1 || die "$program is missing: apt-get install $program"
done
[ -d "$secrets" ] || die "$secrets is not a directory"

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

valid() { # NAME:PASSWORD
  local as=$1
  call authentication/validate
  [ "$status" = 200 ] && jq -e .valid "$work/answer" >/dev/null
}

store() { # file, value: writes the file atomically
  printf '%s\n' "$2" >"$work/value"
  # In the same folder, so that the rename is atomic.
  local part
  part=$(mktemp "$secrets/.$1.XXXXXX") || die "cannot write into $secrets"
  cat "$work/value" >"$part"
  mv "$part" "$secrets/$1"
}

secret() { # file: prints its first line
  [ -s "$secrets/$1" ] || return 0
  head -n 1 "$secrets/$1"
}

# An unreadable file would look missing, and be replaced.
for name in SONAR_ADMIN_PASSWORD SONAR_WEBHOOK_SECRET SONAR_TOKEN SONAR_BRANCHES_TOKEN; do
  if [ ! -x "$secrets" ] || [ -d "$secrets/$name" ] || { [ -e "$secrets/$name" ] && [ ! -r "$secrets/$name" ]; }; then
    die "cannot read $secrets/$name"
  fi
done

as=:
call system/status
now=$(jq -r '.status // empty' "$work/answer" 2>/dev/null) || true
[ "$now" = UP ] || die "SonarQube at $url is not up${now:+: $now}"

# SonarQube requires twelve characters, of four kinds.
[ -n "$(secret SONAR_ADMIN_PASSWORD)" ] || store SONAR_ADMIN_PASSWORD "Aa1-$(openssl rand -hex 24)"
[ -n "$(secret SONAR_WEBHOOK_SECRET)" ] || store SONAR_WEBHOOK_SECRET "$(openssl rand -hex 24)"
password=$(secret SONAR_ADMIN_PASSWORD)
as=admin:$password
if ! valid "$as"; then
  valid admin:admin || die "the password of admin is neither the one in $secrets/SONAR_ADMIN_PASSWORD nor the default"
  as=admin:admin
  api users/change_password login=admin previousPassword=admin "password=$password"
  as=admin:$password
fi

account() { # login, name, file of its token, permission…
  local login=$1 permission token works=no
  api "users/search?q=$login"
  jq -e --arg login "$login" '.users[] | select(.login == $login)' "$work/answer" >/dev/null ||
    api users/create "login=$login" "name=$2" local=false
  for permission in "${@:4}"; do
    api permissions/add_user "login=$login" "permission=$permission"
  done
  token=$(secret "$3")
  if [ -n "$token" ] && valid "$token:"; then
    (as=$token: && api users/current && jq -e --arg login "$login" '.login == $login' "$work/answer" >/dev/null) && works=yes
  fi
  [ "$works" = no ] || return 0
  api user_tokens/revoke "login=$login" name=pipeline
  api user_tokens/generate "login=$login" name=pipeline type=USER_TOKEN
  store "$3" "$(jq -er .token "$work/answer")"
}

for permission in admin user codeviewer issueadmin scan; do
  api permissions/add_project_creator_to_template "templateName=Default template" permission=$permission
done
# Otherwise everyone with an account could analyse every project.
api permissions/remove_group groupName=sonar-users permission=scan
account pipeline Pipeline SONAR_TOKEN scan provisioning
account branches Branches SONAR_BRANCHES_TOKEN provisioning
api permissions/add_user_to_template login=pipeline "templateName=Default template" permission=admin
# A project belongs to its creator. Before main's first build, a branch could create main's project.
api projects/search?projects=vaultsphere
jq -e '.components != []' "$work/answer" >/dev/null ||
  (as=$(secret SONAR_TOKEN): && api projects/create project=vaultsphere name=VaultSphere)

# The receiver is only on the same machine in a trial.
if [[ $webhook =~ ^https?://(localhost|127\.[0-9.]+|\[::1\])[:/] ]]; then api settings/set key=sonar.validateWebhooks value=false; fi
api webhooks/list
hook=$(jq -r '[.webhooks[] | select(.name == "pipeline")][0].key // empty' "$work/answer")
if [ -n "$hook" ]; then
  # SonarQube does not reveal the secret, so set it each time.
  api webhooks/update "webhook=$hook" name=pipeline "url=$webhook" "secret=$(secret SONAR_WEBHOOK_SECRET)"
else
  api webhooks/create name=pipeline "url=$webhook" "secret=$(secret SONAR_WEBHOOK_SECRET)"
fi

api qualitygates/set_as_default 'name=Sonar way'
api new_code_periods/set type=PREVIOUS_VERSION
