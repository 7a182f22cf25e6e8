# bash completion for stroma

_stroma() {
    local current=${COMP_WORDS[COMP_CWORD]}
    local previous=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "check describe simulate prepare run merge zoom validate bench report --help --version" -- "$current")
        return
    fi
    case $previous in
    -o | --output | --compare | --figures | --tables)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --engine)
        mapfile -t COMPREPLY < <(compgen -W "population ssa" -- "$current")
        return
        ;;
    --threads | --shard | --seed | --draws | --people | --patient | --variant | --until | --every | --set | --cells | --runs)
        return
        ;;
    esac
    if [ "${COMP_WORDS[1]}" = bench ] && [[ $current != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "population fields cells" -- "$current")
        return
    fi
    if [[ $current == -* ]]; then
        local options="--help"
        case ${COMP_WORDS[1]} in
        check) options="--variant --units --help" ;;
        describe) options="--output --json --variant --help" ;;
        simulate)
            options="--until --every --set --variant --output --engine --cells --runs --seed --threads --help"
            ;;
        prepare) options="--output --json --threads --force --quiet --help" ;;
        validate)
            options="--output --model --variant --posterior --train --draws --people --keep-going --threads --seed --force --quiet --help"
            ;;
        merge) options="--output --seed --force --quiet --help" ;;
        zoom) options="--patient --output --until --set --threads --force --quiet --help" ;;
        bench) options="--threads --cells --help" ;;
        run) options="--output --shard --screen --threads --seed --force --quiet --help" ;;
        report) options="--compare --pdf --figures --tables --quiet --help" ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(
        compgen -d -- "$current"
        compgen -f -X '!*.@(yaml|yml|csv)' -- "$current"
    )
}
complete -o filenames -F _stroma stroma
