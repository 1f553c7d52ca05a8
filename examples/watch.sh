#!/bin/sh
# A project from nothing to translated images:
#
#     sh examples/watch.sh my-project
#
# `init` writes the configuration and its folders; `start --once` works through what is in the inbox and ends.
# Without `--once` it goes on watching.
set -eu
package=$(cd "$(dirname "$0")/.." && pwd)
cyclebox() { node "$package/dist/cli/main.js" "$@"; }

cyclebox init "$1"
cd "$1"
mkdir -p inbox/satellite-to-map
cp "$package"/samples/satellite-to-map/sri-lanka.jpg inbox/satellite-to-map/
cyclebox start --once
cyclebox status
ls outbox/satellite-to-map
