#!/bin/sh
# Starts cyclebox with the Node.js that lies beside this file: no Node, npm or network of the machine's own is used.
# Uses the shell alone, so that it works with an empty PATH; readlink only if this file was started through a link.

fail() { printf 'cyclebox: %s\n' "$1" >&2; exit 1; }

self=$0
case $self in
*/*) ;;
*) if [ -e "./$self" ]; then self=./$self; else self=$(command -v -- "$self"); fi ;;
esac
while [ -h "$self" ]; do
  target=$(readlink -- "$self" || /usr/bin/readlink -- "$self" || /bin/readlink -- "$self") 2>/dev/null
  [ -n "$target" ] || fail "$self is a link and this system has no readlink: start the file that it points to."
  case $target in /*) self=$target ;; *) self=${self%/*}/$target ;; esac
done
home=$(CDPATH='' cd -P -- "${self%/*}" && pwd -P) || fail "the folder of $self cannot be entered."

[ -e /lib64/ld-linux-x86-64.so.2 ] || [ -e /lib/ld-linux-x86-64.so.2 ] ||
  fail 'this bundle is for Linux x64 with the GNU C library (glibc 2.28 or newer); this system has none.'

# True if one of the usual folders, or one of LD_LIBRARY_PATH, has the library.
has_library() {
  folders=/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:/lib64:/usr/lib64:/usr/local/lib:/usr/lib:/lib:$LD_LIBRARY_PATH
  while [ -n "$folders" ]; do
    [ -n "${folders%%:*}" ] && [ -e "${folders%%:*}/$1" ] && return 0
    case $folders in *:*) folders=${folders#*:} ;; *) folders= ;; esac
  done
  return 1
}

# Of the system's, if it has one: its graphics driver was installed with it.
if [ -e "$home/runtime/vulkan/libvulkan.so.1" ] && ! has_library libvulkan.so.1; then
  LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$home/runtime/vulkan
  export LD_LIBRARY_PATH
fi

# ONNX Runtime reports to its maker unless told not to; cyclebox tells it, and so does this file, before anything runs.
: "${ORT_DISABLE_TELEMETRY:=1}"
export ORT_DISABLE_TELEMETRY

exec "$home/runtime/node" "$home/app/dist/cli/main.js" "$@"
