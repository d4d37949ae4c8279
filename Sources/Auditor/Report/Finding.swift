/// One thing that breaks, wastes or loses as the product grows, with what shows it and what to do.
public struct Finding: Sendable, Codable, Hashable {
    /// Where it is.
    public struct Location: Sendable, Codable, Hashable {
        /// The file, relative to the audited folder.
        public var file: String? = nil
        /// The line in it, from 1.
        public var line: Int? = nil
        /// The table or model.
        public var table: String? = nil
        /// The statement, with values replaced.
        public var statement: String? = nil
        /// The route or function.
        public var route: String? = nil

        /// The place as one short text.
        public var text: String {
            var parts: [String] = []
            if let file { parts.append(line.map { "\(file):\($0)" } ?? file) }
            if let table { parts.append("table \(table)") }
            if let route { parts.append(route) }
            if parts.isEmpty, let statement { parts.append(String(statement.prefix(80))) }
            return parts.joined(separator: ", ")
        }
    }

    /// A number that was read or measured.
    public struct Quantity: Sendable, Codable, Hashable {
        /// What was counted.
        public var name: String
        /// How much.
        public var value: Double
        /// In what.
        public var unit: String
    }

    /// What was seen, and how to see it again.
    public struct Observation: Sendable, Codable, Hashable {
        /// One sentence.
        public var summary: String
        /// The numbers behind it.
        public var numbers: [Quantity] = []
        /// The command that repeats it.
        public var command: String
        /// Over which time the numbers were collected; `nil` for text, which has no window.
        public var window: String? = nil
        /// The lines of source it was seen in, if it was.
        public var excerpt: String? = nil
    }

    /// What a fix was tried with before it was printed.
    public struct Trial: Sendable, Codable, Hashable {
        /// What was done: a hypothetical index, a parse of the proposed statement.
        public var method: String
        /// What came of it.
        public var result: String
        /// The planner's cost before, where plans were compared.
        public var costBefore: Double?
        /// The planner's cost after.
        public var costAfter: Double?
    }

    /// What to do, as a statement or a patch.
    public struct Fix: Sendable, Codable, Hashable {
        /// In words.
        public var summary: String
        /// SQL or source, where there is one.
        public var code: String? = nil
        /// How to take it back, where it changes a database.
        public var undo: String? = nil
        /// Whether the code shows the shape of a fix with other names, instead of being it.
        public var isShape: Bool? = nil
    }

    /// Why a finding is not counted.
    public struct Suppression: Sendable, Codable, Hashable {
        /// Who looked, and why it stays.
        public var reason: String
        /// The last day on which this holds, as yyyy-mm-dd; `nil` for ever.
        public var until: String?
    }

    /// Stable over runs: rule, object, fingerprint.
    public var id: String
    /// The rule that found it.
    public var rule: String
    /// How urgent it is.
    public var severity: Severity
    /// The part of the system.
    public var component: Component
    /// One line.
    public var title: String
    /// Where it is.
    public var location: Location
    /// What shows it.
    public var observation: Observation
    /// How it grows.
    public var projection: Projection
    /// What it costs, where quantity and price are both known.
    public var cost: CostLine?
    /// What to do.
    public var fix: Fix
    /// How the fix was tried; `nil` says that nothing here could try it.
    public var trial: Trial?
    /// Rough work to fix it.
    public var effort: String
    /// How sure it is.
    public var confidence: Confidence
    /// Findings of the register that this rule answers.
    public var covers: [String] = []
    /// Why it is not counted, if it is not.
    public var suppression: Suppression?
}

/// Something that no measurement can decide: an inventory to ask the owner for.
public struct Question: Sendable, Codable, Hashable {
    /// The rule that asks.
    public var rule: String
    /// What is asked.
    public var text: String
    /// What was looked at and did not answer it.
    public var seen: String
}

/// Something that was not examined, and why: never silence.
public struct NotJudged: Sendable, Codable, Hashable {
    /// The rule or pass.
    public var rule: String
    /// What is missing.
    public var reason: String
    /// How to give it.
    public var remedy: String
}

/// Good practice that was seen; a rule must never report it as missing.
public struct KeepNote: Sendable, Codable, Hashable {
    /// What was recognised.
    public var rule: String
    /// In words.
    public var text: String
    /// The first places.
    public var places: [String]
    /// How many places there are in all.
    public var count: Int
}
