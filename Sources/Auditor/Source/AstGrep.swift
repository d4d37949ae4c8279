import Base
import Foundation
import Programs

/// The program that finds shapes of code: ast-grep, from PyPI's `ast-grep-cli`.
struct AstGrep: Sendable {
    private enum Bounds {
        static let deadline = Duration.seconds(600)
        static let processorSeconds = 1_200
        static let outputBytes = 2 << 30
        static let memoryBytes = 8 << 30
    }

    /// What is never read: code of others, code that was made, tests.
    static let ignored = [
        "**/node_modules/**", "**/.git/**", "**/.next/**", "**/dist/**", "**/build/**", "**/out/**", "**/coverage/**",
        "**/vendor/**", "**/*.d.ts", "**/*.min.js", "**/*.test.*", "**/*.spec.*", "**/__tests__/**", "**/__mocks__/**",
        "**/*.stories.*", "**/e2e/**", "**/playwright/**", "**/cypress/**", "**/generated/**",
    ]

    let program: BoundedProgram

    /// Takes the program at a path, or the one of that name in the folders of `PATH`.
    init(path: String?, clock: any WallClock) {
        program = BoundedProgram(name: path ?? "ast-grep", clock: clock)
    }

    /// Searches a folder once, with all rules at a time.
    ///
    /// - Parameters:
    ///   - tree: The folder that is searched.
    ///   - book: The rules.
    ///   - only: Names of rules; all without them.
    ///   - isWhole: Whether paths of tests are searched too, as they are where rules' own examples lie.
    ///   - folder: Where the program works, and what it says is written.
    ///   - body: Is told each match, its file relative to `tree`.
    /// - Throws: `auditor.missingProgram`, `auditor.program`.
    func scan(
        _ tree: URL, with book: RuleBook, only: Set<String>? = nil, isWhole: Bool = false, in folder: URL,
        _ body: (Match) -> Void
    ) async throws {
        guard program.isThere else { throw Self.missing }
        try book.write(to: folder, only: only)
        var arguments = [
            "scan", "--config", folder.appending(path: "sgconfig.yml").path, "--json=stream", "--no-ignore", "hidden",
        ]
        if !isWhole { arguments += Self.ignored.flatMap { ["--globs", "!\($0)"] } }
        // Symbolic links are resolved, so that the paths that come back begin with this one.
        let root = tree.resolvingSymlinksInPath().path
        arguments.append(root)
        let bounds = BoundedProgram.Bounds(
            deadline: Bounds.deadline, processorSeconds: Bounds.processorSeconds, outputBytes: Bounds.outputBytes,
            memoryBytes: Bounds.memoryBytes)
        do {
            try await program.run(arguments, in: folder, within: bounds, output: "matches.jsonl")
        } catch let failure as BoundedProgram.Failure {
            throw Self.error(failure)
        }
        try MatchReader.read(folder.appending(path: "matches.jsonl")) { match in
            var match = match
            if match.file.hasPrefix(root + "/") { match.file = String(match.file.dropFirst(root.count + 1)) }
            body(match)
        }
    }

    private static let missing = AuditError(
        .missingProgram,
        "source is searched with ast-grep, which is not here: install it (`pip install ast-grep-cli`), "
            + "and name it in CAPSTAN_AST_GREP when it is not on the PATH")

    private static func error(_ failure: BoundedProgram.Failure) -> AuditError {
        switch failure {
        case .missing: missing
        case .tooSlow: AuditError(.program, "ast-grep ran longer than \(Bounds.deadline.components.seconds) seconds")
        case .failed(let status, let said):
            AuditError(.program, "ast-grep ended with \(status)", context: ["said": said])
        }
    }
}
