#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests msharectl on a terminal: top, the progress bar, --help, completion, and
# output in 80 columns.
set -u
. "$(dirname "$0")/shell.sh"
. "$(dirname "$0")/ctl.sh"

TMUX_TMPDIR=$dir
SHELL=$(command -v bash) # tmux would take nobody's, which is nologin
export TMUX_TMPDIR SHELL
verbs="run mount umount ls maps windows top create rm protect unmap plan doctor"

in_tmux()
{
	tmux -f /dev/null -L "$server" "$@"
}

screen()
{
	in_tmux capture-pane -p -t s
}

shows()
{
	screen | grep -qF -- "$1"
}

# start COLUMNS ROWS TERM COMMAND: runs it in a terminal of that size
start()
{
	server=ctl$(date +%N) # the previous server may still be exiting
	in_tmux new-session -d -x "$1" -y "$2" -s s \
		"TERM=${3} $4; echo ended \$?; sleep 100"
}

stop()
{
	in_tmux kill-server
}

# lines COLUMNS: no line on the screen is longer
lines()
{
	longest=$(screen | awk '{ if (length($0) > n) n = length($0) }
		END { print n + 0 }')
	[ "$longest" -le "$1" ]
}

# shows_all TEXT...: every one at one moment. top draws line after line, so what
# is looked for together is awaited together.
shows_all()
{
	screen >"$dir/screen"
	for text; do
		grep -qF -- "$text" "$dir/screen" || return 1
	done
}

# fills COLUMNS ROWS TEXT...: the display has that size, and shows every TEXT
fills()
{
	lines "$1" && [ "$(screen | wc -l)" -eq "$2" ] && shift 2 &&
		shows_all "$@"
}

top_on_screen()
{
	start 80 24 "$1" "$2 '$ctl' top -d 0.2" || return 1
	soon fills 80 24 "msharefs 0." "Pool: " "Windows: 0" "NAME" \
		"region 01" && not shows "region 30" &&
		in_tmux send-keys -t s -N 20 Down &&
		soon shows_all "NAME" "region 30" &&
		in_tmux send-keys -t s -N 20 Up && soon shows "region 01" ||
		return 1
	in_tmux resize-window -t s -x 60 -y 12 &&
		soon fills 60 12 "NAME" "region 01" || return 1
	in_tmux resize-window -t s -x 132 -y 40 && soon shows "region 30" &&
		"$ctl" create --size 1G "$m/region 00" &&
		soon shows "region 00" && "$ctl" rm "$m/region 00" &&
		soon not shows "region 00" &&
		in_tmux send-keys -t s q && soon shows "ended 0"
}

top_works()
{
	top_on_screen "$@"
	got=$?
	[ $got -eq 0 ] || screen
	stop
	return $got
}

# A dumb terminal: one listing after another, q and Enter.
top_dumb()
{
	start 80 24 dumb "'$ctl' top -d 0.2" && soon shows "region 30" &&
		in_tmux send-keys -t s q Enter && soon shows "ended 0"
	got=$?
	[ $got -eq 0 ] || screen
	stop
	return $got
}

top_interrupted()
{
	start 80 24 screen "sh -c 'trap : INT; \"$ctl\" top; echo it \$?'" &&
		soon shows "Windows: 0" && in_tmux send-keys -t s C-c &&
		soon shows "it 130"
	got=$?
	[ $got -eq 0 ] || screen
	stop
	return $got
}

# The mount is unmounted while top shows it: top prints the message and ends.
top_without_mount()
{
	mkdir -p "$dir/gone" && "$ctl" mount "$dir/gone" 2>/dev/null &&
		start 80 24 screen "'$ctl' top -d 0.2 '$dir/gone'" &&
		soon shows "Windows: 0" && "$ctl" umount --lazy "$dir/gone" &&
		kill "$(pgrep -f "^msharefs .*$dir/gone")" &&
		soon shows "ended 69"
	got=$?
	[ $got -eq 0 ] || screen
	stop
	return $got
}

top_batch()
{
	[ "$("$ctl" top -b -n 2 -d 0.1 | grep -c '^NAME .*STATE')" -eq 2 ] &&
		expect "Regions: 30 (30 listed)" "$ctl" top -n 1 "$m" &&
		not sh -c '"$0" top -b -n 1 | grep -q "$(printf "\033")"' "$ctl" &&
		complains 64 "use seconds" "$ctl" top -d 0 &&
		complains 64 "use seconds" "$ctl" top -d nan &&
		complains 64 "not a number above 0" "$ctl" top -n 0 &&
		complains 64 "not a number above 0" "$ctl" top -n x &&
		complains 66 "not in a mount" "$ctl" top -b /tmp &&
		status 74 sh -c '"$0" top -b -n 1 >/dev/full' "$ctl"
}

# Rates are counted between two listings.
top_counts()
{
	hold "$m/region 01" rw 1 3 || return 1
	expect "Windows: 4; attached 4, " "$ctl" top -b -n 1 &&
		[ "$("$ctl" top -b -n 2 -d 0.1 | grep -c 'attached 4, 0.0/s')" -eq 1 ] &&
		expect "region 01 " sh -c '"$0" top -b -n 1 "$1" | sed -n 8p' "$ctl" "$m"
	got=$?
	let_go
	return $got
}

# on_tty COMMAND...: prints what it writes to a terminal
on_tty()
{
	script -qec "stty cols 80 rows 24; $*" /dev/null </dev/null
}

bar()
{
	on_tty "$beside/tests/ctl_bar" >"$dir/out" || return 1
	grep -qF '] ' "$dir/out" && grep -qF ' 50% 512M of 1G' "$dir/out" ||
		{ cat -v "$dir/out"; return 1; }
	# Drawn on one line, and erased at the end.
	[ "$(tr '\r' '\n' <"$dir/out" | awk '{ if (length($0) > n) n = length($0) }
		END { print n }')" -eq 79 ] &&
		[ -z "$(tr '\r' '\n' <"$dir/out" | tail -n 1 | tr -d ' ')" ] &&
		[ -z "$("$beside/tests/ctl_bar" 2>&1)" ]
}

bar_of_create()
{
	on_tty "'$ctl' create --size 2G --map '$m/barred'" >"$dir/out" &&
		[ -e "$m/barred" ] && "$ctl" rm "$m/barred" &&
		[ -z "$("$ctl" create --size 1G --map "$m/quiet" 2>&1)" ] &&
		"$ctl" rm "$m/quiet"
}

# Tables are cut to the width of the terminal; empty ones have a message.
narrow_tables()
{
	long=$(printf '%0200d' 0)
	truncate -s 1G "$m/$long" || return 1
	[ "$(on_tty "'$ctl' ls" | tr -d '\r' | awk '{ if (length($0) > n) n = length($0) }
		END { print n }')" -le 80 ] &&
		expect "$long" "$ctl" ls && rm "$m/$long" && mkdir "$m/none" &&
		expect "no regions; msharectl create creates one" \
			on_tty "'$ctl' ls '$m/none'" &&
		[ -z "$("$ctl" ls "$m/none" 2>&1)" ] && rmdir "$m/none"
}

help()
{
	for verb in $verbs; do
		expect "  $verb " "$ctl" --help &&
			"$ctl" "$verb" --help >"$dir/help" 2>"$dir/err" &&
			[ ! -s "$dir/err" ] &&
			grep -q "^Usage: msharectl $verb" "$dir/help" &&
			grep -q "^Example" "$dir/help" &&
			[ "$(awk '{ if (length($0) > n) n = length($0) } END { print n }' \
				"$dir/help")" -le 80 ] && continue
		echo "--help of $verb"
		return 1
	done
	complains 64 "there is no verb 'nonsense'" "$ctl" nonsense &&
		status 64 "$ctl" && expect "msharectl 0." "$ctl" --version &&
		status 74 sh -c '"$0" --help >/dev/full' "$ctl"
}

# completes "WORDS" WANTED...: of the last word, which may be empty
completes()
{
	bash -c '
		. "$1"
		shift
		IFS=" " read -ra COMP_WORDS <<<"$1"
		[[ $1 != *" " ]] || COMP_WORDS+=("")
		shift
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_msharectl
		for word; do
			for reply in "${COMPREPLY[@]}"; do
				[[ $reply != "$word" ]] || continue 2
			done
			printf "no %s among:" "$word"
			printf " <%s>" "${COMPREPLY[@]}"
			exit 1
		done' bash "$beside/tests/completion" "$@"
}

completion()
{
	# shellcheck disable=SC2086 # words
	completes "$ctl " $verbs && completes "$ctl um" umount &&
		completes "$ctl ls --" --json --output --help &&
		completes "$ctl run -" --mount --at --options &&
		completes "$ctl create --" --size --start --map --lazy --prot --mode &&
		completes "$ctl ls -o NAME,S" NAME,SIZE NAME,SAVED &&
		completes "$ctl windows -o +T" +TABLES &&
		completes "$ctl mount -o b" backing= &&
		completes "$ctl create --prot r" r rw &&
		completes "$ctl maps $m/region" "$m/region 07" &&
		completes "$ctl protect $m/mshare_info n" none &&
		completes "$ctl umount $m" "$m" &&
		not completes "$ctl umount $m/" "$m/region 07" >/dev/null
}

# Completion and the manual page know every verb and all its options.
pages()
{
	for verb in $verbs; do
		page=$beside/tests/man/msharectl-$verb.1
		for option in $("$ctl" "$verb" --help |
			grep -oE '^ +(-[A-Za-z], )?--[a-z]+' | grep -oE -- '--[a-z]+'); do
			sed 's/\\-/-/g' "$page" | grep -qF -- "$option" &&
				completes "$ctl $verb --" "$option" && continue
			echo "$verb $option: not in its page or not completed"
			return 1
		done
		for column in $("$ctl" "$verb" --help |
			sed -nE 's/^  ([A-Z]+) +[a-z].*/\1/p'); do
			grep -qE "^\.BR? .*\<$column\>" "$page" && continue
			echo "$verb $column: not in its page"
			return 1
		done
		grep -q "msharectl.*-$verb (1)" "$beside/tests/man/msharectl.1" ||
			return 1
	done
}

check "mount" mount_here
for i in $(seq -w 30); do
	truncate -s 1G "$m/region $i"
done
check "top" top_works screen ""
check "top without colour" top_works vt100 NO_COLOR=1
check "top on a dumb terminal" top_dumb
check "top, and Ctrl-C" top_interrupted
check "top, and the mount goes away" top_without_mount
check "top in batches" top_batch
check "top counts windows" top_counts
check "the progress bar" bar
check "create with and without a terminal" bar_of_create
check "tables in 80 columns" narrow_tables
check "help" help
check "completion" completion
check "manual pages and completion agree with --help" pages
check "umount" "$ctl" umount
finish mount_ctl_terminal
