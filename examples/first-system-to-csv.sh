#!/usr/bin/env bash
# Writes what the first system keeps in Redis as two CSV files that `meterhouse import` takes: meters.csv and readings.csv.
#
#   examples/first-system-to-csv.sh FOLDER [redis-cli options: -h HOST, -p PORT, …]
#   meterhouse import FOLDER/readings.csv --meters FOLDER/meters.csv --to http://127.0.0.1:8050
#
# It only reads. Stop what sends readings first. Needs redis-cli and jq (Debian: redis-tools jq). What is read:
#   user_data:ID              hash: Region, Area, DwellingType
#   meter:ID:history          sorted set of {"timestamp", "reading_value", …}
#   meter:ID:pending, meter:readings_queue   lists of {"meter_id", "timestamp", "reading"} that were not worked off yet
# A time without an offset is written as it is: `meterhouse import --timezone ZONE` says whose clock it was.
set -euo pipefail

redis() { redis-cli --raw "${options[@]}" "$@"; }

# keys PATTERN: the names of the keys, sorted.
keys() { redis --scan --pattern "$1" | sort; }

meters() {
  local key id
  echo "meter_id,region,area,dwelling_type"
  while read -r key; do
    id=${key#user_data:}
    redis hmget "$key" Region Area DwellingType </dev/null | jq --raw-input --null-input --raw-output \
      --arg id "$id" '[$id, inputs] | .[0:4] | @csv'
  done < <(keys 'user_data:*')
}

# JSON on standard input as rows; `id` is the meter where the JSON does not name it.
rows() {
  jq --raw-output --arg id "$1" '[(.meter_id // $id), .timestamp, (.reading_value // .reading)] | map(tostring) | @csv'
}

readings() {
  local key id
  echo "meter_id,timestamp,reading"
  while read -r key; do
    id=${key#meter:}
    redis zrange "$key" 0 -1 </dev/null | rows "${id%:history}"
  done < <(keys 'meter:*:history')
  while read -r key; do
    id=${key#meter:}
    redis lrange "$key" 0 -1 </dev/null | rows "${id%:pending}"
  done < <(keys 'meter:*:pending')
  redis lrange meter:readings_queue 0 -1 | rows ''
}

if [ $# = 0 ] || [[ $1 == -* ]]; then
  sed -n '2,/^set -e/{/^#/s/^# \{0,1\}//p}' "$0"
  exit 2
fi
folder=$1
shift
options=("$@")
for tool in redis-cli jq; do
  command -v "$tool" >/dev/null || { echo "first-system-to-csv: $tool is missing (Debian: redis-tools jq)" >&2; exit 1; }
done
answer=$(redis ping 2>&1 || true)
[ "$answer" = PONG ] || { echo "first-system-to-csv: Redis does not answer: $answer" >&2; exit 1; }
mkdir -p "$folder"
meters >"$folder/meters.csv"
readings >"$folder/readings.csv"
echo "$(($(wc -l <"$folder/meters.csv") - 1)) meters, $(($(wc -l <"$folder/readings.csv") - 1)) readings in $folder"
