#!/usr/bin/env bash
# curl in a shell script: NDJSON, a line per message, and the id of the last one as the cursor.
cursor=0
while true; do
  while IFS= read -r line; do
    case $line in
      '{"type":"ping"'*) [ -n "$ready" ] || echo ready; ready=1 ;;
      '{"type":'*)
        id=${line#*\"id\":}
        cursor=${id%%,*}
        type=${line#*\"type\":\"}
        message=${line#*\"message\":\"}
        echo "${type%%\"*} $cursor ${message%%\"*}"
        case $line in *'"done":true'*) echo done; exit ;; esac
        ;;
    esac
  done < <(curl -sN "$1?format=ndjson&last_event_id=$cursor")
  sleep 0.5
done
