#!/usr/bin/env bash
# Switches this host to another release without dropping a request.
#
# One of two slots serves. The new release starts in the other slot, outside the network where the proxy sees the slots. Once it
# is and stays ready, it joins that network, and the old release leaves: it stops being ready, finishes its requests, and exits.
# Docker's state decides which slot serves, never a file, so a killed run leaves no stale state for the next one.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: rollout.sh IMAGE@DIGEST   serve this release
       rollout.sh --back         roll back to the previous release
       rollout.sh --proxy        restart the proxy with its current settings, which interrupts connections for a few seconds
       rollout.sh --status       print the state of slots and proxy; exit 1 if nothing serves
       rollout.sh --help

If a release does not become ready, it is removed and the old one keeps serving: exit 1, and one line says why.
If the script is killed, run it again; it finishes or starts over. A second run waits for the first.

Settings, from the environment:
  HOME_DIRECTORY     directory with .env, the settings of the release, and state/ (the directory above this script's)
  RELEASE_PARAMETER  SSM parameter for the digest of the serving release (none)
  READY_TRIES        a release must become ready within READY_TRIES times READY_INTERVAL seconds (20)
  READY_INTERVAL     (5)
  WATCH_SECONDS      how long it must stay ready before it serves (10)
USAGE
}

say() { echo "rollout.sh: $1" >&2; }
die() { echo "rollout.sh: error: $1" >&2; exit "${2:-1}"; }

port=5001
# Seconds in which the proxy probes a slot twice.
proxy_notices=1
front=vaultsphere_front
slots=vaultsphere_slots

here=$(cd "$(dirname "$0")" && pwd)
home=${HOME_DIRECTORY:-$(dirname "$here")}
state=$home/state
# On a host, the Compose file is in the scripts' directory.
files=$here
[ -e "$files/docker-compose.yml" ] || files=$(dirname "$here")
# Exists on a host that has neither a certificate nor the address to request one: see keep-certificates wait.
hold=$state/proxy-held
candidate='' # the slot of a release that does not serve yet
reason=''    # why it failed

attempt() { # message, command…: runs the command quietly; if it fails, ends with the message and a reason in one line
  local what=$1 said
  shift
  if said=$("$@" 2>&1 >/dev/null); then return; fi
  # Docker's command line adds lines after the engine's message, without new information.
  if [[ $said == *'Error response from daemon: '* ]]; then
    said=${said#*Error response from daemon: }
    die "$what: ${said%%$'\n'*}"
  fi
  die "$what: ${said##*$'\n'}"
}

store() { # name in state/, content: replaces the file atomically, after a sync
  local part
  part=$(mktemp "$state/.$1.XXXXXX")
  printf '%s\n' "$2" >"$part"
  sync "$part"
  mv -T "$part" "$state/$1"
}

stored() { # name in state/
  cat "$state/$1" 2>/dev/null || true
}

inspect() { # container, template: prints nothing if the container does not exist
  docker inspect --type container --format "$2" "vaultsphere-$1" 2>/dev/null || true
}

# The last --env-file wins, and options win over all files. So a setting named BLUE_IMAGE cannot put an unverified image into a
# slot, and COMPOSE_PROJECT_NAME cannot move the slots away from the proxy.
compose() {
  docker compose --progress quiet --project-name vaultsphere --project-directory "$files" --file "$files/docker-compose.yml" \
    "${env_file[@]}" --env-file "$state/compose.env" "$@"
}

other() { [ "$1" = blue ] && echo green || echo blue; }

# Prints the image of a slot that the proxy may send requests to, otherwise nothing.
serves() { # slot
  inspect "$1" "{{if or .State.Running .State.Restarting}}{{if index .NetworkSettings.Networks \"$front\"}}{{.Config.Image}}{{end}}{{end}}"
}

ready() { # slot, network: probes from outside the container, so it needs no program in the image
  local address
  address=$(inspect "$1" "{{with index .NetworkSettings.Networks \"$2\"}}{{.IPAddress}}{{end}}")
  [ -n "$address" ] || { reason="it does not run"; return 1; }
  answer=$(curl --noproxy '*' --silent --output /dev/null --max-time 3 --write-out '%{http_code}' "http://$address:$port/ready") || true
  [ "$answer" != 200 ] || return 0
  reason="/ready answers $answer"
  [ "$answer" != 000 ] || reason="/ready does not answer"
  return 1
}

ended() { # container: true if it exited; sets reason
  local status last
  status=$(inspect "$1" '{{if not .State.Running}}{{.State.ExitCode}}{{end}}')
  [ -n "$status" ] || return 1
  last=$(docker logs --tail 1 "vaultsphere-$1" 2>&1) || true
  reason="it ended with status $status: ${last:0:300}"
}

prove() { # slot, seconds to watch: true if it becomes and stays ready, otherwise sets reason
  local deadline=$((SECONDS + READY_TRIES * READY_INTERVAL))
  until ready "$1" "$slots"; do
    ! ended "$1" || return 1
    [ "$SECONDS" -lt "$deadline" ] || { reason="not ready in $((READY_TRIES * READY_INTERVAL)) s: $reason"; return 1; }
    sleep 0.2
  done
  deadline=$((SECONDS + $2))
  while [ "$SECONDS" -lt "$deadline" ]; do
    sleep 0.5
    if ! ready "$1" "$slots"; then
      ended "$1" || true
      reason="it was ready, but then: $reason"
      return 1
    fi
  done
}

# Removes a release that does not serve yet. If the proxy may see it already, it drains first.
withdraw() {
  [ -n "$candidate" ] || return 0
  local slot=$candidate
  candidate=''
  [ -z "$(serves "$slot")" ] || docker stop "vaultsphere-$slot" >/dev/null || true
  docker rm --force "vaultsphere-$slot" >/dev/null 2>&1 || true
  prune
}

# Removes all images except those of the current and the previous release.
prune() {
  local image
  docker image ls --digests --format '{{.Repository}}@{{.Digest}}' "$repository" | sort -u | while read -r image; do
    case ${image#*@} in
      '<none>' | "$(stored current)" | "$(stored previous)") ;;
      # Docker refuses to remove an image that a container uses.
      *) docker image rm "$image" >/dev/null 2>&1 || true ;;
    esac
  done
}

# Leaves exactly one slot serving, in whatever state an earlier run was killed. Sets serving to that slot; empty on a new host.
recover() {
  local slot keep='' current
  current=$(stored current)
  serving=''
  for slot in blue green; do
    if [ -n "$(serves "$slot")" ]; then
      serving+=" $slot"
    elif [ "$(inspect "$slot" '{{or .State.Running .State.Restarting}}')" = true ]; then
      attempt "cannot remove the container of an interrupted rollout" docker rm --force "vaultsphere-$slot"
    fi
  done
  serving=${serving# }
  [ "$serving" = 'blue green' ] || return 0
  # Both were ready. Keep the current release if it is still ready.
  for slot in blue green; do
    ready "$slot" "$front" || continue
    keep=${keep:-$slot}
    local image
    image=$(serves "$slot")
    [ "${image#*@}" != "$current" ] || { keep=$slot; break; }
  done
  serving=${keep:-blue}
  say "a rollout was interrupted; $serving serves"
  attempt "cannot stop $(other "$serving")" docker stop "vaultsphere-$(other "$serving")"
}

write_settings() { # images of blue and of green
  store compose.env "BLUE_IMAGE='$1'
GREEN_IMAGE='$2'
CADDYFILE='$state/Caddyfile'
ENV_FILE='$home/.env'
SETTINGS_ID='$settings'
LOG_DRIVER='$log_driver'"
}

image_in_settings() { # slot
  local line
  while read -r line; do
    [[ $line != "${1^^}_IMAGE='"* ]] || { line=${line#*\'}; echo "${line%\'}"; }
  done < <(stored compose.env)
}

start_proxy() {
  local hash
  [ ! -e "$hold" ] || { say "the proxy waits for the platform's address"; return; }
  if [ "$(inspect proxy '{{.State.Running}}')" != true ]; then
    # A proxy that was only stopped starts with its old configuration.
    if [ -z "$(inspect proxy '{{.Id}}')" ] || ! [ -s "$state/Caddyfile" ]; then store Caddyfile "$(<"$files/Caddyfile")"; fi
    attempt "cannot start the proxy" compose up --detach --no-build --no-recreate --no-deps proxy
    return
  fi
  hash=$(compose config --hash proxy) || die "cannot read $files/docker-compose.yml"
  if [ "${hash#* }" != "$(inspect proxy '{{index .Config.Labels "com.docker.compose.config-hash"}}')" ] ||
    [ "$(<"$files/Caddyfile")" != "$(<"$state/Caddyfile")" ]; then
    echo "rollout.sh: hint: the proxy runs with older settings: rollout.sh --proxy restarts it" >&2
  fi
}

restart_proxy() {
  store Caddyfile "$(<"$files/Caddyfile")"
  attempt "cannot start the proxy" compose up --detach --no-build --force-recreate --no-deps proxy
  sleep "$proxy_notices"
  [ "$(inspect proxy '{{.State.Running}} {{.RestartCount}}')" = 'true 0' ] || die "the proxy does not start: see docker logs vaultsphere-proxy"
}

# A replacement host starts the release that this parameter names.
remember() { # digest
  [ -n "${RELEASE_PARAMETER:-}" ] && [ "$(stored recorded)" != "$1" ] || return 0
  rm -f "$state/recorded"
  # Version 1 of the AWS command line does not know AWS_REGION.
  [ -z "${AWS_REGION:-}" ] || export AWS_DEFAULT_REGION=$AWS_REGION
  AWS_PAGER='' attempt "cannot write $RELEASE_PARAMETER" \
    aws ssm put-parameter --name "$RELEASE_PARAMETER" --type String --value "$1" --overwrite
  store recorded "$1"
}

roll_out() { # image, seconds to watch it
  local image=$1 digest=${1#*@} idle old address
  old=''
  [ -z "$serving" ] || old=$(serves "$serving")
  repository=${image%@*}
  if [ "$old" = "$image" ] && [ "$(inspect "$serving" '{{index .Config.Labels "org.vaultsphere.settings"}}')" = "$settings" ]; then
    write_settings "$(image_in_settings blue)" "$(image_in_settings green)"
    start_proxy
    remember "$digest"
    [ "$(stored current)" = "$digest" ] || store current "$digest"
    say "$digest serves already, in $serving"
    return
  fi
  docker image inspect "$image" >/dev/null 2>&1 || attempt "cannot pull $image" docker pull --quiet "$image"

  idle=$(other "${serving:-green}")
  if [ "$idle" = blue ]; then write_settings "$image" "$old"; else write_settings "$old" "$image"; fi
  start_proxy

  candidate=$idle
  docker rm --force "vaultsphere-$idle" >/dev/null 2>&1 || true
  attempt "cannot create $idle" compose create --no-build "vault-$idle"
  address=$(inspect "$idle" "{{(index .NetworkSettings.Networks \"$front\").IPAMConfig.IPv4Address}}")
  attempt "cannot take $idle off $front" docker network disconnect "$front" "vaultsphere-$idle"
  # Without a restart policy, a failed container stays, and its exit status and log are available.
  attempt "cannot try $image" docker update --restart no "vaultsphere-$idle"
  attempt "cannot start $image" docker start "vaultsphere-$idle"
  prove "$idle" "$2" || die "$image does not serve: $reason"
  [ -e "$hold" ] || [ "$(inspect proxy '{{.State.Status}}')" = running ] || die "the proxy does not run: see docker logs vaultsphere-proxy"

  attempt "cannot update $image" docker update --restart unless-stopped "vaultsphere-$idle"
  attempt "cannot put $idle on $front" docker network connect --ip "$address" "$front" "vaultsphere-$idle"
  sleep "$proxy_notices"
  ready "$idle" "$front" || die "$image does not serve: where the proxy asks, $reason"
  # Before the old release stops: if a step up to here fails, nothing has changed.
  remember "$digest"
  [ -z "$old" ] || [ "${old#*@}" = "$digest" ] || store previous "${old#*@}"
  store current "$digest"
  candidate=''
  [ -z "$serving" ] || attempt "$digest serves, but the old release does not stop" docker stop "vaultsphere-$serving"
  prune
  say "$digest serves, in $idle"
}

release_before() { # prints the image
  local digest repository
  digest=$(stored previous)
  repository=$(image_in_settings blue)
  repository=${repository:-$(image_in_settings green)}
  if [ -z "$digest" ] || [ -z "$repository" ]; then die "there is no previous release"; fi
  [ "$digest" != "$(stored current)" ] || die "the previous release is already the current one"
  echo "${repository%@*}@$digest"
}

status() {
  local slot image is=1
  for slot in blue green; do
    image=$(serves "$slot")
    if [ -z "$image" ]; then
      image=$(inspect "$slot" '{{.State.Status}} {{.Config.Image}}')
      printf '%-9s%s\n' "$slot" "${image:-none}"
    elif ready "$slot" "$front"; then
      printf '%-9s%s\n' "$slot" "serving $image"
      is=0
    else
      printf '%-9s%s\n' "$slot" "failing $image: $reason"
    fi
  done
  image=$(inspect proxy '{{.State.Status}}')
  [ "$image" = running ] || is=1
  printf '%-9s%s\n' proxy "${image:-none}" current "$(stored current)" previous "$(stored previous)"
  return "$is"
}

need() { # checks the requirements of every command except --help
  local program
  for program in docker curl flock; do
    command -v "$program" >/dev/null 2>&1 || die "$program is missing: install it"
  done
  local name
  for name in READY_TRIES READY_INTERVAL WATCH_SECONDS; do
    [[ ${!name} =~ ^[0-9]{1,5}$ ]] || die "$name is '${!name}', not a number of at most five digits" 2
  done
  log_driver=$(docker info --format '{{.LoggingDriver}}' 2>/dev/null) || die "Docker does not answer: start it"
  # Use the daemon's driver if one is configured. Docker's default keeps all logs indefinitely.
  [ "$log_driver" != json-file ] || log_driver=local
  docker compose version >/dev/null 2>&1 || die "Docker has no Compose: install its plugin"
}

lock() {
  mkdir -p "$state"
  exec 9>"$state/lock"
  flock --nonblock 9 && return
  say "another rollout is running: waiting for it"
  flock --timeout 900 9 || die "another rollout has been running for more than 15 minutes"
}

begin() {
  need
  lock
  trap withdraw EXIT
  trap 'exit 1' HUP INT TERM
  settings=none
  env_file=()
  if [ -e "$home/.env" ]; then
    env_file=(--env-file "$home/.env")
    settings=$(sha256sum <"$home/.env")
    settings=${settings%% *}
  fi
  recover
}

main() {
  READY_TRIES=${READY_TRIES:-20} READY_INTERVAL=${READY_INTERVAL:-5} WATCH_SECONDS=${WATCH_SECONDS:-10}
  local image
  [ $# = 1 ] || die "expected one argument, IMAGE@DIGEST or an option, got $#: see --help" 2
  case $1 in
    --help | -h) usage ;;
    --status) need; status ;;
    --back)
      begin
      image=$(release_before)
      # It has served before, and a rollback must be fast.
      roll_out "$image" 0
      ;;
    --proxy)
      begin
      [ -n "$serving" ] || die "nothing serves: roll out a release first"
      write_settings "$(image_in_settings blue)" "$(image_in_settings green)"
      restart_proxy
      ;;
    -*) die "unknown option '$1': see --help" 2 ;;
    *@sha256:*)
      [[ $1 =~ ^[a-z0-9][a-zA-Z0-9._:/-]*@sha256:[0-9a-f]{64}$ ]] || die "'$1' is not IMAGE@sha256:DIGEST" 2
      begin
      roll_out "$1" "$WATCH_SECONDS"
      ;;
    *) die "'$1' has no digest: a tag can change, IMAGE@sha256:… cannot" 2 ;;
  esac
}

main "$@"
