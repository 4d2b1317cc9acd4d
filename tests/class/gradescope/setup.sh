#!/usr/bin/env bash
# setup.sh: Gradescope calls it once, as root, to make the image in which it grades.
set -eu
cd "$(dirname "$0")/lab"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends build-essential procps util-linux
tests/commands/setup class
make -s instruments
id grader >/dev/null 2>&1 || useradd --create-home grader
