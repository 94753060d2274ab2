# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# Evaluates expressions on JSON, with judge.py. Sourced after shell.sh; the
# sourcing test calls judge_end before it ends.

judge_dir=${judge_dir:-} # from the environment, for scripts that start themselves

# judge_start JUDGE.PY: before the first judge()
judge_start()
{
	judge_dir=$(new_dir judge)
	mkfifo "$judge_dir/ask" "$judge_dir/answer"
	python3 "$1" "$judge_dir" </dev/null >/dev/null 2>&1 &
	judge_pid=$!
}

judge_end()
{
	[ -n "$judge_dir" ] || return 0
	kill "$judge_pid" 2>/dev/null
	rm -rf "$judge_dir"
}

# judge FILE EXPRESSION: prints its value, where d is the content of the file
judge()
{
	printf '%s\n%s' "$1" "$2" >"$judge_dir/ask"
	cat "$judge_dir/answer"
}
