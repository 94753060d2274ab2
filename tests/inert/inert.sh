#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs programs of all sorts with the preload and without, and expects the same
# output, status and files. It needs no mount, so it runs once for all backings.
set -u
. "$SRC/tests/harness/shell.sh"

work=$(new_dir inert)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
CC=${CC:-cc}
shim=$MSHAREFS_PRELOAD
unset LD_PRELOAD
LC_ALL=C.UTF-8 TZ=UTC
export LC_ALL TZ

# Every run finds the sources at the same path.
cp -a "$SRC/lib" "$SRC/fuse" "$SRC/tests" "$work"
sources=$work/sources
mkdir "$sources"
mv "$work/lib" "$work/fuse" "$work/tests" "$sources"
chmod -R u+w "$sources"

# one_way NAME PRELOAD COMMAND...: records output, errors, status and files
one_way()
{
	way=$1 under=$2
	shift 2
	rm -rf "$work/here"
	cp -a "$sources" "$work/here"
	(
		cd "$work/here" || exit 1
		env ${under:+LD_PRELOAD="$under"} "$@" >"$work/$way.out" \
			2>"$work/$way.err" </dev/null
	)
	echo "status $?" >"$work/$way.status"
	(cd "$work/here" && find . -printf '%p %y %m %u %s %l\n' | sort &&
		find . -type f -exec cat {} + | cksum) >"$work/$way.files"
}

equal()
{
	for part in status out err files; do
		cmp -s "$work/without.$part" "$work/under.$part" && continue
		echo "difference in $part:"
		diff "$work/without.$part" "$work/under.$part" | head -n 20
		return 1
	done
	[ -s "$work/without.out" ] && return 0
	echo "no output, so nothing was compared"
	cat "$work/without.err"
	return 1
}

# both COMMAND...: runs it both ways and compares
both()
{
	one_way without "" "$@"
	one_way under "$shim" "$@"
	equal
}

script()
{
	both sh -c "$1"
}

# Every program started inherits the preload. The environment is otherwise the
# same.
environment()
{
	# the inner shell sets the same _ both ways
	one_way without "" sh -c 'sh -c env'
	one_way under "$shim" sh -c 'sh -c env'
	grep -qx "LD_PRELOAD=$shim" "$work/under.out" &&
		grep -v '^LD_PRELOAD=' "$work/under.out" | sort >"$work/a" &&
		grep -v '^LD_PRELOAD=' "$work/without.out" | sort |
		diff - "$work/a"
}

# An empty environment carries no preload.
no_environment()
{
	LD_PRELOAD=$shim cat /proc/self/maps | grep -q libmshare-preload &&
		env -i LD_PRELOAD="$shim" cat /proc/self/maps |
		grep -q libmshare-preload &&
		! LD_PRELOAD=$shim env -i cat /proc/self/maps |
		grep -q libmshare-preload &&
		script 'env -i env; env -i PATH="$PATH" sort fuse/main.c'
}

# The dynamic linker ignores LD_PRELOAD here because it names a path.
set_user_id()
{
	for program in id sleep; do
		cp "/usr/bin/$program" "$work/as_nobody_$program"
		chown nobody "$work/as_nobody_$program"
		chmod 4755 "$work/as_nobody_$program"
	done
	both "$work/as_nobody_id" || return 1
	grep -q 'euid=65534' "$work/under.out" || {
		echo "not run as another user (is /tmp mounted nosuid?)"
		return 1
	}
	LD_PRELOAD=$shim "$work/as_nobody_sleep" 100 &
	sleeper=$!
	tries=0
	until grep -q '\[heap\]' "/proc/$sleeper/maps" || [ $tries -eq 600 ]; do
		sleep 0.05
		tries=$((tries + 1))
	done
	grep -q as_nobody "/proc/$sleeper/maps" &&
		! grep -q libmshare-preload "/proc/$sleeper/maps"
	got=$?
	kill $sleeper
	return $got
}

static_program()
{
	cat >"$sources/static.c" <<-'END'
		#include <stdio.h>
		#include <signal.h>
		#include <sys/mman.h>

		int main(void)
		{
			char *at = mmap(0, 4096, PROT_READ | PROT_WRITE,
					MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

			at[0] = 's';
			signal(SIGBUS, SIG_IGN);
			printf("%c\n", at[0]);
			return munmap(at, 4096) ? 1 : 3;
		}
	END
	script "$CC -static -o static static.c && ./static"
}

# The linker opens and maps the library. The library itself makes no call.
system_calls()
{
	for way in without under; do
		if [ $way = under ]; then under=$shim; else under=; fi
		strace -o "$work/$way.calls" env ${under:+LD_PRELOAD="$under"} \
			true || return 1
		# system calls of the second program, by name
		sed -n '/^execve(.*"true"/,$p' "$work/$way.calls" |
			sed -E 's/\(.*//' >"$work/$way.names"
	done
	grep -q libmshare-preload "$work/under.calls" || return 1
	sort "$work/without.names" >"$work/a"
	sort "$work/under.names" | comm -13 "$work/a" - | sort |
		uniq -c >"$work/more"
	cat "$work/more"
	# Four segments and one mapping for data, but no signal, thread or lock.
	awk '$2 !~ /^(openat|read|fstat|newfstatat|mmap|close|mprotect)$/ ||
	     $1 > 5 { bad = 1 } END { exit bad || !NR }' "$work/more"
}

# Python's own tests

PYTHON=/usr/bin/python3
TESTS="test_mmap test_posix test_os test_ctypes test_fork1 test_thread
	test_threadsignals test_signal test_faulthandler
	test_multiprocessing_fork"

# Only the memory tests of multiprocessing, and none that wait for seconds.
# SIGINT is reset because background jobs ignore it, and some tests need it.
python_tests()
{
	env --default-signal=INT ${2:+LD_PRELOAD="$2"} "$PYTHON" -m test \
		--junit-xml "$work/$1.xml" --tempdir "$work/$1.tmp" \
		-i '*StressTest*' -i '*siginterrupt_off*' \
		-i '*dump_traceback_later*' -m 'test.test_[!m]*' \
		-m 'test.test_mmap.*' -m 'ctypes.*' -m '*SharedMemory*' \
		$TESTS >"$work/$1.log" 2>&1 </dev/null
}

outcomes()
{
	"$PYTHON" - "$work/$1.xml" <<-'END' | sort
		import sys, xml.etree.ElementTree as tree
		for case in tree.parse(sys.argv[1]).iter("testcase"):
		    kinds = {part.tag for part in case} & {"failure", "error", "skipped"}
		    print(case.get("name"), *(sorted(kinds) or ["ok"]))
	END
}

python_once()
{
	mkdir -p "$work/without.tmp" "$work/under.tmp"
	python_tests without "" &
	python_tests under "$shim"
	wait $!
	outcomes without >"$work/without.tests"
	outcomes under >"$work/under.tests"
	[ "$(grep -c ' ok$' "$work/without.tests")" -gt 500 ] || {
		tail -n 20 "$work/without.log"
		return 1
	}
	diff "$work/without.tests" "$work/under.tests" >"$work/$1"
}

# Some fail at random: only a difference that occurs twice counts.
python()
{
	"$PYTHON" -c 'import test.test_mmap' 2>/dev/null || {
		echo "Python's test suite is not installed; as root:" \
			"apt-get install libpython3.11-testsuite (or of another version)"
		return 1
	}
	python_once first && return 0
	python_once second && return 0
	sort "$work/first" >"$work/a"
	sort "$work/second" | comm -12 "$work/a" - | grep '^[<>]' || return 0
	tail -n 40 "$work/under.log"
	return 1
}

check "ls" script 'ls -lR --time-style=+ .; ls -l /proc/self/fd | wc -l'
check "cat, wc, od" script 'cat */*/*.c | wc; od -c fuse/main.c'
check "sort" script 'sort --parallel=4 -S 1M */*/*.c; sort -c lib/*/*.c'
check "cp" script 'cp -a lib copy && cp --sparse=always fuse/main.c x && cmp fuse/main.c x && ls copy'
check "dd" script 'dd if=fuse/main.c of=x bs=77 count=9 conv=sync status=none; dd if=x bs=1k status=none'
check "sums" script 'sha256sum */*; md5sum */*; cksum */*; b2sum */*'
check "head, tail, split, cut" script 'split -n 7 fuse/main.c; tail -n 5 x*; tail -c +9 xaa | head -n 3; cut -c 3-9 xab'
check "tail -f" script 'tail -f fuse/main.c --pid=$$ >x & pid=$!; timeout 1 tail -f lib/wrap/libc_real.c; kill $pid; wait $pid 2>/dev/null; echo $?; cat x'
check "timeout, nice, env" script 'timeout 0.1 sleep 9; echo $?; timeout -s SEGV 0.1 sleep 9; echo $?; nice -n 5 nice; env A=b env -u HOME sh -c "echo \$A"'
check "stdbuf" script 'stdbuf -oL cat lib/wrap/libc_real.c | stdbuf -i0 tr a-z A-Z'
check "tar, gzip" script 'tar cf x.tar lib fuse tests && tar tf x.tar && gzip -9n x.tar && mkdir y && tar xzf x.tar.gz -C y && diff -r lib y/lib && cksum x.tar.gz'
check "find, xargs" script 'find . -name "*.c" -print0 | sort -z | xargs -0 -n 3 grep -c static; find . -newer lib -empty -o -size +9k -exec wc -c {} + | sort'
check "grep, sed, awk" script 'grep -rn mmap . | sort; sed -n "s/static/STATIC/gp" lib/*/*.c; sed -i s/a/b/ lib/wrap/libc_real.c; awk "{ n[\$1]++ } END { for (i in n) print n[i], i }" */*/*.c | sort'
check "diff, cmp, patch of files" script 'diff -u lib/wrap/libc_real.c lib/engine/sigbus.c; cmp lib/wrap/libc_real.c lib/engine/sigbus.c; echo $?'
check "perl" script 'perl -e '\''$SIG{BUS} = sub { print "bus\n" }; kill "BUS", $$; my $pid = fork; if (!$pid) { print "child\n"; exit 4 } waitpid $pid, 0; print $? >> 8, "\n"; local $SIG{SEGV} = "IGNORE"; kill "SEGV", $$; print "end\n"'\'
check "sh: traps, jobs, pipes" script 'trap "echo bus" BUS; kill -BUS $$; (kill -BUS $$); sh -c "kill -BUS \$\$"; echo $?; sh -c "kill -SEGV \$\$"; echo $?; (sleep 0.1; echo later) & wait; ulimit -a'
check "cc" script "$CC -O1 -g -c -o x.o lib/wrap/libc_real.c -iquotelib -Ilib/include -D_GNU_SOURCE -fno-working-directory && $CC -E lib/wrap/libc_real.c -iquotelib -Ilib/include | cksum; nm x.o; $CC -c nothing.c; echo \$?"
check "make -j" script 'printf "all: a b c d\n%%: ; @cat lib/*/*.c | cksum >\$@\n" >Makefile; make -s -j4 && cat a b c d; make nothing; echo $?'
check "python: memory, SQLite" both "$PYTHON" -c '
import ctypes, mmap, sqlite3, os, signal, multiprocessing
db = sqlite3.connect("x.db")
print(db.execute("pragma mmap_size=1000000").fetchall())
db.execute("create table t (n, s)")
db.executemany("insert into t values (?, ?)", ((i, str(i) * 9) for i in range(9999)))
db.commit()
print(db.execute("select sum(n), max(s) from t").fetchall())
m = mmap.mmap(os.open("x.db", os.O_RDWR), 0, access=mmap.ACCESS_COPY)
m[5:9] = b"copy"
print(m[:16], len(m))
signal.signal(signal.SIGBUS, lambda *a: print("bus"))
os.kill(os.getpid(), signal.SIGBUS)
with multiprocessing.get_context("fork").Pool(3) as pool:
    print(pool.map(abs, range(-9, 9)))'
check "environment" environment
check "no environment" no_environment
check "a static program" static_program
[ "$(id -u)" -ne 0 ] || check "set-user-id" set_user_id
check "system calls" system_calls
check "python's tests" python
finish inert
