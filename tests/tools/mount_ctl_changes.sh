#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests msharectl create, rm, protect and unmap.
set -u
. "$(dirname "$0")/shell.sh"
. "$(dirname "$0")/ctl.sh"

gib=1073741824

# region EXPRESSION FILE: the expression is true of the region, as r from ls
region()
{
	json "(lambda r: $1)(d['regions'][0])" "$ctl" ls -J \
		-o +PRESENT,MODE "$2"
}

pages_are()
{
	[ "$(pages_held "$m")" -eq "$1" ]
}

create()
{
	"$ctl" create --size 1G "$m/empty" &&
		region "r['mapped'] == 0 and r['size'] == $gib and
			r['mode'] == 'rw-r--r--'" "$m/empty" &&
		"$ctl" create --size 1024MiB --map --mode 640 "$m/full" &&
		region "r['mapped'] == $gib and r['present'] == $gib and
			r['mode'] == 'rw-r-----'" "$m/full" &&
		"$ctl" create -s 0x40000000 -l "$m/lazy" &&
		region "r['mapped'] == $gib and r['present'] == 0" "$m/lazy" &&
		"$ctl" create -s 1G -a 3T -m -p r "$m/fixed" &&
		region "r['start'] == 3 << 40" "$m/fixed" &&
		json "d['mappings'][0]['prot'] == 'r--s'" \
			"$ctl" maps -J "$m/fixed" &&
		(cd "$m" && "$ctl" create -s 1G plain) &&
		(umask 077 && "$ctl" create -s 1G "$m/mine") &&
		region "r['mode'] == 'rw-------'" "$m/mine" &&
		rm "$m/empty" "$m/full" "$m/lazy" "$m/fixed" "$m/plain" "$m/mine"
}

# A program can use the region that create made.
created_serves()
{
	"$ctl" create --size 1G --map "$m/r" && hold "$m/r" rw 1 0 &&
		rm "$m/r"
	got=$?
	let_go
	return $got
}

cannot_create()
{
	complains 64 "not a multiple of 1G, the alignment of this mount; the next multiple is 2G" \
		"$ctl" create --size 1025M "$m/no" &&
		complains 64 "give the --size" "$ctl" create "$m/no" &&
		complains 64 "give one FILE" "$ctl" create --size 1G &&
		complains 64 "not an amount" "$ctl" create --size 1X "$m/no" &&
		complains 64 "not an amount" "$ctl" create --size -1 "$m/no" &&
		complains 64 "not an amount" "$ctl" create --size 0 "$m/no" &&
		complains 64 "too large" "$ctl" create --size 99999999T "$m/no" &&
		complains 64 "too large" "$ctl" create --size 8388608T "$m/no" &&
		complains 64 "--start: not a multiple" \
			"$ctl" create --size 1G --start 1M "$m/no" &&
		complains 64 "use an octal number" \
			"$ctl" create --size 1G --mode 9 "$m/no" &&
		complains 64 "not a protection" \
			"$ctl" create --size 1G --map --prot q "$m/no" &&
		complains 64 "give --map" \
			"$ctl" create --size 1G --prot r "$m/no" &&
		complains 66 "not in a mount" "$ctl" create --size 1G "$dir/no" &&
		complains 66 "No such file" "$ctl" create --size 1G "$m/d/no" &&
		truncate -s 1G "$m/there" &&
		complains 73 "already exists" \
			"$ctl" create --size 1G "$m/there" &&
		[ -e "$m/there" ] && rm "$m/there" &&
		mkdir "$m/closed" && chmod 555 "$m/closed" &&
		complains 77 "Permission denied" \
			as_other "$ctl" create --size 1G "$m/closed/no" &&
		rmdir "$m/closed" && [ ! -e "$m/no" ] && [ ! -e "$dir/no" ]
}

no_memory()
{
	before=$(pages_held "$m")
	complains 75 "not enough memory for 64T: " \
		"$ctl" create --size 64T --map "$m/huge" &&
		[ ! -e "$m/huge" ] && soon pages_are "$before"
}

# Interrupting create while it fills memory must leave nothing behind. If the
# machine is too fast to be interrupted, a larger region is tried.
interrupted()
{
	before=$(pages_held "$m")
	for size in 2G 3G 4G; do
		env "--default-signal=$1" "$ctl" create --size $size --map \
			"$m/part" &
		pid=$!
		while [ ! -e "$m/part" ] && kill -0 $pid 2>/dev/null; do :; done
		kill "-$1" $pid
		got=0
		wait $pid || got=$?
		[ $got -eq 0 ] || break
		"$ctl" rm "$m/part"
	done
	# The kernel releases a closed file with a slight delay.
	[ "$got" -eq "$2" ] && [ ! -e "$m/part" ] && soon pages_are "$before" &&
		return 0
	echo "status $got"
	return 1
}

# rm never removes ordinary files, whatever the path looks like.
rm_spares()
{
	echo precious >"$dir/file" && ln -s "$dir/file" "$dir/link" &&
		truncate -s 1G "$m/r" && ln -s "$m/r" "$dir/to-region" &&
		ln -s "$m" "$dir/to-mount" || return 1
	complains 66 "not removed" "$ctl" rm "$dir/file" &&
		complains 66 "not removed" "$ctl" rm "$dir/link" &&
		complains 66 "not removed" "$ctl" rm "$dir/to-region" &&
		complains 66 "not removed" "$ctl" rm "$m/../file" &&
		(cd "$dir" && complains 66 "not removed" "$ctl" rm file) &&
		(cd "$m" && complains 66 "not removed" "$ctl" rm ../file) &&
		complains 77 "not a region" "$ctl" rm "$m/mshare_info" &&
		complains 66 "a directory" "$ctl" rm "$dir" 2>/dev/null ||
		complains 66 "not removed" "$ctl" rm "$dir" || return 1
	mkdir "$m/sub" && complains 66 "rmdir(1) removes it" "$ctl" rm "$m/sub" &&
		complains 66 "No such file" "$ctl" rm "$m/none" &&
		complains 64 "give at least one FILE" "$ctl" rm &&
		[ "$(cat "$dir/file")" = precious ] && [ -L "$dir/link" ] &&
		[ -L "$dir/to-region" ] && [ -e "$m/r" ] && [ -d "$m/sub" ] &&
		"$ctl" rm "$dir/to-mount/r" && [ ! -e "$m/r" ] && rmdir "$m/sub"
}

rm_several()
{
	truncate -s 1G "$m/a" && truncate -s 1G "$m/b b" && mkdir "$m/s" &&
		truncate -s 1G "$m/s/c" && chmod 555 "$m/s" || return 1
	status 66 "$ctl" rm "$m/a" "$m/none" "$m/b b" && [ ! -e "$m/a" ] &&
		[ ! -e "$m/b b" ] &&
		complains 77 "Permission denied" as_other "$ctl" rm "$m/s/c" &&
		[ -e "$m/s/c" ] && chmod 755 "$m/s" && "$ctl" rm "$m/s/c" &&
		rmdir "$m/s"
}

# prots: prints the mappings of $f as "start end prot"
prots()
{
	"$ctl" maps -n -r -o START,END,PROT "$f" | tr '\n' ';'
}

protect()
{
	f=$m/protected
	"$ctl" create --size 1G --map "$f" && "$ctl" protect "$f" r &&
		[ "$(prots)" = "0x0 0x40000000 r--s;" ] &&
		"$ctl" protect "$f" none &&
		[ "$(prots)" = "0x0 0x40000000 ---s;" ] &&
		"$ctl" protect "$f" rw- &&
		[ "$(prots)" = "0x0 0x40000000 rw-s;" ] &&
		"$ctl" protect --offset 2M --size 4M "$f" r &&
		[ "$(prots)" = "0x0 0x200000 rw-s;0x200000 0x600000 r--s;0x600000 0x40000000 rw-s;" ] ||
		{ prots; return 1; }
	# In two pieces.
	"$ctl" unmap --offset 512M --size 2M "$f" && "$ctl" protect "$f" r &&
		[ "$(prots)" = "0x0 0x20000000 r--s;0x20200000 0x40000000 r--s;" ] &&
		complains 75 "the range has holes" \
			"$ctl" protect --size 1G "$f" rw &&
		[ "$(prots)" = "0x0 0x20000000 r--s;0x20200000 0x40000000 r--s;" ] ||
		{ prots; return 1; }
	"$ctl" rm "$f"
}

unmap()
{
	f=$m/unmapped
	"$ctl" create --size 1G --map "$f" &&
		"$ctl" unmap --offset 0x200000 --size 2MiB "$f" &&
		[ "$(prots)" = "0x0 0x200000 rw-s;0x400000 0x40000000 rw-s;" ] &&
		region "r['mapped'] == r['present'] == 1022 << 20" "$f" &&
		"$ctl" unmap --offset 4M "$f" &&
		[ "$(prots)" = "0x0 0x200000 rw-s;" ] && "$ctl" unmap "$f" &&
		[ -z "$(prots)" ] && region "r['present'] == 0" "$f" &&
		"$ctl" unmap "$f" && "$ctl" rm "$f"
}

cannot_change()
{
	f=$m/stays
	"$ctl" create --size 1G --map "$f" && : >"$m/unsized" ||
		return 1
	for verb in unmap "protect --size 2M"; do
		prot=
		[ "$verb" = unmap ] || prot=r
		# shellcheck disable=SC2086 # words
		complains 64 "not a multiple of the page size" "$ctl" $verb --offset 1 "$f" $prot &&
			complains 64 "not an amount" "$ctl" $verb --offset x "$f" $prot &&
			complains 65 "not within the region" \
				"$ctl" $verb --offset 1G "$f" $prot &&
			complains 65 "its size is not set" \
				"$ctl" $verb "$m/unsized" $prot &&
			complains 66 "No such file" "$ctl" $verb "$m/none" $prot &&
			complains 66 "not a region" "$ctl" $verb "$dir/json" $prot &&
			complains 66 "not a region" \
				"$ctl" $verb "$m/mshare_info" $prot &&
			complains 64 "give one FILE" "$ctl" $verb &&
			chmod 444 "$f" &&
			complains 77 "do not let you change it" \
				as_other "$ctl" $verb "$f" $prot &&
			chmod 644 "$f" || return 1
	done
	complains 64 "nothing would change" "$ctl" unmap --size 0 "$f" &&
		complains 65 "not within the region" \
			"$ctl" unmap --offset 2M --size 1G "$f" &&
		complains 64 "not a protection" "$ctl" protect "$f" nonsense &&
		complains 64 "not a protection" "$ctl" protect "$f" rr &&
		region "r['mapped'] == r['present'] == $gib" "$f" &&
		"$ctl" rm "$f" "$m/unsized"
}

check "mount" mount_here "$(with_others)"
umask 022
check "create" create
check "a window of what was created" created_serves
check "what cannot be created" cannot_create
check "no memory" no_memory
check "ended by SIGINT" interrupted INT 130
check "ended by SIGTERM" interrupted TERM 143
check "rm removes only regions" rm_spares
check "rm of several" rm_several
check "protect" protect
check "unmap" unmap
check "what cannot be changed" cannot_change
check "umount" "$ctl" umount
finish mount_ctl_changes
