# Sourced by what talks to SonarQube's web API. The caller has die, and sets url, work (a folder of its own) and as, which
# is NAME:PASSWORD or TOKEN: with nothing after the colon.
# shellcheck shell=bash

quoted() { # value, as curl's configuration wants it
  local value=${1//\\/\\\\}
  printf '"%s"' "${value//\"/\\\"}"
}

# call leaves SonarQube's answer in $work/answer and its status in $status. Passwords, tokens and fields travel on standard
# input, so that none is in the list of processes. With fields it posts.
call() { # path, field=value…
  local path=$1 field
  shift
  # shellcheck disable=SC2154 # the caller sets them
  status=$({
    printf 'url = %s\nuser = %s\n' "$(quoted "$url/api/$path")" "$(quoted "$as")"
    for field in "$@"; do printf 'data-urlencode = %s\n' "$(quoted "$field")"; done
  } | curl --silent --show-error --max-time 60 --output "$work/answer" --write-out '%{http_code}' --config - 2>"$work/trouble") ||
    die "SonarQube does not answer at $url: $(head -n 1 "$work/trouble")"
}

api() { # path, field=value…: a call that has to succeed
  call "$@"
  [[ $status == 2* ]] || die "SonarQube refused ${1%%\?*} ($status): $(jq -r '[.errors[]?.msg] | join("; ")' "$work/answer" 2>/dev/null)"
}
