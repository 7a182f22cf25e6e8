# bash completion for stroma

_stroma() {
    local current=${COMP_WORDS[COMP_CWORD]}
    local previous=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "check describe simulate run --help --version" -- "$current")
        return
    fi
    case $previous in
    -o | --output)
        mapfile -t COMPREPLY < <(compgen -d -- "$current")
        return
        ;;
    --engine)
        mapfile -t COMPREPLY < <(compgen -W "population ssa" -- "$current")
        return
        ;;
    --threads | --seed | --variant | --until | --every | --set | --cells | --runs)
        return
        ;;
    esac
    if [[ $current == -* ]]; then
        local options="--help"
        case ${COMP_WORDS[1]} in
        check) options="--variant --help" ;;
        describe) options="--output --json --variant --help" ;;
        simulate)
            options="--until --every --set --variant --output --engine --cells --runs --seed --threads --help"
            ;;
        run) options="--output --threads --seed --force --quiet --help" ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
        return
    fi
    mapfile -t COMPREPLY < <(
        compgen -d -- "$current"
        compgen -f -X '!*.@(yaml|yml)' -- "$current"
    )
}
complete -o filenames -F _stroma stroma
