# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of nsexec(1) for bash. Options are those of `nsexec VERB --list-options`, names those of `nsexec ls`.

__nsexec_names() {
	"$1" ls --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d '"' -f 4
}

# Does this option take a value as the next word?
__nsexec_takes_value() { # COMMAND VERB OPTION
	case $3 in
	-t | -S | -G | -W) [ "$2" = enter ] ;;
	-m | -a | -u | -c) [ "$2" = launch ] ;;
	--?*) "$1" "$2" --help 2>/dev/null | grep -q -e "^ .* $3 [^ ]" ;;
	*) false ;;
	esac
}

__nsexec_value() { # COMMAND VERB OPTION WORD
	case $3 in
	--rootfs | --workdir | --wdns | -W) mapfile -t COMPREPLY < <(compgen -d -- "$4") ;;
	--mount | -m) [ "$2" != launch ] || mapfile -t COMPREPLY < <(compgen -d -- "$4") ;;
	--pid-file) mapfile -t COMPREPLY < <(compgen -f -- "$4") ;;
	--seccomp) mapfile -t COMPREPLY < <(compgen -f -W 'default unconfined' -- "$4") ;;
	--net) mapfile -t COMPREPLY < <(compgen -f -W 'none host' -- "$4") ;;
	--log-format) mapfile -t COMPREPLY < <(compgen -W 'text json' -- "$4") ;;
	--ns) mapfile -t COMPREPLY < <(compgen -W '{user,mnt,pid,net,ipc,uts,cgroup,time}={new,host}' -- "$4") ;;
	--only | --except) mapfile -t COMPREPLY < <(compgen -W 'user mnt pid net ipc uts cgroup time' -- "$4") ;;
	--env) mapfile -t COMPREPLY < <(compgen -v -- "$4") ;;
	--bind | --add | -a) mapfile -t COMPREPLY < <(compgen -f -- "$4") ;;
	esac
}

_nsexec() {
	local nsexec=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} verb=${COMP_WORDS[1]-} i target=0

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'launch enter ls --help --version' -- "$word")
		return
	fi
	case $verb in
	launch | enter | ls) ;;
	*) return ;;
	esac

	# walk over the options, to find out what the word is
	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--)
			((++i))
			break
			;;
		-t* | --target*) target=1 ;;&
		-?*)
			if __nsexec_takes_value "$nsexec" "$verb" "${COMP_WORDS[i]}"; then
				if ((i + 1 == COMP_CWORD)); then
					__nsexec_value "$nsexec" "$verb" "${COMP_WORDS[i]}" "$word"
					return
				fi
				((++i))
				# readline makes words of --name=value
				[ "${COMP_WORDS[i]}" != = ] || ((++i))
			fi
			;;
		*)
			break
			;;
		esac
	done

	if ((i >= COMP_CWORD)) && [[ $word == -* && ${COMP_WORDS[COMP_CWORD - 1]} != -- ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$("$nsexec" "$verb" --list-options 2>/dev/null) --help" -- "$word")
	elif [ "$verb" = enter ] && ((i >= COMP_CWORD && target == 0)) && [ "${COMP_WORDS[COMP_CWORD - 1]}" != -- ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(__nsexec_names "$nsexec") pid: pidfd: ns:" -- "$word")
	elif [ "$verb" != ls ]; then
		mapfile -t COMPREPLY < <(compgen -c -f -- "$word")
	fi
}

complete -F _nsexec nsexec
