#!/usr/bin/env bash
# Runs a real SonarQube for tests, without Docker, with its embedded database.
set -euo pipefail

usage() {
  cat <<'USAGE'
Usage: internal/testenv/sonarqube/sonarqube.sh install
       internal/testenv/sonarqube/sonarqube.sh run PORT

install  downloads SonarQube from Maven Central into the user's cache, once; for
         root this is /var/cache, where the user that runs it can read it
run      runs it in the foreground on 127.0.0.1:PORT with an empty database; it
         stops when its standard input ends. As root, it runs as the system user
         "sonarqube", which is created if it does not exist. It is ready when
         /api/system/status says UP, after about a minute and a half

Needs a JDK 21 or 25, from JAVA_HOME, PATH or /usr/lib/jvm, 3 GB of memory and,
to install, 4 GB of disk.
USAGE
}

die() { echo "sonarqube.sh: error: $1" >&2; exit "${2:-1}"; }
# shellcheck source=internal/testenv/loopback/port.sh
. "$(dirname "$0")/../loopback/port.sh"

here=$(cd "$(dirname "$0")" && pwd)
pom=$here/pom.xml
if [ "$(id -u)" = 0 ]; then caches=${XDG_CACHE_HOME:-/var/cache}; else caches=${XDG_CACHE_HOME:-$HOME/.cache}; fi
# The folder's name contains the pom's checksum, so each version has its own folder.
home=$caches/vaultsphere/sonarqube/$(sha256sum "$pom" | cut -c 1-12)

room() { # directory, megabytes
  local have
  have=$(df --output=avail --block-size=1M "$1" | tail -n 1 | tr -d ' ')
  [ "$have" -ge "$2" ] || die "$1 has $have MB of free disk, but SonarQube needs $2 MB"
}

install() {
  [ -d "$home" ] && return
  local program part
  for program in mvn:maven unzip:unzip; do
    command -v "${program%:*}" >/dev/null 2>&1 || die "${program%:*} is missing: apt-get install ${program#*:}"
  done
  mkdir -p "$(dirname "$home")" || die "cannot create $(dirname "$home")"
  room "$(dirname "$home")" 4000
  part=$(mktemp -d "$home.XXXXXX")
  # shellcheck disable=SC2064 # expanded now on purpose
  trap "rm -rf '$part'" EXIT
  trap 'exit 1' INT TERM
  # Use a temporary repository, so that no second copy of the archive stays in Maven's cache.
  if ! mvn -q -B -C -f "$pom" "-Dmaven.repo.local=$part/maven" dependency:copy-dependencies "-DoutputDirectory=$part" \
    >"$part/log" 2>&1; then
    cat "$part/log" >&2
    die "Maven could not fetch SonarQube"
  fi
  unzip -q -d "$part" "$part"/*.zip >"$part/log" 2>&1 || die "unzip could not unpack SonarQube: $(tail -n 1 "$part/log")"
  rm -rf "$part/maven" "$part"/*.zip "$part/log"
  mv "$part"/sonarqube-*/* "$part"
  rm -rf "$part"/sonarqube-*
  # SonarQube creates these two folders here, and their paths are fixed. It writes everything else outside.
  mkdir -p "$part"/extensions/{downloads,plugins}
  # Maven's archive has no file modes.
  chmod +x "$part"/elasticsearch/bin/*
  chmod -R a+rX "$part"
  # With two concurrent installations, the first to rename wins, and the other deletes its copy.
  mv -T "$part" "$home" 2>/dev/null || rm -rf "$part"
  trap - EXIT INT TERM
}

jdk() { # prints the home of a JDK that the server runs on; a JRE lacks a module that the search engine needs
  local candidate java
  java=$(readlink -f "$(command -v java)") || true
  for candidate in "${JAVA_HOME:-}" "${java%/bin/java}" /usr/lib/jvm/*; do
    if [ -x "$candidate/bin/java" ] && grep -qE '^JAVA_VERSION="(21|25)(\.|")' "$candidate/release" 2>/dev/null &&
      grep -q '^MODULES=.*\bjdk\.jdi\b' "$candidate/release"; then
      echo "$candidate"
      return
    fi
  done
  return 1
}

no_jdk="a JDK 21 or 25 is missing: apt-get install openjdk-21-jdk-headless (Debian 12: temurin-25-jdk, https://adoptium.net/installation/linux), or set JAVA_HOME"

free_port() { # prints a free port
  local port
  for _ in {1..50}; do
    port=$((20000 + RANDOM % 12000))
    taken "$port" || { echo "$port"; return; }
  done
  return 1
}

reason() { # prints the reason of the exit from the logs
  # The first error is the cause, or the last "Caused by" of its stack trace. Without an error, it is the last line.
  cat "$run"/logs/{es,web,ce,sonar}.log "$run/console" 2>/dev/null | awk '
    /^[0-9.]+ [0-9:]+ / { if (error) exit }
    /^[0-9.]+ [0-9:]+ (ERROR|FATAL) / || /^(Error|Exception)/ { if (!error) error = $0 }
    /^Caused by: / && error { error = substr($0, 12) }
    NF { last = $0 }
    END { print error ? error : last ? last : "no output" }'
}

run() { # port
  local java user=() port
  java=$(jdk) || die "$no_jdk"
  for port in setpriv setsid; do
    command -v "$port" >/dev/null 2>&1 || die "$port is missing: apt-get install util-linux"
  done
  install
  run=$(mktemp -d "${TMPDIR:-/tmp}/sonarqube.XXXXXX")
  trap stop EXIT
  trap 'exit 1' INT TERM
  room "$run" 1500
  mkdir "$run"/{data,temp,logs,extensions}
  if [ "$(id -u)" = 0 ]; then
    # The search engine refuses to run as root.
    id sonarqube >/dev/null 2>&1 || useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sonarqube ||
      die "could not create the system user sonarqube"
    user=(--reuid sonarqube --regid sonarqube --clear-groups)
    chown -R sonarqube:sonarqube "$run"
    setpriv "${user[@]}" test -r "$home/lib" || die "the user sonarqube cannot read $home: set XDG_CACHE_HOME to a folder that it can"
  fi
  # Start it like its container. All other ports are free ones too, and memory is limited, because the machine has other work.
  local settings=(
    SONAR_WEB_HOST=127.0.0.1 SONAR_WEB_PORT="$1" SONAR_SEARCH_PORT="$(free_port)" SONAR_ES_PORT="$(free_port)"
    SONAR_EMBEDDEDDATABASE_PORT="$(free_port)"
    SONAR_PATH_DATA="$run/data" SONAR_PATH_TEMP="$run/temp" SONAR_PATH_LOGS="$run/logs"
    SONAR_WEB_JAVAOPTS="-Xmx512m -Xms128m" SONAR_CE_JAVAOPTS="-Xmx1g -Xms128m"
    SONAR_SEARCH_JAVAOPTS="-Xmx512m -Xms512m -XX:MaxDirectMemorySize=256m"
    # Elasticsearch creates no index on a disk that is 85 % full, however large it is.
    SONAR_SEARCH_JAVAADDITIONALOPTS="-Dnode.store.allow_mmap=false -Dcluster.routing.allocation.disk.threshold_enabled=false"
    SONAR_ES_BOOTSTRAP_CHECKS_DISABLE=true
    SONAR_TELEMETRY_ENABLE=false SONAR_UPDATECENTER_ACTIVATE=false
  )
  local exports=(
    --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/java.lang=ALL-UNNAMED
    --add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED
    --add-opens=java.management/sun.management=ALL-UNNAMED --add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED
  )
  cd "$home"
  # Bash closes the standard input of background commands.
  exec 3<&0
  # A separate process group, so that its search engine and workers stop with it.
  env -i PATH="$PATH" HOME="$run" LANG=C.UTF-8 JAVA_HOME="$java" ES_JAVA_HOME="$java" SONAR_JAVA_PATH="$java/bin/java" "${settings[@]}" \
    setsid setpriv --pdeathsig TERM "${user[@]}" "$java/bin/java" -Xms8m -Xmx64m "${exports[@]}" \
    -jar "$home"/lib/sonar-application-*.jar -Dsonar.log.console=true </dev/null >"$run/console" 2>&1 3<&- &
  server=$!
  # If the process that started this is killed, its end of the pipe closes.
  { cat <&3; touch "$run/over"; kill "$server"; } >/dev/null 2>&1 &
  watcher=$!
  wait "$server" || true
  [ -e "$run/over" ] || die "SonarQube ended: $(reason)"
}

stop() {
  # shellcheck disable=SC2317 # called by the trap
  if [ -n "${server:-}" ]; then
    kill -TERM -- "-$server" 2>/dev/null || true
    for _ in {1..100}; do
      kill -0 -- "-$server" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$server" 2>/dev/null || true
    # Kill its cat too, which would otherwise continue to read.
    pkill -P "$watcher" 2>/dev/null || true
    kill "$watcher" 2>/dev/null || true
  fi
  rm -rf "$run"
}

case "${1:-}" in
  install)
    [ $# = 1 ] || { usage >&2; exit 2; }
    jdk >/dev/null || die "$no_jdk"
    install
    ;;
  run)
    [ $# = 2 ] || { usage >&2; exit 2; }
    check_port "$2"
    run "$2"
    ;;
  --help | -h) usage ;;
  *) usage >&2; exit 2 ;;
esac
