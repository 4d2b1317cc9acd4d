# The small ways in which a C file can be wrong. Input: its syntax tree, as
# `clang -Xclang -ast-dump=json` writes it; $text: the file itself. Output: a mutant each,
# {in, line, kind, from, to, new}: the bytes from..to are replaced by new; in is the
# function.

def at: .offset // .expansionLoc.offset; # of a macro: where it stands
def after: at + (.tokLen // .expansionLoc.tokLen);
def from: .range.begin | at;
def to: .range.end | after;
def source: $text[from:to];
def plain: .range.begin.offset != null and .range.end.offset != null; # no macro
def mutant($kind; $from; $to; $new): {kind: $kind, from: $from, to: $to, new: $new};
def instead($kind; $new): mutant($kind; from; to; $new);

# The name of the function that is called.
def callee: [.inner[0] | .. | objects | .referencedDecl? | .name?] | map(strings) | first;

# A statement with its semicolon.
def end_of_statement:
    to as $to
    | if $text[$to - 1:$to] == "}" then $to
      else $to + ($text[$to:] | index(";") // -1) + 1 end;
def can_move: .kind as $kind
    | ["CallExpr", "IfStmt", "BinaryOperator", "UnaryOperator", "ForStmt", "WhileStmt",
       "CompoundAssignOperator"] | any(. == $kind);

def comparisons:
    {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||",
     "||": "&&"};

def of_operator:
    .opcode as $was | comparisons[$was] as $is
    | (.inner[0] | to) as $left | (.inner[1] | from) as $right
    | if $is then
          $text[$left:$right] as $between
          | mutant("comparison"; $left; $right; $between | sub($was | gsub("\\|"; "\\|"); $is))
      elif $was == "|" then
          (.inner[0], .inner[1]) as $one | instead("flag dropped"; $one | source)
      else empty end;

def of_number:
    from as $from | to as $to | (.value | tonumber) as $n
    | select($text[$from:$to] | test("^[0-9]+$"))
    | (if $n >= 100 then $n + 1, $n - 1, $n * 2, ($n / 2 | floor)
       elif $n >= 8 then $n + 1, $n - 1, $n * 2
       elif $n >= 1 then $n + 1, $n - 1
       else 1 end)
    | mutant("number"; $from; $to; tostring);

def of_call:
    callee as $name
    | if ["htons", "htonl", "ntohs", "ntohl"] | index($name) then
          instead("byte order dropped"; .inner[1] | source)
      elif ["send", "recv", "sendto", "recvfrom"] | index($name) then
          (.inner[4] | select(source != "0") | instead("flag dropped"; "0"))
      else empty end,
      if ["send", "sendto", "write"] | index($name) then
          (.inner[2] | source) as $bytes
          | .inner[3] | instead("strlen for a count"; "strlen((const char *)(\($bytes)))")
      else empty end;

def of_block:
    [.inner[]? | select(.range)] as $all
    | range($all | length) as $i
    | ($all[$i]
       | select(.kind == "CallExpr" or
                (.kind == "CStyleCastExpr" and (.inner[0].kind == "CallExpr")))
       | instead("call left out"; "(void)0")),
      (select($i + 1 < ($all | length))
       | $all[$i] as $one | $all[$i + 1] as $two
       | select(($one | can_move) and ($two | can_move))
       | ($one | end_of_statement) as $middle | ($two | end_of_statement) as $stop
       | mutant("exchanged"; $one | from; $stop;
             $text[($two | from):$stop] + $text[$middle:($two | from)]
             + $text[($one | from):$middle]));

def of_node:
    if .kind == "BinaryOperator" then of_operator
    elif .kind == "IntegerLiteral" and plain then of_number
    elif .kind == "IfStmt" then
        .inner[0] | instead("test dropped"; "((\(source)) && 0)")
    elif .kind == "CallExpr" then of_call
    elif .kind == "CompoundStmt" then of_block
    elif .kind == "VarDecl" or .kind == "ParmVarDecl" then
        select(source | test("\\bunsigned |\\buint[0-9]+_t"))
        | instead("signed"; source | sub("\\bunsigned "; "") | sub("\\buint"; "int"))
    elif .kind == "UnaryOperator" and .opcode == "!" then
        instead("comparison"; .inner[0] | source)
    else empty end;

[.inner[]
    | select(.range.begin and (.loc | (.includedFrom // .expansionLoc.includedFrom) | not))
    | select(.kind == "FunctionDecl" or .kind == "EnumDecl" or .kind == "VarDecl")
    | (.name // "") as $in
    | .. | objects | select(.range? and .kind?) | of_node | {in: $in} + .]
| unique_by([.from, .to, .new])[]
| select(.new != $text[.from:.to])
| .from as $from | . + {line: ($text[0:$from] | split("\n") | length)}
