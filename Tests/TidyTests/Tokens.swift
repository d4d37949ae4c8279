/// Words that are out, each with what to write instead.
extension Rule {
    private static let isAboveBase: @Sendable (String) -> Bool = { path in
        path.hasPrefix("Sources/") && !path.hasPrefix("Sources/Platform/Base/") && !path.hasPrefix("Sources/CLI/")
    }
    private static let isSource: @Sendable (String) -> Bool = { $0.hasPrefix("Sources/") }
    private static let isTest: @Sendable (String) -> Bool = { $0.hasPrefix("Tests/") }
    private static let isAny: @Sendable (String) -> Bool = { isSource($0) || isTest($0) }

    static let tokens: [Rule] = [
        .banned(
            "sleeping test", ["Task.sleep", "Thread.sleep", "usleep(", "nanosleep("],
            because: "a sleep is too short on a busy machine and too long on an idle one",
            instead: "wait for a signal, or move a SimClock", in: isTest),
        .banned(
            "time in a test", ["Date()", "Date.now"],
            because: "a test must not depend on when it runs", instead: "pass a SimClock", in: isTest),
        .banned(
            "printing", ["print(", "debugPrint("],
            because: "only the command line speaks to a terminal", instead: "log an event, or return the text",
            in: { isSource($0) && !$0.hasPrefix("Sources/CLI/") }),
        .banned(
            "ambient time", ["Date()", "Date.now"],
            because: "time is a parameter, so that a simulation can move it", instead: "take a WallClock",
            in: isAboveBase),
        .banned(
            "ambient chance", ["UUID()", ".random(", "SystemRandomNumberGenerator"],
            because: "chance is a parameter, so that a run can be repeated",
            instead: "take a Randomness; ids are ID<Entity>", in: isAboveBase),
        .banned(
            "unowned task", ["Task {", "Task(", "Task.detached", "Task.immediate"],
            because: "work nobody waits for outlives shutdown and loses its errors",
            instead: "a task group, or the run() of a Service", in: isSource),
        .banned(
            "silent try", ["try?"],
            because: "a swallowed error is a lost one", instead: "handle it, or say in a comment why it may be lost",
            in: isAny,
            unless: { file, line in
                file.hasComment("//", at: line) || file.line(line + 1, of: file.raw).hasPrefix("//")
            }),
        .banned(
            "described error", ["String(describing: error)"],
            because: "an error's text may hold a user's values", instead: "error.description of a CodedError",
            in: isSource),
        .banned(
            "unsafe sharing", ["@unchecked Sendable", "nonisolated(unsafe)"],
            because: "the compiler no longer proves that nobody races",
            instead: "a Mutex; or a comment `// SAFETY: …` that proves it", in: isAny,
            unless: { file, line in file.hasComment("SAFETY:", at: line) }),
        .eachFile(
            "unfinished", because: "what is not done is not in the tree",
            instead: "do it, or leave it out and say so where it is described"
        ) { file in
            // This folder names the marks that it looks for.
            guard !file.path.hasPrefix("Tests/TidyTests/") else { return [] }
            return ["TODO", "FIXME", "XXX"].flatMap { mark in
                file.offsets(of: mark, in: file.raw)
                    .map { Place(path: file.path, line: file.line(at: $0), found: mark) }
            }
        },
    ]
}
