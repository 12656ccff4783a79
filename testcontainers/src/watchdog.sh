# Reads "container NAME", "network NAME" and "folder PATH", one a line, until its input ends, which it does when
# the process that writes there does, however that comes about. Then it removes all of them. What was removed
# before is no matter: names are never given twice.
containers='' networks=''
set --
while read -r what name; do
    case $what in
        container) containers="$containers $name" ;;
        network) networks="$networks $name" ;;
        folder) set -- "$@" "$name" ;;
    esac
done
# Names of containers and networks have no blanks; splitting them is meant.
[ -z "$containers" ] || docker rm -f -v $containers
[ -z "$networks" ] || docker network rm $networks
[ $# -eq 0 ] || rm -rf -- "$@"
