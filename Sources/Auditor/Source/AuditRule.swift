import Foundation

/// One rule: what it looks for stands in its folder's `rule.yml`, everything else about it in `rule.json`.
struct AuditRule: Sendable, Codable, Hashable {
    /// How many findings one rule makes of its matches.
    enum Scope: String, Sendable, Codable {
        /// One a match.
        case site
        /// One a file.
        case file
        /// One for the whole tree.
        case tree
        /// A question when nothing answers it, never a finding.
        case question
        /// A note about good practice, never a finding.
        case keep
        /// What other rules stand on, never a finding.
        case fact
    }

    var rule: String
    /// The class of the register that it belongs to.
    var `class`: String
    var component: Component
    /// When only text was read; measurements move it.
    var severity: Severity
    var title: String
    var law: Projection.Law
    var driver: String
    var resource: String
    /// What would prove it.
    var evidence: String
    /// The least data that it needs.
    var needs: String
    /// What looks like it and is not.
    var traps: [String]
    var fix: String
    var fixCode: String?
    var effort: String
    var covers: [String]
    var confidence: Confidence
    var scope: Scope
    /// Which paths it is for, as a regular expression; all without one.
    var path: String?
    var question: String?
    var keep: String?
    /// Packages that answer the rule for the whole tree when the application stands on one of them.
    var packages: [String]?
}

/// All rules, as they stand in the module's resources.
struct RuleBook: Sendable {
    private enum Bounds {
        static let rules = 500
    }

    /// A text of ast-grep's with the name of its file.
    struct Page: Sendable, Hashable {
        var name: String
        var text: String
    }

    let rules: [String: AuditRule]
    let pages: [Page]
    let words: [Page]
    /// Where the rules were read, for tests that look at their examples.
    let folder: URL

    /// The rules that this module ships.
    static func shipped() throws(AuditError) -> RuleBook {
        let resources = Bundle.module.bundleURL
        return try RuleBook(
            rules: resources.appending(path: "Rules"), words: resources.appending(path: "Words"))
    }

    /// Reads rules and the words that they share.
    init(rules folder: URL, words wordsFolder: URL) throws(AuditError) {
        self.folder = folder
        var rules: [String: AuditRule] = [:]
        var pages: [Page] = []
        do {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            guard names.count <= Bounds.rules else {
                throw AuditError(.rules, "there are \(names.count) rules: \(Bounds.rules) are read")
            }
            for name in names {
                let own = folder.appending(path: name)
                let rule: AuditRule = try AuditFile.decode(
                    own.appending(path: "rule.json"), of: "the rule \(name)", bytesMax: 1 << 18, code: .rules)
                guard rule.rule == name else {
                    throw AuditError(.rules, "the folder \(name) holds the rule \(rule.rule)")
                }
                rules[name] = rule
                let yaml = own.appending(path: "rule.yml")
                if FileManager.default.fileExists(atPath: yaml.path) {
                    let text = PlainPatterns.rewrite(try String(contentsOf: yaml, encoding: .utf8))
                    pages.append(Page(name: name, text: text))
                }
            }
            words = try FileManager.default.contentsOfDirectory(atPath: wordsFolder.path).sorted().map { name in
                Page(
                    name: String(name.dropLast(".yml".count)),
                    text: PlainPatterns.rewrite(
                        try String(contentsOf: wordsFolder.appending(path: name), encoding: .utf8)))
            }
        } catch let error as AuditError {
            throw error
        } catch {
            throw AuditError(.rules, "the auditor's rules cannot be read at \(folder.path)", underlying: error)
        }
        self.rules = rules
        self.pages = pages
    }

    /// Writes a folder that ast-grep takes: each rule for TypeScript and for TSX, which also reads JavaScript.
    ///
    /// ast-grep wants ids that are unique over languages and documents, so each document's id is followed by `~` and its
    /// number, and by `~tsx`; words have `-tsx` at their end, also where they are referred to.
    func write(to folder: URL, only: Set<String>?) throws {
        let manager = FileManager.default
        for name in ["rules", "words"] {
            try manager.createDirectory(at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        for word in words {
            let tsx = Self.tsx(word.text).replacing(
                "id: \(word.name)\n", with: "id: \(word.name)-tsx\n", maxReplacements: 1)
            try word.text.write(
                to: folder.appending(path: "words/\(word.name).yml"), atomically: false, encoding: .utf8)
            try tsx.write(to: folder.appending(path: "words/\(word.name)-tsx.yml"), atomically: false, encoding: .utf8)
        }
        for page in pages where only?.contains(page.name) ?? true {
            var documents: [String] = []
            for (index, document) in page.text.components(separatedBy: "\n---\n").enumerated() {
                let lines = document.split(separator: "\n", omittingEmptySubsequences: true)
                guard let id = lines.first?.split(separator: " ").last else { continue }
                let body = lines.dropFirst().joined(separator: "\n")
                documents.append("id: \(id)~\(index)\n\(body)")
                documents.append("id: \(id)~\(index)~tsx\n\(Self.tsx(body))")
            }
            let text = documents.joined(separator: "\n---\n") + "\n"
            try text.write(to: folder.appending(path: "rules/\(page.name).yml"), atomically: false, encoding: .utf8)
        }
        let config = """
            ruleDirs: [rules]
            utilDirs: [words]
            languageGlobs:
              tsx: ['*.js', '*.jsx', '*.mjs', '*.cjs']

            """
        try config.write(to: folder.appending(path: "sgconfig.yml"), atomically: false, encoding: .utf8)
    }

    private static func tsx(_ text: String) -> String {
        text.replacing("language: TypeScript", with: "language: Tsx").split(
            separator: "\n", omittingEmptySubsequences: false
        ).map { line in
            line.drop { $0 == " " || $0 == "-" }.hasPrefix("matches: ") ? "\(line)-tsx" : String(line)
        }.joined(separator: "\n")
    }
}
