# Records as Classroom 50's result.json (classroom50/result/v1). Who and what it is about
# comes from the environment in which its runner starts an autograder; SUBMITTED is the
# time of the commit.

[inputs] as $records
| [$records[] | select(.check and .verdict != "left out")
    | {"test-name": "\(.number) \(.check)", passed: (.verdict == "passed"),
        score: .points, "max-score": .possible, exercise, reason, cause}] as $tests
| {schema: "classroom50/result/v1",
    classroom: env.CLASSROOM, assignment: env.ASSIGNMENT,
    assignment_type: (env.ASSIGNMENT_TYPE // "individual"),
    owner: (env.OWNER // env.USERNAME),
    submission: env.SUBMISSION_TAG, commit: env.COMMIT_URL, release: env.RELEASE_URL,
    review: (env.REVIEW_URL // env.COMMIT_URL),
    datetime: (env.SUBMITTED // (now | todate)), graded_at: (now | floor | todate),
    score: ($tests | map(.score) | add // 0),
    "max-score": ($tests | map(."max-score") | add // 0), tests: $tests}
