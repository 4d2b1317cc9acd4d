# The tokens of C, so that names, numbers, layout and comments make no difference: into
# token[1..tokens], and the line of each into line[]. A file begins with begin().

BEGIN {
    split("auto break case char const continue default do double else enum extern " \
        "float for goto if inline int long register return short signed sizeof " \
        "static struct switch typedef union unsigned void volatile while", words, " ")
    for (w in words) is_keyword[words[w]] = 1
}

function begin() { tokens = 0; in_comment = 0 }

function add(kind, length_of_it) {
    token[++tokens] = kind
    line[tokens] = FNR
    rest = substr(rest, length_of_it + 1)
}

# Takes the tokens of a line.
function take(text,    end) {
    rest = text
    if (!in_comment && rest ~ /^[ \t]*#[ \t]*include/) return
    while (rest != "") {
        if (in_comment) {
            end = index(rest, "*/")
            if (!end) return
            in_comment = 0
            rest = substr(rest, end + 2)
        } else if (match(rest, /^[ \t\f\v]+/)) rest = substr(rest, RLENGTH + 1)
        else if (rest ~ /^\/\*/) { in_comment = 1; rest = substr(rest, 3) }
        else if (rest ~ /^\/\//) return
        else if (match(rest, /^[A-Za-z_][A-Za-z_0-9]*/))
            add(substr(rest, 1, RLENGTH) in is_keyword ? substr(rest, 1, RLENGTH) : "v",
                RLENGTH)
        else if (match(rest, /^\.?[0-9][A-Za-z0-9_.]*/)) add("1", RLENGTH)
        else if (match(rest, /^"([^"\\]|\\.)*"/)) add("\"", RLENGTH)
        else if (match(rest, /^'([^'\\]|\\.)*'/)) add("'", RLENGTH)
        else add(substr(rest, 1, 1), 1)
    }
}

# The fingerprint of so many tokens from one on: these themselves.
function print_of(from, many,    i, text) {
    for (i = from; i < from + many; i++) text = text " " token[i]
    return text
}
