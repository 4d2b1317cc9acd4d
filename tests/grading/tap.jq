# Records as TAP: one plan, and the checks numbered through.
include "text";

[inputs | select(.check)] | "1..\(length)", (to_entries[]
    | (.key + 1) as $n | .value
    | "\($n) [\(.possible)] \(.check)" as $name
    | if .verdict == "passed" then "ok \($name)"
        elif .verdict == "left out" then "ok \($name) # skip \(.reason)"
        elif .verdict == "failed" then "not ok \($name)", "# \(explanation(null)[])"
        else "not ok \($name)", "# not tested: \(.reason)" end)
