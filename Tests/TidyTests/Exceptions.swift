/// Every place where a rule is broken on purpose, with its reason. One that excuses nothing must go.
extension Exception {
    static let all: [Exception] = [
        Exception(
            rule: "one importer", path: "Benchmarks/Sources/PlainServer/PlainServer.swift",
            reason: "the peer of benchmarks is the wrapped library itself"),
        Exception(
            rule: "sleeping test", path: "Tests/SystemTests/Harness/Waiting.swift",
            reason: "another process gives no signal; the only sleep, between two looks with a deadline"),
        Exception(
            rule: "unowned task", path: "Sources/Platform/Caching/CacheCore.swift",
            reason: "a load that several callers share belongs to none of them; its part owns it until it ends"),
        Exception(
            rule: "unowned task", path: "Sources/Platform/Caching/SharedFill.swift",
            reason: "a lease is given back outside of the cancellation of its load; it is awaited at once"),
        Exception(
            rule: "product files", path: "Sources/Products/Tournament/Seasons/Timetable.swift",
            reason: "the season as memory knows it: a cache in front of three stores"),
        Exception(
            rule: "product files", path: "Sources/Products/Tournament/Support/",
            reason: "what serves every noun: loads that several requests share"),
        Exception(
            rule: "product files", path: "Sources/Products/Discovery/Support/",
            reason: "what serves every noun: refusals, seats, loads that several requests share"),
        Exception(
            rule: "product files", path: "Sources/Products/Inbox/Support/",
            reason: "what serves every noun: refusals, seats, loads that several requests share"),
        Exception(
            rule: "product files", path: "Sources/Products/Inbox/Drill/",
            reason: "a working day at full speed: every desk at once, and the ground on which they stand"),
        Exception(
            rule: "unowned task", path: "Sources/Platform/BlobsS3/S3Blobs+Receiving.swift",
            reason: "what a cancelled upload has begun is undone outside of the cancellation; it is awaited at once"),
        Exception(
            rule: "unowned task", path: "Sources/Platform/AIProviders/AIModels.swift",
            reason: "what a cancelled call has said is charged outside of the cancellation; it is awaited at once"),
        Exception(
            rule: "unowned task", path: "Sources/Platform/Storage/Combining/WriteCombiner.swift",
            reason:
                "a flush carries many callers' writes and belongs to none of them; the combiner waits for it in drain()"
        ),
    ]
}
