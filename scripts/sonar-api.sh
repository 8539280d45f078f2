# Functions for SonarQube's web API, to be sourced. The caller defines die, and sets url, work (a temporary folder) and as, which
# is NAME:PASSWORD, or TOKEN: with a colon at the end.
# shellcheck shell=bash

quoted() { # value: prints it in the syntax of curl's configuration
  local value=${1//\\/\\\\}
  printf '"%s"' "${value//\"/\\\"}"
}

# call stores SonarQube's answer in $work/answer and its status in $status. With fields it sends a POST request. Passwords,
# tokens and fields go through stdin, so none of them is in the process list.
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

api() { # path, field=value…: a call that must succeed
  call "$@"
  [[ $status == 2* ]] || die "SonarQube refused ${1%%\?*} ($status): $(jq -r '[.errors[]?.msg] | join("; ")' "$work/answer" 2>/dev/null)"
}
