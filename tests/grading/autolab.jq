# Records as the last line that Autolab reads: the points of each exercise.
{scores: ([inputs | select(.tools) | {key: (.exercise | split("_")[0]), value: .points}]
    | from_entries)} | tojson
