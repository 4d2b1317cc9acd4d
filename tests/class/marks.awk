# Marks the lines of a file that hold what it shares: after tokens.awk; the files are the
# fingerprints, a line each, then the source. Prints the source, "+" or a blank before
# each line.

NR == FNR { wanted[$0] = 1; next }
{ text[FNR] = $0; take($0) }

END {
    for (i = 1; i + MANY - 1 <= tokens; i++)
        if (print_of(i, MANY) in wanted)
            for (j = line[i]; j <= line[i + MANY - 1]; j++) marked[j] = 1
    for (j = 1; j <= FNR; j++) print (j in marked ? "+" : " ") text[j]
}
