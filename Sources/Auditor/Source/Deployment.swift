import Foundation

/// What the files around the code say: packages that it stands on, and limits that its host is told.
struct Deployment {
    private struct Manifest: Decodable {
        var dependencies: [String: String]?
        var devDependencies: [String: String]?
    }

    private struct Vercel: Decodable {
        struct Function: Decodable { var maxDuration: Double? }

        var functions: [String: Function]?
    }

    private enum Bounds {
        /// The wall-clock limit of the plans that most products are on.
        static let platformSeconds = 300.0
    }

    /// Each package, with the first manifest that names it.
    private(set) var packages: [String: String] = [:]
    /// Functions that may run up to the platform's limit, each with its file and seconds.
    private(set) var longFunctions: [(pattern: String, seconds: Double, file: String)] = []

    init(_ tree: SourceTree) {
        for file in tree.files(.manifest) {
            guard let manifest: Manifest = Self.read(file, of: tree) else { continue }
            for name in (manifest.dependencies ?? [:]).keys { packages[name, default: file.path] = file.path }
            for name in (manifest.devDependencies ?? [:]).keys where packages[name] == nil {
                packages[name] = file.path
            }
        }
        for file in tree.files(.deployment) where file.path.hasSuffix("vercel.json") {
            guard let vercel: Vercel = Self.read(file, of: tree) else { continue }
            for (pattern, function) in (vercel.functions ?? [:]).sorted(by: { $0.key < $1.key }) {
                guard let seconds = function.maxDuration, seconds >= Bounds.platformSeconds else { continue }
                longFunctions.append((pattern, seconds, file.path))
            }
        }
    }

    private static func read<Value: Decodable>(_ file: SourceTree.File, of tree: SourceTree) -> Value? {
        guard let text = tree.text(file) else { return nil }
        // A file that is not what its name says says nothing.
        return try? JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    /// Where a package stands that answers what the rule asks.
    func answer(to rule: AuditRule) -> (package: String, file: String)? {
        for name in rule.packages ?? [] {
            if let file = packages[name] { return (name, file) }
        }
        return nil
    }

    /// Functions of `vercel.json` that may run as long as their host lets anything run.
    func findings(_ rule: AuditRule) -> [Finding] {
        longFunctions.map { function in
            Finding(
                id: "\(rule.rule):\(function.file)#\(function.pattern)@\(Fingerprint.of(function.pattern))",
                rule: rule.rule,
                severity: rule.severity, component: rule.component, title: rule.title,
                location: Finding.Location(
                    file: function.file, line: nil, table: nil, statement: nil, route: function.pattern),
                observation: Finding.Observation(
                    summary: "\(function.pattern) may run for \(Figures.text(function.seconds)) s",
                    numbers: [Finding.Quantity(name: "limit", value: function.seconds, unit: "s")],
                    command: "capstan audit . --only \(rule.rule)", window: nil, excerpt: nil),
                projection: .unmeasured(rule.law, with: rule.driver, exhausting: rule.resource), cost: nil,
                fix: Finding.Fix(summary: rule.fix, code: nil, undo: nil), trial: nil, effort: rule.effort,
                confidence: .shown, covers: rule.covers, suppression: nil)
        }
    }
}
