# shellcheck shell=bash
# For scripts that start a server on 127.0.0.1, to be sourced. The caller defines die with a message and an exit status.

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; } # port

check_port() { # port
  if ! [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] || [ "$1" -gt 65535 ]; then die "PORT is '$1', not a TCP port" 2; fi
  ! taken "$1" || die "port $1 is in use"
}
