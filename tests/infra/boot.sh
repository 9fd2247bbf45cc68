#!/bin/sh
# boot.sh FOLDER PYTHON PACKAGES: systemd as process 1 of namespaces of its own; it ends with the process that called.
#
# Its files are this machine's, and below FOLDER/files what an instance has besides; what is written stays in memory.
# PYTHON is an installation of Python, PACKAGES its site-packages.
set -eu

if [ "$1" != --inside ]; then
    exec unshare --mount --propagation private "$0" --inside "$@"
fi
if [ "$2" != --inside ]; then
    # a group of its own, so that systemd finds an empty tree and nothing of it is left on the machine
    groups=$2/groups
    mkdir -p "$groups" && mount -t cgroup2 cgroup2 "$groups"
    mkdir -p "$groups/facegate-test-$$" && echo $$ >"$groups/facegate-test-$$/cgroup.procs"
    shift
    exec unshare --mount --pid --fork --kill-child --uts --ipc --cgroup "$0" --inside --inside "$@"
fi
folder=$3 python=$4 packages=$5

mount -t tmpfs tmpfs "$folder/memory"
mkdir "$folder/memory/upper" "$folder/memory/work" "$folder/memory/root"
cd "$folder/memory"
mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
cd root
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
for scratch in run tmp dev; do mount -t tmpfs tmpfs $scratch; done
for device in null zero full random urandom tty; do
    touch dev/$device && mount --bind /dev/$device dev/$device
done
mkdir dev/shm dev/pts
ln -s pts/ptmx dev/ptmx
# what this machine starts is not for here
rm -rf etc/systemd/system/* etc/systemd/system.conf.d lib/systemd/system/*.target.wants
: >etc/fstab
mkdir -p opt/python opt/packages
mount --bind -o ro "$python" opt/python
mount --bind -o ro "$packages" opt/packages
cp -r "$folder/files/." .
# the root itself, not a chroot: units have mounts of their own
mkdir machine
pivot_root . machine
umount --lazy machine
exec env -i container=facegate PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --system --unit=multi-user.target --show-status=0
