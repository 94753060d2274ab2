#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests what msharectl ls, windows and top show of redirected memory, as the
# user, and if he is root, as nobody too.
set -u
. "$SRC/tests/harness/shell.sh"

work=$(new_dir lists)
chmod 755 "$work"
trap clean_up EXIT
probe=$stage/tests/share_probe
ctl=$MSHARECTL
unset MSHAREFS_MOUNT
[ "${SANITIZE:-no}" != yes ] ||
	export ASAN_OPTIONS="verify_asan_link_order=0:${ASAN_OPTIONS:-}"

# A size that no other memory has: 66 MiB in huge pages.
size=$((65 * 1048576 + 22222 + $$ % 30000))
used=$((66 * 1048576))
gib=1073741824
user=$(id -un)
XDG_RUNTIME_DIR=$work/none
export XDG_RUNTIME_DIR

# as COMMAND...: as $user
as()
{
	if [ "$user" != "$(id -un)" ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups \
			env HOME=/tmp "$@"
	else
		"$@"
	fi
}

let_go()
{
	# shellcheck disable=SC2086 # words
	[ -z "$pids" ] || kill -KILL $pids
	pids=
} 2>/dev/null
pids= name=

clean_up()
{
	let_go
	for mount in "$work"/*/msharefs; do
		[ ! -d "$mount" ] || fusermount3 -u -z "$mount" 2>/dev/null
	done
	rm -rf "$work"
}

# json EXPRESSION COMMAND...: true of the JSON that the command prints, as d;
# mine is what d lists of the memory of this test.
json()
{
	expression=$1
	shift
	"$@" >"$work/json" || { echo "status $?: $*"; return 1; }
	python3 - "$work/json" "$expression" $size <<-'PYTHON'
		import json, sys
		d = json.load(open(sys.argv[1], encoding='utf-8'))
		mine = [r for r in d.get('regions', [])
		        if r.get('size') == int(sys.argv[3])]
		if not eval('(%s)' % sys.argv[2]):
		    sys.exit('wanted: %s\ngot: %s' % (sys.argv[2], d))
	PYTHON
}

are_ready()
{
	pids=$(sed -n 's/^ready //p' "$work/out")
	[ "$(echo "$pids" | wc -w)" -eq "$1" ]
}

# Sets $name, of the memory of the two processes $pids
hold()
{
	as "$ctl" run --share -- "$probe" hold $size >"$work/out" 2>&1 &
	soon are_ready 2 && name=$(name_of_mine) && [ -n "$name" ] && return 0
	cat "$work/out"
	return 1
}

is_held()
{
	[ -n "$name" ] && return 0
	cat "$work/held"
	return 1
}

name_of_mine()
{
	as "$ctl" ls -nbr -o SIZE,NAME | sed -n "s/^$size //p"
}

lowest()
{
	echo "$pids" | sort -n | head -n 1
}

inode()
{
	awk -v file="/memfd:mshare:anon:$size" '$6 == file { print $5; exit }' \
		"/proc/$(lowest)/maps"
}

# Each process would need 132 KiB of tables, and 1040 faults; both share one.
ls_shows()
{
	json "mine == [{'name': 'anon:$(inode)', 'kind': 'anon',
			'size': $size, 'start': None, 'mapped': $gib,
			'windows': 2, 'owner': '$user', 'page': 2097152,
			'saved': 2 * $used // 512 - 4096,
			'faults': 2 * ($size // 65536 - 1), 'state': 'ok'}]" \
		as "$ctl" ls -J &&
		json "[(r['present'], r['sharing'], r['pid'], r['mode'],
				r['changes']) for r in mine] ==
				[($used, 2, $(lowest), None, None)]" \
			as "$ctl" ls -J -o +PRESENT,SHARING,PID,MODE,CHANGES &&
		as "$ctl" ls -n | tr -s ' ' | grep -q \
			"^$name anon 65M - 1G 2 $user 2M 260K 2078 ok$"
}

windows_shows()
{
	json "sorted((w['pid'], w['command'], w['user'], w['kind'],
			w['tables'], w['why']) for w in d['windows']) ==
			[(p, 'share_probe', '$user', 'writable', 'shared', None)
			for p in sorted(map(int, '''$pids'''.split()))]" \
		as "$ctl" windows -J "$name" &&
		json "len(set(w['address'] for w in d['windows'])) == 1 and
			all(w['address'] % $gib == 0 and w['prot'] == 'rw-' and
			w['units'] == 1 and w['own'] == 0 and w['id'] is None
			for w in d['windows'])" \
			as "$ctl" windows -J -o ADDRESS,PROT,UNITS,OWN,ID "$name"
}

top_shows()
{
	as "$ctl" top -b -n 1 >"$work/top" &&
		head -n 1 "$work/top" | grep -q "^Redirected: [1-9].* page faults$" &&
		grep -q "^NAME " "$work/top" &&
		tr -s ' ' <"$work/top" | grep -q "^$name 65M 1G 66M 2 2 260K ok$"
}

# Of another user's memory, nobody sees nothing, and root everything.
by_privilege()
{
	[ "$(id -u)" -eq 0 ] || return 0
	if [ "$user" = root ]; then
		user=nobody
		[ -z "$(name_of_mine)" ] &&
			expect "no process that you may look into" as "$ctl" \
				windows "$name"
		result=$?
		user=root
		return $result
	fi
	json "[r['owner'] for r in mine] == ['nobody']" "$ctl" ls -J
}

# A mount that is named is shown alone, one that is not first.
with_mount()
{
	[ -c /dev/fuse ] && command -v fusermount3 >/dev/null || return 0
	XDG_RUNTIME_DIR=$work/$user
	m=$XDG_RUNTIME_DIR/msharefs
	mkdir "$XDG_RUNTIME_DIR" && chmod 777 "$XDG_RUNTIME_DIR" &&
		as "$ctl" mount 2>"$work/err" &&
		as "$ctl" create --size 1G "$m/region" || {
		cat "$work/err"
		return 1
	}
	json "d['regions'][0]['name'] == 'region' and
			d['regions'][0]['kind'] == 'region' and
			d['regions'][0]['faults'] is None and
			[r['name'] for r in mine] == ['$name']" as "$ctl" ls -J &&
		json "[sorted(r) for r in d['regions']] == [sorted(['name',
			'size', 'start', 'mapped', 'windows', 'owner', 'page',
			'saved', 'state'])]" as "$ctl" ls -J "$m" &&
		json "len(d['regions']) == 1" as env "MSHAREFS_MOUNT=$m" \
			"$ctl" ls -J &&
		top_with_mount
	result=$?
	as "$ctl" umount
	XDG_RUNTIME_DIR=$work/none
	return $result
}

top_with_mount()
{
	as "$ctl" top -b -n 1 >"$work/top" &&
		sed -n 6p "$work/top" | grep -q "^Redirected: " &&
		sed -n 9p "$work/top" | grep -q "^region " &&
		grep -q "^$name " "$work/top" &&
		as "$ctl" top -b -n 1 "$m" >"$work/top" &&
		! grep -q "Redirected\|anon:" "$work/top"
}

gone()
{
	[ -z "$(name_of_mine)" ]
}

ends()
{
	soon gone &&
		status 66 as "$ctl" windows "$name" &&
		status 64 as "$ctl" windows
}

# Memory of which the kernel shares no page tables
read_only()
{
	as "$ctl" run --share -- python3 -c "if True:
		import mmap, os, time
		m = mmap.mmap(-1, $size, prot=mmap.PROT_READ)
		print('ready', os.getpid(), flush=True)
		time.sleep(100)" >"$work/out" 2>&1 &
	soon are_ready 1 && name=$(name_of_mine) &&
		json "d['windows'] == [{'kind': 'read-only', 'tables': 'own',
			'why': 'protected parts', 'own': 1, 'prot': 'r--'}]" \
			as "$ctl" windows -J -o KIND,TABLES,WHY,OWN,PROT "$name" &&
		json "[r['sharing'] for r in mine] == [0]" as "$ctl" ls -J \
			-o SIZE,SHARING
	result=$?
	let_go
	return $result
}

# Names that only look like it, and a file of such a name
imitated()
{
	python3 - >"$work/out" 2>&1 <<-PYTHON &
		import ctypes, mmap, os, time
		libc = ctypes.CDLL(None)
		kept = []
		for text in ('anon:', 'anon:-$size', 'anon:${size}x', 'else:$size',
		             'anon:99999999999999999999', 'anon:0', 'anon:$size'):
		    fd = libc.memfd_create(b'mshare:' + text.encode(), 0)
		    os.ftruncate(fd, 4096)
		    kept.append(mmap.mmap(fd, 4096))
		print('ready', os.getpid(), flush=True)
		time.sleep(100)
	PYTHON
	soon are_ready 1 &&
		json "len([r for r in d['regions'] if r['pid'] == $pids]) == 2 and
			[(r['page'], r['sharing'], r['saved']) for r in mine] ==
			[(4096, 0, 0)]" \
			"$ctl" ls -J -o SIZE,PAGE,SHARING,SAVED,PID &&
		: >"$work/anon:1" && cd "$work" &&
		expect "not in a mount of msharefs" "$ctl" windows ./anon:1 &&
		expect "redirected memory of this name" "$ctl" windows anon:1
	result=$?
	let_go
	return $result
}

# In a process namespace with nothing in it
neither()
{
	unshare -p -f --mount-proc true 2>/dev/null || return 0
	for verb in ls "top -b"; do
		# shellcheck disable=SC2086 # words
		status 69 unshare -p -f --mount-proc "$ctl" $verb 2>"$work/err" &&
			grep -q "msharefs is not mounted on $work/none" \
				"$work/err" || return 1
	done
}

# Of what a check sets, nothing remains: the memory is made outside.
all()
{
	hold >"$work/held" 2>&1
	check "$user: memory" is_held
	check "$user: ls" ls_shows
	check "$user: windows" windows_shows
	check "$user: top" top_shows
	check "$user: privilege" by_privilege
	check "$user: with a mount" with_mount
	let_go
	check "$user: its end" ends
	check "$user: read-only" read_only
}

all
if [ "$(id -u)" -eq 0 ]; then
	user=nobody
	all
	user=root
fi
check "names that only look like it" imitated
check "neither a mount nor redirected memory" neither
finish share_lists
