# The page of pairs that have much in common.
include "html";

def short: .exercise | split("_")[0];
def percent: "\(.share * 100 | round) %";
def name: [.[] | "<a href=\"\(link)\">" + @html "\(.name)</a>"] | join(", ");

def row($n):
    @html "<tr><td>\(short)</td><td class=\"number\">"
    + @html "<a href=\"#pair\($n)\">\(percent)</a></td>"
    + "<td>\(.sides[0].who | name)</td><td>\(.sides[1].who | name)</td></tr>";

# A file, with what is shared marked.
def code:
    [split("\n")[] | if startswith("+") then @html "<mark>\(.[1:])</mark>"
        else @html "\(.[1:])" end] | join("\n") | "<pre>\(.)</pre>";

def side_by_side($n):
    @html "<h2 id=\"pair\($n)\">\(short), \(percent)</h2>",
    "<div class=\"pair\">",
    (.sides[] | "<div><h3>\(.who | name)</h3>\(.text | code)</div>"), "</div>";

page("Alike"; $style; ""; "";
    "<h1>Alike</h1>",
    "<p>Pairs that have more in common than this class has, without what the starter "
    + "gave: so much of what is rare in the smaller of both. No verdict: that there is "
    + "a reason to look, and nothing else. <a href=\"index.html\">The class</a></p>",
    if $pairs == [] then "<p>None.</p>"
    else "<table>", ($pairs | to_entries[] | .key as $n | .value | row($n)), "</table>",
        ($pairs | to_entries[] | .key as $n | .value | side_by_side($n)) end)
