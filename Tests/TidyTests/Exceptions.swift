/// Every place where a rule is broken on purpose, with its reason. One that excuses nothing must go.
extension Exception {
    static let all: [Exception] = [
        Exception(
            rule: "sleeping test", path: "Tests/SystemTests/Harness/Waiting.swift",
            reason: "another process gives no signal; the only sleep, between two looks with a deadline")
    ]
}
