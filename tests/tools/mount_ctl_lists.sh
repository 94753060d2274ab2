#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests msharectl ls, maps and windows, as tables and as JSON.
set -u
. "$(dirname "$0")/shell.sh"
. "$(dirname "$0")/ctl.sh"

gib=1073741824
case $backing in
shmem) page=4096 huge= ;;
*) page=2097152 huge=yes ;;
esac
newline='a
b'

ls_regions()
{
	"$ctl" create --size 1G --map "$m/full" &&
		"$ctl" create --size 2G --start 2T --lazy "$m/lazy" &&
		: >"$m/unsized" && mkdir -p "$m/sub/deep" &&
		"$ctl" create --size 1G "$m/sub/deep/er" || return 1
	json "[r['name'] for r in d['regions']] ==
			['full', 'lazy', 'sub/deep/er', 'unsized']" \
		"$ctl" ls --json "$m" &&
		json "d['regions'][0] == {'name': 'full', 'size': $gib,
			'start': None, 'mapped': $gib, 'windows': 0,
			'owner': '$(id -un)', 'page': $page, 'saved': 0,
			'state': 'ok'}" "$ctl" ls -J "$m" &&
		json "d['regions'][0]['start'] == 2 << 40 and
			d['regions'][0]['size'] == $((2 * gib)) and
			d['regions'][0]['mapped'] == $((2 * gib)) and
			d['regions'][0]['present'] == 0" \
			"$ctl" ls -J -o +PRESENT "$m/lazy" &&
		json "d['regions'][0]['state'] == 'unsized' and
			d['regions'][0]['size'] is None" "$ctl" ls -J "$m/unsized" &&
		json "[r['name'] for r in d['regions']] == ['sub/deep/er']" \
			"$ctl" ls -J "$m/sub" &&
		json "d == {'regions': [{'present': $gib, 'sharing': 0,
			'pid': None, 'mode': 'rw-r--r--', 'changes': 1}]}" \
			"$ctl" ls -J -o present,SHARING,pid,MODE,changes "$m/full"
}

ls_options()
{
	[ "$("$ctl" ls -n -o NAME,SIZE "$m/full" | tr -s ' ')" = "full 1G" ] &&
		[ "$("$ctl" ls -n -b -o SIZE "$m/full")" = "$gib" ] &&
		[ "$("$ctl" ls -n -o START "$m/lazy")" = 0x20000000000 ] &&
		[ "$("$ctl" ls "$m" | head -n 1 | tr -s ' ')" = \
			"NAME SIZE START MAPPED WINDOWS OWNER PAGE SAVED STATE" ] &&
		[ "$("$ctl" ls "$m" | wc -l)" -eq 5 ] &&
		complains 64 "no column 'NOTHING'" "$ctl" ls -o NAME,NOTHING &&
		complains 64 "no column is given" "$ctl" ls -o "" &&
		complains 64 "exclude each other" "$ctl" ls --json --raw &&
		complains 64 "at most one MOUNT" "$ctl" ls a b &&
		complains 66 "No such file" "$ctl" ls /no/such &&
		complains 66 "not in a mount of msharefs" "$ctl" ls /usr &&
		status 74 sh -c '"$0" ls >/dev/full' "$ctl" &&
		status 64 "$ctl" ls --nonsense
}

# Any name gives one line in a table, and appears complete in JSON.
ls_names()
{
	mkdir "$m/names" && for name in "$newline" ' blank ' 'quo"te\' 'ümlaut' \
		"$(printf '\033[31mred')" "$(printf 'byte\377')" '-o'; do
		truncate -s 1G "$m/names/$name" || return 1
	done
	json "set(r['name'] for r in d['regions']) == {'names/' + n for n in
			['a\\nb', ' blank ', 'quo\"te\\\\', 'ümlaut',
			 '\\x1b[31mred', 'byte\\\\xff', '-o']}" \
		"$ctl" ls -J "$m/names" &&
		[ "$("$ctl" ls -n "$m/names" | wc -l)" -eq 7 ] &&
		[ "$("$ctl" ls -n -r "$m/names" | awk '{ print NF }' | sort -u)" = 9 ] &&
		expect "names/ümlaut" "$ctl" ls "$m/names" &&
		[ "$("$ctl" ls "$m/names" | tr -d '\n[:print:]' | tr -d 'ümlaut')" = "" ] &&
		expect hole "$ctl" maps --holes "$m/names/$newline" &&
		"$ctl" rm "$m/names/$newline" "$m/names/-o" &&
		json "len(d['regions']) == 5" "$ctl" ls -J "$m/names" &&
		rm -r "$m/names"
}

# Regions and directories that the user may not read are listed all the same.
denied()
{
	truncate -s 1G "$m/secret" && mkdir "$m/closed" &&
		chmod 0 "$m/secret" "$m/closed" || return 1
	json "[r for r in d['regions'] if r['name'] == 'secret'] ==
			[{'name': 'secret', 'size': $gib, 'start': None,
			'mapped': None, 'windows': None, 'saved': None,
			'state': 'denied'}]" \
		as_other "$ctl" ls -J -o NAME,SIZE,START,MAPPED,WINDOWS,SAVED,STATE "$m" &&
		expect "secret 1G - - denied" tables_of_other &&
		expect "closed: Permission denied: its contents are not listed" \
			as_other "$ctl" ls "$m" &&
		complains 77 "do not let you inspect it" \
			as_other "$ctl" maps "$m/secret" &&
		complains 77 "do not let you inspect it" \
			as_other "$ctl" windows "$m/secret" || return 1
	# Write permission is enough to look, as it is for the ioctls.
	chmod 222 "$m/secret" && chmod 755 "$m/closed" &&
		json "d['regions'][0]['state'] == 'ok'" \
			as_other "$ctl" ls -J "$m/secret" &&
		status 0 as_other "$ctl" windows "$m/secret"
	got=$?
	rm -f "$m/secret"
	rmdir "$m/closed"
	return $got
}

tables_of_other()
{
	as_other "$ctl" ls -o NAME,SIZE,MAPPED,WINDOWS,STATE "$m" | tr -s ' '
}

ended()
{
	mount_here "ownership" && truncate -s 1G "$m/over" || return 1
	soon expect ended "$ctl" ls -n -o STATE "$m" >/dev/null
	json "d['regions'][0]['state'] == 'ended' and
			d['regions'][0]['mapped'] == 0" "$ctl" ls -J "$m" &&
		complains 69 "a region ends with the process that creates it" \
			"$ctl" create --size 1G "$m/no" && [ ! -e "$m/no" ] ||
		return 1
	sh -c ': >"$0/owned"; truncate -s 1G "$0/owned"; exec sleep 100' "$m" &
	owner=$!
	soon [ -s "$m/owned" ] &&
		json "d['regions'][0]['pid'] == $owner" "$ctl" ls -J -o PID "$m/owned"
	got=$?
	kill "$owner"
	"$ctl" umount --lazy
	return $got
}

maps()
{
	f=$m/maps
	"$ctl" create --size 1G "$f" && json "d == {'mappings': []}" \
		"$ctl" maps -J "$f" && "$ctl" rm "$f" &&
		"$ctl" create --size 1G --map "$f" &&
		"$ctl" unmap --offset 2M --size 4K "$f" &&
		"$ctl" unmap --offset 8M --size 4M "$f" &&
		"$ctl" unmap --offset 16M --size 2052K "$f" &&
		"$ctl" unmap --offset 1022M "$f" || return 1
	json "[(p['start'], p['end'], p['prot'], p['kind'], p['size'])
			for p in d['mappings']] ==
			[(0, 2 << 20, 'rw-s', 'eager', 2 << 20),
			((2 << 20) + 4096, 8 << 20, 'rw-s', 'eager', (6 << 20) - 4096),
			(12 << 20, 16 << 20, 'rw-s', 'eager', 4 << 20),
			((18 << 20) + 4096, 1022 << 20, 'rw-s', 'eager',
			(1004 << 20) - 4096)]" \
		"$ctl" maps -J -o +START,END "$f" &&
		json "d['mappings'][0]['range'] == '00000000-00200000' and
			d['mappings'][0]['present'] == 2 << 20" \
			"$ctl" maps -J "$f" &&
		json "[(p['range'], p['faults']) for p in d['mappings']
			if p['kind'] == 'hole'] ==
			[('00200000-00201000', '${huge:+no}' or 'yes'),
			('00800000-00c00000', 'yes'),
			('01000000-01201000', '${huge:+part}' or 'yes'),
			('3fe00000-40000000', 'yes')]" \
			"$ctl" maps --holes -J "$f" &&
		[ "$("$ctl" maps -n "$f" | wc -l)" -eq 4 ] &&
		[ "$("$ctl" maps -nH "$f" | wc -l)" -eq 8 ] || return 1
	[ -z "$huge" ] || expect "in pages that adjacent mappings use" \
		"$ctl" maps -H "$f" || return 1
	"$ctl" rm "$f"
}

maps_with_start()
{
	json "d['mappings'] == [{'range': '20000000000-20080000000',
			'prot': 'rw-s', 'kind': 'lazy', 'size': $((2 * gib)),
			'present': 0}]" "$ctl" maps --addresses -J "$m/lazy" &&
		complains 65 "the region has no fixed address" \
			"$ctl" maps --addresses "$m/full" &&
		complains 66 "not a region" "$ctl" maps "$m/mshare_info" &&
		complains 66 "a directory" "$ctl" maps "$m" &&
		complains 66 "not in a mount" "$ctl" maps /etc/passwd &&
		complains 66 "No such file" "$ctl" maps "$m/none" &&
		complains 64 "give one FILE" "$ctl" maps &&
		complains 64 "give one FILE" "$ctl" windows
}

# Read-only and PROT_NONE parts. A window with a protected part has a page table
# of its own for that unit.
protected()
{
	f=$m/protected
	"$ctl" create --size 2G --lazy "$f" && hold "$f" rw 1 0 &&
		"$ctl" protect --size 2M "$f" r &&
		"$ctl" protect --offset 4M --size 2M "$f" none || return 1
	json "[(p['start'] >> 20, p['prot'], p['kind'])
			for p in d['mappings']] == [(0, 'r--s', 'lazy'),
			(2, 'rw-s', 'lazy'), (4, '---s', 'kept'),
			(6, 'rw-s', 'lazy')]" "$ctl" maps -J -o +START "$f" || return 1
	if [ -n "$huge" ]; then
		window "w['tables'] == 'part' and w['own'] == 1 and
			w['units'] == 2 and w['why'] == 'protected parts'" &&
			json "d['regions'][0]['sharing'] == 1" \
				"$ctl" ls -J -o SHARING "$f"
	fi
	got=$?
	let_go
	return $got
}

# More mappings than the daemon returns in one reply.
many_mappings()
{
	"$ctl" create --size 1G --lazy "$m/many" || return 1
	i=0
	while [ $i -lt 200 ]; do
		"$ctl" unmap --offset $((i * 8 + 4))K --size 4K "$m/many" ||
			return 1
		i=$((i + 1))
	done
	json "[p['start'] for p in d['mappings']] ==
			[i * 8192 for i in range(201)]" \
		"$ctl" maps -J -o START "$m/many" && "$ctl" rm "$m/many"
}

# window EXPRESSION: the expression is true of the only window of $f, as w
window()
{
	json "(lambda w: $1)(d['windows'][0])" "$ctl" windows -J \
		-o +GUARDED,REACHED,MISSED,UNITS,OWN,PROT,ID "$f"
}

windows()
{
	f=$m/windows
	"$ctl" create --size 1G --map "$f" &&
		json "d == {'windows': []}" "$ctl" windows -J "$f" &&
		hold "$f" rw 1 3 || return 1
	user=$(id -un)
	if [ -n "$huge" ]; then
		why="w['tables'] == 'shared' and w['why'] is None and w['own'] == 0"
	else
		why="w['tables'] == 'own' and w['why'] == 'ordinary memory'"
	fi
	window "w['pid'] == $holder and w['command'] == 'w \"\\n1' and
		w['user'] == '$user' and w['address'] % $gib == 0 and
		w['kind'] == 'writable' and w['guarded'] and w['reached'] and
		not w['missed'] and w['prot'] == 'rw-' and $why" &&
		json "len(set(w['pid'] for w in d['windows'])) == 4" \
			"$ctl" windows -J "$f" &&
		[ "$("$ctl" windows -n "$f" | wc -l)" -eq 4 ] || return 1
	# Each process would need 2 MiB for 4 KiB pages; all share one table.
	saved=0
	[ -z "$huge" ] || saved=$((4 * 2097152 - 4096))
	json "d['regions'][0]['windows'] == 4 and
			d['regions'][0]['sharing'] == ${huge:+4}+0 and
			d['regions'][0]['saved'] == $saved" \
		"$ctl" ls -J -o WINDOWS,SHARING,SAVED "$f" || return 1
	let_go
	soon no_windows "$f"
}

no_windows()
{
	[ -z "$("$ctl" windows -n "$1")" ]
}

kinds_of_windows()
{
	f=$m/kinds
	"$ctl" create --size 1G --map "$f" && hold "$f" ro 1 0 &&
		window "w['kind'] == 'read-only' and w['tables'] ==
			('${huge:+shared}' or 'own')" || return 1
	let_go
	soon no_windows "$f" && hold "$f" ro-file 1 0 &&
		window "w['kind'] == 'read-only' and w['tables'] == 'own' and
			w['why'] == 'file opened read-only'"
	got=$?
	let_go
	return $got
}

many_windows()
{
	f=$m/crowd
	"$ctl" create --size 1G "$f" && hold "$f" rw 50 19 &&
		json "len(set(w['id'] for w in d['windows'])) == 1000 and
			len(set(w['pid'] for w in d['windows'])) == 20" \
			"$ctl" windows -J -o ID,PID "$f" &&
		[ "$("$ctl" windows -n "$f" | wc -l)" -eq 1000 ] &&
		[ "$("$ctl" ls -n -o WINDOWS "$f" | tr -d ' ')" = 1000 ]
	got=$?
	let_go
	return $got
}

# A region in use survives without a name.
nameless()
{
	"$ctl" create --size 1G --map "$m/gone" || return 1
	sleep 100 <"$m/gone" &
	user=$!
	echo $user >>"$dir/holders"
	hold "$m/gone" rw 1 1 && "$ctl" rm "$m/gone" &&
		json "len(d['windows']) == 2" "$ctl" windows -J \
			"/proc/$user/fd/0" &&
		json "len(d['mappings']) == 1" "$ctl" maps -J "/proc/$user/fd/0"
	got=$?
	let_go
	return $got
}

check "mount" mount_here "$(with_others)"
chmod 755 "$m" 2>/dev/null
check "ls" ls_regions
check "ls: options and errors" ls_options
check "ls: names" ls_names
check "no permission" denied
check "maps" maps
check "maps: addresses and errors" maps_with_start
check "maps: many" many_mappings
check "windows" windows
check "windows: kinds" kinds_of_windows
check "protected parts" protected
check "windows: 1000" many_windows
check "a region without a name" nameless
check "umount" "$ctl" umount
check "regions that have ended" ended
finish mount_ctl_lists
