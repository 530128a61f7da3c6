namespace Cairn.Cli.Completion;

/// <summary>
/// The scripts for shells. Each asks <c>cairn __complete WORD…</c>, the last word being the one under the cursor, and gets lines
/// <c>value TAB description</c>; a single line <c>:files</c> or <c>:folders</c> leaves the answer to the shell.
/// </summary>
internal static class CompletionScripts
{
    public const string Bash = """
        # bash completion for cairn
        _cairn() {
            local IFS=$'\n' line cur=${COMP_WORDS[COMP_CWORD]}
            local -a words=("${COMP_WORDS[@]:1:COMP_CWORD}")
            [[ $cur == "=" ]] && cur=""
            COMPREPLY=()
            while IFS= read -r line; do
                case $line in
                    :files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$cur")); return ;;
                    :folders) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$cur")); return ;;
                    *) COMPREPLY+=("$(printf '%q' "${line%%$'\t'*}")") ;;
                esac
            done < <("${COMP_WORDS[0]}" __complete "${words[@]}" 2>/dev/null)
            [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
            return 0
        }
        complete -F _cairn cairn ./cairn

        """;

    public const string Zsh = """
        #compdef cairn
        # zsh completion for cairn
        _cairn() {
            local line
            local -a values described
            local tab=$'\t'
            while IFS= read -r line; do
                case $line in
                    :files) _files; return ;;
                    :folders) _files -/; return ;;
                    *)
                        values+=("${line%%$tab*}")
                        if [[ $line == *$tab* ]]; then
                            described+=("${line%%$tab*}  -- ${line#*$tab}")
                        else
                            described+=("$line")
                        fi ;;
                esac
            done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
            (( ${#values} )) && compadd -l -d described -a values
        }
        if [[ $funcstack[1] == _cairn ]]; then
            _cairn "$@"
        else
            compdef _cairn cairn
        fi

        """;

    public const string Fish = """
        # fish completion for cairn
        function __cairn_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            set -l lines ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
            switch "$lines[1]"
                case ':files'
                    __fish_complete_path "$current"
                case ':folders'
                    __fish_complete_directories "$current"
                case '*'
                    printf '%s\n' $lines
            end
        end
        complete -c cairn -f -a '(__cairn_complete)'

        """;
}
