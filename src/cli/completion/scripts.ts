import { COMPLETE } from '../main.js';
import { FILES } from './answer.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

const BASH = `# bash completion of mqadmin; works with bash 3.2 as well
_mqadmin() {
  local cur line files=
  cur=\${COMP_WORDS[COMP_CWORD]}
  case $cur in ':' | '=') cur= ;; esac
  COMPREPLY=()
  while IFS= read -r line; do
    if [ "$line" = '${FILES}' ]; then
      files=yes
    else
      case $line in *=) ;; *) line="$line " ;; esac
      COMPREPLY+=("$line")
    fi
  done < <("\${COMP_WORDS[0]}" ${COMPLETE} bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null)
  if [ -n "$files" ]; then
    while IFS= read -r line; do
      if [ -d "$line" ]; then COMPREPLY+=("$line/"); else COMPREPLY+=("$line "); fi
    done < <(compgen -f -- "$cur")
  fi
}
complete -o nospace -F _mqadmin mqadmin
`;

const ZSH = `#compdef mqadmin
# zsh completion of mqadmin
_mqadmin() {
  local -a lines
  lines=("\${(@f)$("\${words[1]}" ${COMPLETE} zsh "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${lines[1]} == '${FILES}' ]]; then
    shift lines
    _files
  fi
  lines=("\${(@)lines:#}")
  (( \${#lines} )) && _describe 'mqadmin' lines
}
if [[ $funcstack[1] == _mqadmin ]]; then
  _mqadmin "$@"
else
  compdef _mqadmin mqadmin
fi
`;

const FISH = `# fish completion of mqadmin
function __mqadmin_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  for line in ($words[1] ${COMPLETE} fish $words[2..-1] "$current" 2>/dev/null)
    if test "$line" = '${FILES}'
      __fish_complete_path "$current"
    else
      echo $line
    end
  end
end
complete -c mqadmin -f -a '(__mqadmin_complete)'
`;

/** What a shell has to read once to complete our command lines. */
export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
