# SPDX-License-Identifier: Apache-2.0
# Completion of nsexec(1) for fish. Options are those of `nsexec VERB --list-options`, names those of `nsexec ls`.

function __nsexec_verb
    set -l words (commandline -opc)
    test (count $words) -ge 2; and echo $words[2]
end

function __nsexec_options
    set -l verb (__nsexec_verb)
    nsexec $verb --list-options 2>/dev/null
    echo --help
end

function __nsexec_names
    nsexec ls --json 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d '"' -f 4
end

function __nsexec_wants_verb
    test (count (commandline -opc)) -eq 1
end

function __nsexec_is
    contains -- (__nsexec_verb) $argv
end

# is the word before an option with this name?
function __nsexec_after
    set -l words (commandline -opc)
    contains -- $words[-1] $argv
end

function __nsexec_at_option
    __nsexec_is launch enter ls; and string match -q -- '-*' (commandline -ct)
end

complete -c nsexec -n __nsexec_wants_verb -f -a launch -d 'a program in a new container'
complete -c nsexec -n __nsexec_wants_verb -f -a enter -d 'a program in a running container'
complete -c nsexec -n __nsexec_wants_verb -f -a ls -d 'the containers that have a name'
complete -c nsexec -n __nsexec_wants_verb -f -a '--help --version'
complete -c nsexec -n __nsexec_at_option -f -a '(__nsexec_options)'
complete -c nsexec -n '__nsexec_is enter' -a '(__nsexec_names)' -d container
complete -c nsexec -n '__nsexec_is ls' -f
complete -c nsexec -n '__nsexec_after --log-format' -f -a 'text json'
complete -c nsexec -n '__nsexec_after --seccomp' -a 'default unconfined'
complete -c nsexec -n '__nsexec_is launch; and __nsexec_after --net' -a 'none host'
complete -c nsexec -n '__nsexec_after --only --except' -f -a 'user mnt pid net ipc uts cgroup time'
complete -c nsexec -n '__nsexec_after --ns' -f -a '{user,mnt,pid,net,ipc,uts,cgroup,time}={new,host}'
