import Testing

/// Where a rule was broken, and by what.
struct Place: Hashable, Sendable {
    var path: String
    var line: Int
    /// What stands there: the import, the name, the length.
    var found: String
}

/// One rule of STYLE.md that a machine can check.
struct Rule: Sendable, CustomTestStringConvertible {
    var name: String
    /// Why the rule exists, in a few words.
    var reason: String
    /// What to write instead.
    var instead: String
    var check: @Sendable (Tree) -> [Place]

    var testDescription: String { name }

    func message(_ place: Place) -> String {
        "\(place.path):\(place.line): \(name): \(place.found) — \(reason) — \(instead)"
    }

    /// A rule that looks at one file at a time.
    static func eachFile(
        _ name: String, because reason: String, instead: String,
        check: @escaping @Sendable (SourceFile) -> [Place]
    ) -> Rule {
        Rule(name: name, reason: reason, instead: instead) { tree in tree.files.flatMap(check) }
    }

    /// A rule that bans words in the code of the files that `scope` holds, unless the line is excused.
    static func banned(
        _ name: String, _ tokens: [String], because reason: String, instead: String,
        in scope: @escaping @Sendable (_ path: String) -> Bool,
        unless isExcused: @escaping @Sendable (_ file: SourceFile, _ line: Int) -> Bool = { _, _ in false }
    ) -> Rule {
        .eachFile(name, because: reason, instead: instead) { file in
            guard scope(file.path) else { return [] }
            return tokens.flatMap { token in
                file.offsets(of: token, in: file.code).map { file.line(at: $0) }
                    .filter { !isExcused(file, $0) }
                    .map { Place(path: file.path, line: $0, found: token) }
            }
        }
    }

    static let all: [Rule] =
        Rule.architecture + Rule.lengths + Rule.tokens + Rule.documentation + Rule.evidence + Rule.names
}

/// A place where a rule is broken on purpose.
///
/// The list is in `Exceptions.swift`.
struct Exception: Sendable {
    var rule: String
    /// A file, or a folder with a slash at its end.
    var path: String
    var reason: String

    func excuses(_ place: Place, of rule: Rule) -> Bool {
        self.rule == rule.name && (path.hasSuffix("/") ? place.path.hasPrefix(path) : place.path == path)
    }
}
