# Finds pairs that have more in common than the class: after tokens.awk; the files are the
# starter, then the hand-ins. A fingerprint is MANY tokens in a row. Those of the starter
# don't count; the more hand-ins share one, the less it weighs, and not at all where a
# fifth of the class has it. How much a pair shares is said of the smaller of the two.
#
# Prints "pair SHARE FINGERPRINTS FILE FILE" for each that stands out, and "print FILE
# FILE FINGERPRINT" for what it shares, tabs between.

FNR == 1 { finish(); begin(); file = FILENAME; files++ }
{ take($0) }

# Counts the fingerprints of a file that has been read.
function finish(    i, fingerprint) {
    for (i = 1; i + MANY - 1 <= tokens; i++) {
        fingerprint = print_of(i, MANY)
        if (files == 1) given[fingerprint] = 1
        else if (!(fingerprint in given) && !((fingerprint, file) in seen)) {
            seen[fingerprint, file] = 1
            whose[fingerprint] = whose[fingerprint] "\t" file
            many_have[fingerprint]++
        }
    }
}

function smaller(a, b) { return a < b ? a : b }

# The value below which three quarters of n numbers lie, of which all but some are 0.
function third_quarter(values, n, zeros,    i, j, v, sorted, m) {
    m = 0
    for (i in values) sorted[++m] = values[i]
    for (i = 2; i <= m; i++) {
        v = sorted[i]
        for (j = i - 1; j >= 1 && sorted[j] > v; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = v
    }
    i = int(n * 3 / 4) - zeros
    return i < 1 ? 0 : sorted[i]
}

END {
    finish()
    handed_in = files - 1
    most = handed_in / 5
    if (most < 2) most = 2
    for (f in many_have) {
        if (many_have[f] > most) continue
        weight = log((handed_in + 1) / many_have[f])
        n = split(substr(whose[f], 2), who, "\t")
        for (i = 1; i <= n; i++) own[who[i]] += weight
        for (i = 1; i < n; i++)
            for (j = i + 1; j <= n; j++) {
                shared[who[i] "\t" who[j]] += weight
                fingerprints[who[i] "\t" who[j]]++
            }
    }
    for (pair in shared) {
        split(pair, who, "\t")
        share[pair] = shared[pair] / smaller(own[who[1]], own[who[2]])
        pairs++
    }
    all = handed_in * (handed_in - 1) / 2
    limit = 2.5 * third_quarter(share, all, all - pairs) # more is out of the ordinary
    if (limit < LEAST) limit = LEAST
    for (pair in share)
        if (share[pair] >= limit && fingerprints[pair] >= FEWEST) {
            printf "pair\t%.3f\t%d\t%s\n", share[pair], fingerprints[pair], pair
            chosen[pair] = 1
        }
    for (f in many_have) {
        if (many_have[f] < 2 || many_have[f] > most) continue
        n = split(substr(whose[f], 2), who, "\t")
        for (i = 1; i < n; i++)
            for (j = i + 1; j <= n; j++)
                if ((who[i] "\t" who[j]) in chosen)
                    print "print\t" who[i] "\t" who[j] "\t" f
    }
}
